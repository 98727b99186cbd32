/* policy/prune.h, listing.h, holds.h: guards, what is never deleted, and why */
#include <stdlib.h>

#include "policy/holds.h"
#include "policy/prune.h"
#include "tap.h"

#define NOW 1795248000		/* 2026-11-21T08:00:00Z */
#define DAY 86400

static struct bk_err e;
static struct bk_listing items;
static struct bk_policy policy;
static struct bk_guards guards;

/* What guards said of series since the last judged(). */
static char refusals[400];

static void
refuse(const char *text)
{
	strncat(refusals, text, sizeof(refusals) - strlen(refusals) - 1);
}

/* Defaults, with guards that never refuse. */
static void
fresh_start(void)
{
	bk_listing_free(&items);
	e = (struct bk_err){0};
	policy = (struct bk_policy){ .wall = gmtime_r };
	guards = (struct bk_guards){ .now = NOW, .max_share = 100,
	    .refuse = refuse };
}

static int
read_text(const char *text)
{
	FILE *f = *text == '\0' ? fopen("/dev/null", "r") :
	    fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int rc = bk_listing_read(&items, f, "listing", &e);

	(void)fclose(f);
	return rc;
}

/* n daily backups of series x named a to z, the newest age seconds old. */
static void
days(size_t n, long age)
{
	static char text[8192];
	size_t len = 0, i;
	struct tm tm;
	time_t t;

	for (i = 0; i < n; i++) {
		t = NOW - age - (time_t)i * DAY;
		len += strftime(text + len, 64, "%Y-%m-%dT%H:%M:%SZ\t1\t",
		    gmtime_r(&t, &tm));
		len += (size_t)snprintf(text + len, 32, "%c\n",
		    (int)('a' + i));
	}
	is_int(read_text(text), 0, "the listing");
	is_int(bk_listing_group(&items, NULL, &e), 0, "its series");
}

/* The names of those that expire, or the refusal. */
static const char *
judged(void)
{
	static char out[200];
	size_t i, n = 0;

	refusals[0] = '\0';
	for (i = 0; i < items.n; i++)
		items.item[i].refused = 0;
	if (bk_prune_judge(&items, &policy, &guards, &e) == -1)
		return e.msg;
	for (i = 0; i < items.n; i++)
		if (items.item[i].expired)
			out[n++] = items.item[i].r.name[0];
	out[n] = '\0';
	return out;
}

static void
test_never(void)
{
	fresh_start();
	policy.count[BK_KEEP_DAILY] = 2;
	days(6, 3600);
	is_str(judged(), "cdef", "what no rule keeps goes");
	guards.min_keep = 4;
	is_str(judged(), "ef", "not the last --min-keep");
	guards.min_keep = 100;
	is_str(judged(), "", "be they more than there are");
	guards.min_keep = 0;
	items.item[3].held = 1;
	is_str(judged(), "cef", "not one that is held");
	items.item[4].proof = 1;
	items.item[5].proof = 1;
	is_str(judged(), "cf", "not the last proven one");
	items.item[3].proof = -1;
	items.item[3].held = 0;
	is_str(judged(), "cdf", "one found bad is not proven");
	items.item[0].proof = 1;
	is_str(judged(), "cdef", "the last proven one may be a younger one");
}

static void
test_refusals(void)
{
	fresh_start();
	days(5, 3600);
	is_str(judged(), "no retention rule above 0: nothing would be kept; "
	    "give at least one of -l -H -d -w -m -y", "an empty policy");
	is_int(e.code, BK_DATA, "is refused");
	ok(!items.item[0].expired && items.item[1].expired,
	    "the newest would stay");

	fresh_start();
	policy.count[BK_KEEP_DAILY] = 1;
	days(5, -11);
	guards.max_ahead = 10;
	is_str(judged(), "a: dated 11s in the future, or this host's clock is "
	    "slow; nothing is deleted", "a record of the future");
	e = (struct bk_err){0};
	guards.max_ahead = 11;
	is_str(judged(), "bcde", "a clock that is a little ahead");

	fresh_start();
	policy.count[BK_KEEP_DAILY] = 1;
	guards.max_share = 50;
	days(5, 0);
	is_str(judged(), "", "a large share");
	is_str(refusals, "*: 4 of 5 would be deleted at once, more than 50%; "
	    "check with --explain, then use --first-run or "
	    "--max-share", "is refused");
	ok(items.item[4].refused && !items.item[0].refused,
	    "what would go can be explained");
	guards.max_share = 80;
	is_str(judged(), "bcde", "just the share that may go");
	guards.max_share = 79;
	is_str(judged(), "", "one less");
}

