/* policy/wal.h: segments that a kept base backup or the window needs stay */
#include <stdlib.h>

#include "policy/wal.h"
#include "tap.h"

#define NOW 1795248000		/* 2026-11-21T08:00:00Z */
#define DAY 86400

static struct bk_err e;
static struct bk_listing wal, bases;
static const struct bk_guards guards = { .now = NOW, .max_share = 100 };

static void
add(struct bk_listing *items, long age, const char *name)
{
	struct bk_listed *more = realloc(items->item,
	    (items->n + 1) * sizeof(*more));

	items->item = more;
	more[items->n++] = (struct bk_listed){ .r = { .time = NOW - age,
	    .name = strdup(name) } };
}

static void
clear(void)
{
	bk_listing_free(&wal);
	bk_listing_free(&bases);
	e = (struct bk_err){0};
}

/* The last digits of the names that expire, or the refusal. */
static const char *
judged(uint64_t window)
{
	static char out[200];
	size_t i, n = 0;

	e = (struct bk_err){0};
	if (bk_wal_judge(&wal, &bases, window, &guards, &e) == -1)
		return e.msg;
	for (i = 0; i < wal.n; i++)
		if (wal.item[i].expired) {
			const char *base = strrchr(wal.item[i].r.name, '/') + 1;

			out[n++] = base[23];
		}
	out[n] = '\0';
	return out;
}

/* Segments 1 to 9 of timeline 1; the n-th is 10 - n days old. */
static void
nine(void)
{
	char name[64];
	int i;

	clear();
	for (i = 1; i <= 9; i++) {
		(void)snprintf(name, sizeof(name),
		    "s3://b/wal/00000001/0000000100000000%08X.bk", i);
		add(&wal, (10 - i) * DAY, name);
	}
}

static void
test_oldest(void)
{
	nine();
	add(&bases, DAY, "b/full-000000010000000000000007.bk");
	add(&bases, 2 * DAY, "b/full-000000010000000000000004.bk");
	is_str(judged(0), "123", "what no base backup needs goes");
	is_str(wal.item[3].reason, "needed by a base backup", "the rest not");
	bases.item[1].expired = 1;
	is_str(judged(0), "123456", "one that goes needs nothing");
	bases.item[0].expired = 1;
	bases.item[0].r.time = bases.item[1].r.time = NOW;
	is_str(judged(0), "no base backup is kept", "unless all go");
	bases.item[0].expired = bases.item[1].expired = 0;
	add(&wal, 9 * DAY, "s3://b/wal/00000002.history");
	add(&wal, 9 * DAY, "s3://b/wal/00000002/000000020000000000000002.bk");
	add(&wal, 9 * DAY, "s3://b/wal/00000002/000000020000000000000005.bk");
	add(&wal, 9 * DAY, "s3://b/wal/notes.txt");
	is_str(judged(0), "1232", "timelines by position; others never");
	wal.item[0].held = 1;
	is_str(judged(0), "232", "not one that is held");
}

static void
test_window(void)
{
	nine();
	add(&bases, DAY / 2, "b/full-000000010000000000000009.bk");
	is_str(judged(5 * DAY), "1234", "not what is in the window");
	is_str(judged(100 * DAY), "", "be it longer than all");
	/* segment 9 is a day old: the window begins 6 days ago */
	add(&bases, 7 * DAY, "b/full-000000010000000000000003.bk");
	add(&bases, 8 * DAY, "b/full-000000010000000000000002.bk");
	bases.item[1].expired = bases.item[2].expired = 1;
	is_str(judged(5 * DAY), "12",
	    "nor what recovery to its beginning starts from");
	bases.item[0].r.time = NOW - 2 * DAY;
	is_str(judged(3600), "12345678", "a short one begins with the newest");
}

/* The time in a name is that at which the base backup began. */
static void
test_completed(void)
{
	nine();
	add(&bases, DAY / 2, "b/full-000000010000000000000009.bk");
	add(&bases, 6 * DAY + DAY / 2,
	    "b/full-20261114T200000Z-000000010000000000000003.bk");
	add(&bases, 8 * DAY, "b/full-000000010000000000000002.bk");
	bases.item[1].expired = bases.item[2].expired = 1;
	is_str(judged(5 * DAY), "1",
	    "one that may not have been complete is not enough");
	bases.item[1].r.stored = NOW - 6 * DAY;
	is_str(judged(5 * DAY), "12", "one that was is");
	bases.item[1].r.stored = NOW - 6 * DAY + 1;
	is_str(judged(5 * DAY), "1", "a second too late is too late");
	bases.item[1].r.stored = 0;
	bases.item[1].r.time = NOW - 6 * DAY;
	is_str(judged(5 * DAY), "12", "so is one by --stored");
}

static void
test_by_time(void)
{
	nine();
	add(&wal, 5 * DAY,
	    "s3://b/wal/000000010000000000000004.00000028.backup");
	add(&wal, 2 * DAY,
	    "s3://b/wal/000000010000000000000007.00000028.backup");
	add(&bases, 2 * DAY - 60, "b/full-20261119.bk");
	is_str(judged(0), "123",
	    "by a .backup file that cannot be of one that overlapped");
	add(&bases, 5 * DAY - 60, "b/full-20261116.bk");
	is_str(judged(0), "b/full-20261116.bk: cannot tell where its WAL "
	    "begins: no segment and no {chain} in its name, no .backup file "
	    "before it in the archive, and no time in its name since which WAL "
	    "was stored", "nothing goes when a start is unknown");
	bases.item[1].expired = 1;
	bases.item[0].r.time = NOW - 3 * DAY;
	add(&wal, 5 * DAY,
	    "s3://b/wal/000000010000000000000003.00000028.backup");
	is_str(judged(0), "12", "of two at once, the earlier start");
}