/* The default maximum age of the newest backup, in days. */
static int
fresh_days(void)
{
	static const int limits[] = { 2, 14, 62, 730 };
	size_t i;

	guards.fresh = BK_PRUNE_AUTO;
	for (i = 0; i < 4; i++) {
		items.item[0].r.time = NOW - limits[i] * DAY;
		(void)judged();
		if (*refusals != '\0')
			return -1;
		items.item[0].r.time--;
		(void)judged();
		if (*refusals != '\0')
			return limits[i];
	}
	return 0;
}

static void
test_fresh(void)
{
	static const struct {
		const char *name, *pattern;
		int days;
	} names[] = {
		{ "s/uvis_weekly_20261121.bk", NULL, 14 },
		{ "s/uvis-monthly-2026-11-21.bk", NULL, 62 },
		{ "yearly.20261121", NULL, 730 },
		{ "s/weekly-20261121T070000Z.bk", "s/{tier}-{utc}.bk", 14 },
		{ "s/x+weekly+20261121T070000Z.bk", "s/{db}+{tier}+{utc}.bk",
		    14 },
		/* a part of another word, or of the database's name */
		{ "s/biweekly_20261121.bk", NULL, 2 },
		{ "s/weekly_sales_20261121.bk", NULL, 2 },
		{ "s/x_weekly2_20261121.bk", NULL, 2 },
	};
	char text[100];
	size_t i;

	fresh_start();
	policy.count[BK_KEEP_DAILY] = 7;
	guards.fresh = 3600;
	days(1, 3601);
	is_str(judged(), "", "an old one");
	is_str(refusals, "a: the newest backup is 1h old, more than 1h; is the "
	    "backup job still running? see --require-fresh", "is refused");
	guards.fresh = 0;
	is_str(judged(), "", "any age with 0");

	is_int(fresh_days(), 2, "2 days with a daily rule");
	policy.count[BK_KEEP_YEARLY] = policy.count[BK_KEEP_WEEKLY] = 1;
	is_int(fresh_days(), 2, "and others");
	policy.count[BK_KEEP_DAILY] = 0;
	is_int(fresh_days(), 14, "14 with weekly as the finest");
	policy.count[BK_KEEP_WEEKLY] = 0;
	is_int(fresh_days(), 730, "2 years with a yearly one");
	policy.count[BK_KEEP_MONTHLY] = 1;
	is_int(fresh_days(), 62, "62 with a monthly one");
	policy.count[BK_KEEP_HOURLY] = 1;
	is_int(fresh_days(), 2, "2 with hourly ones");

	fresh_start();
	policy.count[BK_KEEP_DAILY] = 7;
	(void)read_text("2026-11-21T07:00:00Z\t1\ts/weekly/x-20261121.bk\n");
	(void)bk_listing_group(&items, NULL, &e);
	is_int(fresh_days(), 14, "14 in a directory called weekly");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fresh_start();
		policy.count[BK_KEEP_DAILY] = 7;
		(void)snprintf(text, sizeof(text), "2026-11-21T07:00:00Z\t1\t"
		    "%s\n", names[i].name);
		(void)read_text(text);
		(void)bk_listing_group(&items, names[i].pattern, &e);
		is_int(fresh_days(), names[i].days, names[i].name);
	}
}

static void
test_series(void)
{
	static const char text[] =
	    "2026-11-21T07:00:00Z\t1\ta-20261121.bk\n"
	    "2026-11-20T07:00:00Z\t1\tA-20261120.bk\n"
	    "2026-11-20T07:00:00Z\t1\ta-20261120.bk\n"
	    "2026-11-19T07:00:00Z\t1\tr.md\n"
	    "2026-11-19T07:00:00Z\t1\tA-20261119.bk\n";

	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	is_int(read_text(text), 0, "two series");
	(void)bk_listing_group(&items, NULL, &e);
	is_str(judged(), "aA", "each on its own, and what is of none stays");
	is_str(items.item[3].reason, "of no series", "for a reason");
	guards.fresh = 36 * 3600;
	items.item[1].r.time -= DAY;
	is_str(judged(), "a", "a stale one is kept entire, and no other");
	is_str(refusals, "A-20261120.bk: the newest backup is 2d1h old, more "
	    "than 1d12h; is the backup job still running? see "
	    "--require-fresh", "for a reason");
	ok(items.item[4].refused && !items.item[4].expired, "that is known");
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	(void)read_text("2026-11-19T07:00:00Z\t1\tr.md\n");
	(void)bk_listing_group(&items, NULL, &e);
	is_str(judged(), "r.md: cannot tell its series from its name, nor from "
	    "any other; give a pattern with --group", "none at all");
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	(void)read_text("2026-11-19T07:00:00Z\t1\tx\n"
	    "2026-11-19T07:00:00.1Z\t1\ty\n2026-11-19T07:00:00Z\t1\tz\n");
	(void)bk_listing_group(&items, NULL, &e);
	is_str(judged(), "xz", "the newer in a second");
}

static void
test_stored(void)
{
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	days(4, 3600);
	guards.min_stored = DAY;
	is_str(judged(), "bcd", "what was stored a day ago");
	guards.min_stored = DAY + 3601;
	is_str(judged(), "cd", "not what was stored since");
	items.item[2].r.stored = NOW - DAY;
	is_str(judged(), "d", "a copy is as young as itself");
	items.item[2].r.stored = NOW - guards.min_stored;
	is_str(judged(), "cd", "for that long");
	items.item[2].r.stored = NOW + 1;
	is_str(judged(), "d", "also if the store's clock is ahead");
	guards.min_stored = 0;
	is_str(judged(), "bcd", "unless for no time");
}

/*
 * 10 daily backups stored in time, named a to j, the newest age seconds old;
 * if late, k to z, an hour younger each, or days older, stored lately.
 */
static void
with_late(int late, long age)
{
	static char text[8192];
	size_t len = 0, i;
	struct tm tm;
	time_t t;

	for (i = 0; i < (late ? 26 : 10); i++) {
		t = NOW - age - (time_t)i * DAY;
		if (i >= 10)
			t = NOW - DAY - 3700 - (time_t)(i - 10) * (DAY - 60);
		len += strftime(text + len, 64, "%Y-%m-%dT%H:%M:%SZ\t1\t",
		    gmtime_r(&t, &tm));
		len += (size_t)snprintf(text + len, 64, "%c%s\n",
		    (int)('a' + i), i < 10 ? "" :
		    "\tstored=2026-11-21T07:55:00Z");
	}
	bk_listing_free(&items);
	is_int(read_text(text), 0, "the listing");
	is_int(bk_listing_group(&items, NULL, &e), 0, "its series");
	for (i = 0; i < items.n; i++)
		items.item[i].proof = i == 8 || i >= 10;
}

/* Those stored in time that expire, without and with late ones. */
static void
same_with_late(const char *gone, const char *why)
{
	const char *now;
	char before[27];
	int late;

	for (late = 0; late < 2; late++) {
		with_late(late, 3600);
		now = judged();
		(void)snprintf(before, sizeof(before), "%.*s",
		    (int)strspn(now, "abcdefghij"), now);
		is_str(before, gone, why);
	}
}