/* Of bk-base and bk-walrecv: times, and no .backup files. */
static void
test_by_stamp(void)
{
	nine();		/* the n-th was stored at 08:00 on the 11th + n */
	add(&bases, 3 * DAY, "b/pg1-20261118T080000Z.tar");
	add(&bases, 2 * DAY, "b/pg1-20261118T080000Z.receipt.json");
	add(&bases, 3 * DAY, "b/pg1-20261118T080000Z.manifest");
	add(&bases, DAY, "b/wal/000000010000000000000001");
	is_str(judged(0), "12345", "two days before its stamp");
	add(&bases, DAY, "b/pg1-20261120T080001Z.tar");
	is_str(judged(0), "12345", "and of the oldest that is kept");
	bases.item[0].expired = 1;
	is_str(judged(0), "1234567", "as soon as that goes");
	is_str(judged(5 * DAY), "1234", "but for the window");
	/* not complete, so no help to the window */
	bases.item[0].r.time = NOW;
	bases.item[4].r.time = NOW;
	is_str(judged(0), "1234567", "not when it was stored");
	bases.item[4].r.time = NOW - 4 * DAY;
	is_str(judged(0), "1234", "unless that was before");
	bases.item[4].r.time = NOW;
	wal.item[2].r.time = NOW;
	is_str(judged(0), "12", "what was stored again keeps all behind it");
	wal.item[2].r.time = NOW - 7 * DAY;
	wal.item[0].r.stored = NOW;
	is_str(judged(0), "", "the store's own time counts");
	wal.item[0].r.stored = 0;
	add(&wal, 7 * DAY,
	    "s3://b/wal/000000010000000000000007.00000028.backup");
	bases.item[4].r.name[20] = '3';	/* 08:00:03 */
	is_str(judged(0), "12345677",
	    "an old .backup file does not hold it up");
	add(&bases, DAY, "b/pg1.tar");
	wal.item[9].r.time = NOW;
	ok(strstr(judged(0), "b/pg1.tar: cannot tell") != NULL,
	    "no time in the name: unknown");
	nine();
	add(&bases, 0, "b/pg1-20261121T080000Z.tar");
	is_str(judged(0), "12345678", "an archive that goes on");
	wal.item[8].r.time -= DAY;
	ok(strstr(judged(0), "since which WAL was stored") != NULL,
	    "an archive that has ended: unknown");
}

/* The position in a name, whatever the archive's times say. */
static void
test_by_chain(void)
{
	nine();
	wal.item[0].r.time = NOW;
	add(&wal, 3 * DAY, "s3://b/wal/000000010000000200000001.bk");
	add(&bases, DAY, "b/full.2-1000028.tar");
	bases.item[0].chain = (struct bk_lineage){ 0x201000028, 0 };
	is_str(judged(0), "123456789", "the WAL of a log file before");
	bases.item[0].chain.start = 0x9000028;
	is_str(judged(0), "", "segments may be of 1 GB");
}

static void
test_partial(void)
{
	struct bk_guards slow = guards;

	nine();
	add(&bases, DAY, "b/full-000000010000000000000002.bk");
	add(&wal, 4 * DAY, "s3://b/wal/000000010000000000000005.partial");
	add(&wal, DAY, "s3://b/wal/00000001000000000000000A.partial.bk");
	add(&wal, 4 * DAY, "s3://b/wal/000000020000000000000006.partial");
	is_str(judged(10 * DAY), "5", "a part whose whole is there");
	is_str(wal.item[11].reason, "needed by a base backup",
	    "not one of another timeline");
	wal.item[9].held = 1;
	is_str(judged(10 * DAY), "", "not one that is held");
	wal.item[9].held = 0;
	slow.min_stored = 5 * DAY + 1;
	e = (struct bk_err){0};
	ok(bk_wal_judge(&wal, &bases, 0, &slow, &e) == 0 &&
	    !wal.item[9].expired && wal.item[0].expired,
	    "nor while the whole is new");
}

static void
test_archives(void)
{
	nine();
	add(&bases, DAY, "b/full-000000010000000000000007.bk");
	add(&wal, DAY, "s3://b/wal2/000000010000000000000001");
	ok(strstr(judged(0), "not in the same archive") != NULL,
	    "two archives are refused");
	ok(!wal.item[9].expired && !wal.item[0].expired, "and nothing goes");
	clear();
	add(&wal, DAY, "s3://b/wal/README");
	add(&bases, DAY, "b/full-000000010000000000000007.bk");
	is_str(judged(0), "s3://b/wal/README: no name in the listing is a WAL "
	    "file's, this one included", "no WAL at all");
	nine();
	add(&bases, DAY, "b/full-000000010000000000000007.bk");
	wal.item[8].r.time = NOW + 60;
	ok(strstr(judged(0), "in the future") != NULL,
	    "WAL of the future is refused");
}

int
main(void)
{
	test_oldest();
	test_window();
	test_completed();
	test_by_time();
	test_by_stamp();
	test_by_chain();
	test_partial();
	test_archives();
	clear();
	return tap_done();
}