/* Late records are worth no timely one: rules, guards, what is protected. */
static void
test_late(void)
{
	fresh_start();
	policy.count[BK_KEEP_DAILY] = 7;
	same_with_late("hj", "the last proven one stays");
	fresh_start();
	policy.count[BK_KEEP_LAST] = 6;
	same_with_late("ghj", "rules count those stored in time");
	guards.min_keep = 7;
	same_with_late("hj", "and so does --min-keep");
	fresh_start();
	policy.within = 4 * DAY;
	same_with_late("efghj", "and --keep-within");
	policy.within = 3 * DAY;
	guards.max_share = 50;
	same_with_late("", "and the share");
	ok(strstr(refusals, ": 6 of 10 would be deleted at once") != NULL, "%s",
	    refusals);
	/* a job that has stopped, and a late one that looks fresh */
	fresh_start();
	policy.count[BK_KEEP_DAILY] = 2;
	guards.fresh = 2 * DAY;
	with_late(1, 3 * DAY);
	is_str(judged(), "", "it keeps no stopped job going");
	ok(strstr(refusals, "a: the newest backup is 3d old") != NULL, "%s",
	    refusals);
	/* a bucket that was copied: all of it is late */
	fresh_start();
	policy.count[BK_KEEP_DAILY] = 3;
	days(6, 2 * DAY);
	for (size_t i = 0; i < 6; i++)
		items.item[i].r.stored = NOW - 3600;
	is_str(judged(), "def", "copies alone are pruned as what was copied");
}

static void
test_others(void)
{
	static const char text[] =
	    "2026-11-21T07:00:00Z\t1\ta-20261121.bk\n"
	    "2026-11-20T07:00:00Z\t1\tr-20261120.receipt.json\n"
	    "2026-11-19T07:00:00Z\t1\tr-20261119.receipt.json\n"
	    "2026-11-20T07:00:00Z\t1\tb-20261120.bk\n"
	    "2026-11-19T07:00:00Z\t1\tc/00000001000000000000000A.bk\n"
	    "2026-11-18T07:00:00Z\t1\tc/000000010000000000000009.bk\n"
	    "2026-11-19T07:00:00Z\t1\tb-20261119.bk\n";

	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	guards.fresh = 2 * DAY;
	(void)read_text(text);
	(void)bk_listing_group(&items, NULL, &e);
	is_str(judged(), "b", "receipts and WAL are no backups");
	is_str(items.item[2].reason, "no backup", "for a reason");
	is_str(refusals, "", "nor must they be fresh");
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	(void)read_text("2026-11-18T07:00:00Z\t1\t000000010000000000000009\n");
	(void)bk_listing_group(&items, "*", &e);
	is_str(judged(), "000000010000000000000009: not a backup, nor is "
	    "anything else in the listing; to prune WAL use --wal-for",
	    "with any pattern");
}

#define CHAIN(day, chain) "2026-11-" day "T00:00:00Z\t9\tb/pg-202611" day \
	"T000000Z-" chain ".tar\n"

/* Two chains; the second has two branches. */
static const char chains[] =
    CHAIN("08", "full.0-1000028")
    CHAIN("09", "incr.0-2000028.0-1000028")
    CHAIN("10", "full.0-3000028")
    CHAIN("11", "incr.0-4000028.0-3000028")
    CHAIN("12", "incr.0-5000028.0-3000028")
    CHAIN("13", "incr.0-6000028.0-4000028");

/* The days that expire of what text lists. */
static const char *
days_gone(const char *text)
{
	static char out[200];
	size_t i;

	out[0] = '\0';
	refusals[0] = '\0';
	if (read_text(text) == -1 || bk_listing_group(&items, NULL, &e) == -1 ||
	    bk_prune_judge(&items, &policy, &guards, &e) == -1)
		return e.msg;
	for (i = 0; i < items.n; i++)
		if (items.item[i].expired)
			(void)snprintf(out + strlen(out), sizeof(out) -
			    strlen(out), "%s%.2s", *out == '\0' ? "" : " ",
			    strstr(items.item[i].r.name, "202611") + 6);
	return out;
}

/* A full backup and its increments are kept, or let go, together. */
static void
test_chains(void)
{
	struct bk_buf line = {0};

	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	is_str(days_gone(chains), "08 09", "a whole chain goes");
	ok(bk_listed_explain(&line, &items.item[4], &policy, &e) == 0 &&
	    strstr(line.data, "\tits chain\n") != NULL, "the other stays: %s",
	    line.data);
	bk_buf_free(&line);
	fresh_start();
	policy.count[BK_KEEP_LAST] = 5;
	is_str(days_gone(chains), "", "an increment keeps the full one");
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	is_str(days_gone(strstr(chains, "2026-11-09")), "",
	    "what one builds on is not there");
	ok(strstr(refusals, "b/pg-20261109T000000Z-incr.0-2000028.0-1000028.tar"
	    ": the backup that this increment builds on is not listed in its "
	    "series") != NULL, "%s", refusals);
	/* a late full one that looks like what one builds on */
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	is_str(days_gone(CHAIN("08", "full.0-1000028")
	    CHAIN("09", "incr.0-2000028.0-1000028")
	    "2026-11-10T00:00:00Z\t9\tb/pg-20261110T000000Z-full.0-1000028.tar"
	    "\tstored=2026-11-20T00:00:00Z\n"
	    CHAIN("11", "incr.0-3000028.0-1000028")), "",
	    "does not divide the chain");
	/* weekly full backups, and each increment under the day's tier */
	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	is_str(days_gone(
	    "2026-11-12T00:00:00Z\t1\tw/h-20261112T000000Z-full.0-5000028.tar\n"
	    "2026-11-09T00:00:00Z\t1\tw/h-20261109T000000Z-full.0-4000028.tar\n"
	    "2026-11-07T00:00:00Z\t1\tw/h-20261107T000000Z-full.0-1000028.tar\n"
	    "2026-11-06T00:00:00Z\t1\tw/h-20261106T000000Z-full.0-800028.tar\n"
	    "2026-11-10T00:00:00Z\t1\td/h-20261110T000000Z-"
	    "incr.0-4800028.0-4000028.tar\n"
	    "2026-11-08T00:00:00Z\t1\tm/h-20261108T000000Z-"
	    "incr.0-4000028.0-1000028.tar\n"), "06",
	    "what a kept one of another series builds on stays");
}

/* Three names, the newest first: IDs are in no order, the lines neither. */
static const char versions[] =
    "2026-11-21T07:00:00Z\t1\ta-20261121T070000Z.bk\tversion=5\n"
    "2026-11-20T07:00:00Z\t1\tb-20261120T070000Z.bk\t"
    "stored=2026-11-20T09:00:00Z\tversion=1\n"
    "2026-11-20T07:00:00Z\t1\tb-20261120T070000Z.bk\t"
    "stored=2026-11-20T07:00:05Z\tversion=3\n"
    "2026-11-20T07:00:00Z\t1\tb-20261120T070000Z.bk\t"
    "stored=2026-11-20T08:00:00Z\tversion=2\n"
    "2026-11-19T07:00:00Z\t1\tc-20261119T070000Z.bk\tversion=4\n";

static void
test_versions(void)
{
	struct bk_buf b = {0};
	const struct bk_listed *v;

	fresh_start();
	policy.count[BK_KEEP_LAST] = 1;
	is_int(read_text(versions), 0, "versions");
	is_int(bk_listing_group(&items, "*", &e), 0, "of one series");
	v = items.item;
	ok(v[2].later == &v[3] && v[3].later == &v[1] && v[1].later == NULL &&
	    !v[2].replaces && v[3].replaces && v[1].replaces &&
	    v[0].later == NULL && !v[0].replaces, "in the order stored");
	is_str(judged(), "bbbc", "go together");
	policy.count[BK_KEEP_LAST] = 2;
	is_str(judged(), "c", "and stay together, as one");
	(void)bk_listed_explain(&b, &v[1], &policy, &e);
	ok(strstr(b.data, "\tof the same name\n") != NULL, "as is explained");
	bk_buf_free(&b);
	policy.count[BK_KEEP_LAST] = 1;
	items.item[1].proof = -1;
	items.item[3].proof = 1;
	is_str(judged(), "c", "with any of them that was proven");
	items.item[3].proof = 0;
	guards.min_stored = DAY;
	is_str(judged(), "c", "with any that was stored lately");
	guards.min_stored = 0;
	guards.max_share = 60;
	is_str(judged(), "", "the share counts them as one");
}

static void
test_listings(void)
{
	static const char *const bad[][2] = {
		{ "x\n", "listing: 'x': no time; give full records, as bk-s3ls "
		    "and bk-ls print them" },
		{ "2026-11-19T07:00:00Z\t1\tx", "listing: the last line, 'x', "
		    "has no newline; was the listing truncated?" },
		{ "2026-11-19T07:00:00Z\t1\tx\n2026-11-18T07:00:00Z\t1\tx\n",
		    "listing: 'x' is listed twice" },
		{ "2026-11-19T07:00:00Z\tx\n", "listing: '2026-11-19T07:00:00Z"
		    "\tx': a time without size and name" },
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		fresh_start();
		is_int(read_text(bad[i][0]), -1, "a bad listing");
		is_str(e.msg, bad[i][1], "what is bad");
		is_int(e.code, BK_DATA, "is refused");
	}
	fresh_start();
	is_int(read_text(""), -1, "an empty listing");
	is_int(e.code, BK_NONE, "is nothing");
}

static void
test_holds(void)
{
	static const char text[] = "# a\tcomment\n\n  \nb/x \t\r\n"
	    "2026-11-19T07:00:00Z\t1\ty\n/x\nnone\n";
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct bk_holds holds = {0};

	fresh_start();
	(void)read_text("2026-11-19T07:00:00Z\t1\ta/b/x\n"
	    "2026-11-19T07:00:00Z\t1\ta/c/x\n2026-11-19T07:00:00Z\t1\ty\n"
	    "2026-11-19T07:00:00Z\t1\tzb/x\n2026-11-19T07:00:00Z\t1\tb/x\n");
	is_int(bk_holds_read(&holds, f, "holds", &e), 0, "a holds file");
	bk_holds_apply(&holds, &items);
	ok(items.item[0].held, "the end of a name");
	ok(!items.item[1].held, "in another directory");
	ok(items.item[2].held, "a record");
	ok(!items.item[3].held, "not the end of a part");
	ok(items.item[4].held, "a whole name");
	(void)fclose(f);
	is_int(bk_holds_check(&holds, "holds", &e), -1, "a misspelt name");
	is_str(e.msg, "holds: '/x' is not in the listing, nor are 1 more; "
	    "correct or remove the line; nothing is deleted", "is told");
	holds.v[2].found = holds.v[3].found = 1;
	e = (struct bk_err){0};
	is_int(bk_holds_check(&holds, "holds", &e), 0, "all found");
	bk_holds_free(&holds);
}

static void
test_explain(void)
{
	struct bk_buf b = {0};

	fresh_start();
	policy.count[BK_KEEP_DAILY] = 2;
	policy.count[BK_KEEP_WEEKLY] = BK_KEEP_ALL;
	policy.within = 3600;
	days(4, 0);
	guards.min_keep = 1;
	items.item[1].held = 1;
	items.item[3].proof = 1;
	items.item[2].r.stored = NOW - 3600;
	guards.min_stored = 7200;
	(void)judged();
	for (size_t i = 0; i < 4; i++)
		(void)bk_listed_explain(&b, &items.item[i], &policy, &e);
	is_str(b.data,
	    "keep\t2026-11-21T08:00:00Z\t1\ta\tdaily 1/2, weekly 1, within, "
	    "newest, min-keep\n"
	    "keep\t2026-11-20T08:00:00Z\t1\tb\tdaily 2/2, held\n"
	    "keep\t2026-11-19T08:00:00Z\t1\tc\t"
	    "stored=2026-11-21T07:00:00Z\tstored lately\n"
	    "keep\t2026-11-18T08:00:00Z\t1\td\tweekly 2 (the oldest), "
	    "last proven\n", "reasons");
	bk_buf_free(&b);
}

int
main(void)
{
	test_never();
	test_refusals();
	test_fresh();
	test_series();
	test_stored();
	test_late();
	test_others();
	test_chains();
	test_versions();
	test_listings();
	test_holds();
	test_explain();
	bk_listing_free(&items);
	return tap_done();
}
