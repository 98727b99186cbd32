/*
 * Walking through WAL: a small writer makes some, which is then cut, flipped
 * and mixed up in every way.  With arguments, START and segments' files, print
 * the records of real WAL: t/pitr_walk.bats compares that with pg_waldump.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "tap.h"
#include "wal_write.h"
#include "walfile/segment_check.h"
#include "walfile/wal_reader.h"

/* The reader. */
struct seen {
	int n, commits, points, switches, recovered, preludes, stop_at;
	uint32_t xid, xids[16], timeline;
	int64_t time;
	char name[64];
};

static int
see(void *ctx, const struct bk_logrecord *r)
{
	struct seen *s = ctx;

	s->n++;
	if (r->kind == BK_LOGRECORD_COMMIT || r->kind == BK_LOGRECORD_ABORT) {
		s->xid = s->xids[s->commits++ % 16] = r->xid;
		s->time = r->time;
	}
	if (r->kind == BK_LOGRECORD_POINT) {
		s->points++;
		snprintf(s->name, sizeof(s->name), "%s", r->name);
	}
	if (r->kind == BK_LOGRECORD_RECOVERED) {
		s->recovered++;
		s->timeline = r->timeline;
		s->time = r->time;
	}
	s->switches += r->kind == BK_LOGRECORD_SWITCH;
	s->preludes += r->kind == BK_LOGRECORD_PRELUDE;
	return s->n == s->stop_at;
}

struct bytes {
	const uint8_t *p;
	size_t n;
};

static ssize_t
read_bytes(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct bytes *b = ctx;

	(void)e;
	n = n < b->n ? n : b->n;
	n = n < 5000 ? n : 5000;
	memcpy(buf, b->p, n);
	b->p += n;
	b->n -= n;
	return (ssize_t)n;
}

static char why[160];
static uint64_t ended;
static uint32_t (*owner)(void *ctx, uint64_t where);

/* Walk n bytes of wal from start on; how it ended. */
static enum bk_walk_end
walk(uint64_t start, size_t n, struct seen *s)
{
	struct bk_walk_options o = { .start = base + start,
	    .segment = SEGMENT, .record = see, .ctx = s, .owner = owner };
	enum bk_walk_end end = BK_WALK_NEXT;
	struct bk_err e = {0};
	struct bk_walk *w = bk_walk_new(&o, &e);
	struct bytes b;
	size_t off;

	for (off = start / SEGMENT * SEGMENT; w != NULL && off < n &&
	    end == BK_WALK_NEXT; off += SEGMENT) {
		b = (struct bytes){ wal + off,
		    n - off < SEGMENT ? n - off : SEGMENT };
		end = bk_walk_segment(w, (struct bk_source){ read_bytes, &b },
		    3, &e);
	}
	ended = bk_walk_end(w) - base;
	snprintf(why, sizeof(why), "%s", bk_walk_why(w));
	bk_walk_free(w);
	return end;
}

static size_t big_at, point_at;

/* Commits, a record over several pages and into the second segment, a point. */
static void
write_sample(void)
{
	static uint8_t big[90000];
	int64_t point[9] = { 5000000 };

	memset(wal, 0, sizeof(wal));
	at = 0;
	before = base - 100;
	page_header(0, 0);
	put_commit(700, 1700000000);
	while (at < SEGMENT - 2 * PAGE - 100)
		put_record(10, 0, 0, big, 3000, SIZE_MAX);
	memset(big, 7, sizeof(big));
	big_at = put_record(10, 0, 0, big, sizeof(big), SIZE_MAX);
	put_commit(701, 1700000001);
	memcpy(point + 1, "before the drop", 15);
	point_at = put_record(0, 0x70, 0, point, sizeof(point), SIZE_MAX);
	put_commit(702, 1700000002);
}

static void
test_sample(void)
{
	struct seen s = {0};

	write_sample();
	is_int(walk(40, sizeof(wal), &s), BK_WALK_BROKEN, "zeros at the end");
	ok(strstr(why, "zeros") != NULL, "%s", why);
	is_int((intmax_t)ended, (intmax_t)((at + 7) & ~7u), "ends behind the "
	    "last record");
	is_int(s.commits, 3, "commits");
	is_int(s.xid, 702, "the last one's transaction");
	is_int(s.time, INT64_C(1700000002000000), "its time");
	is_str(s.name, "before the drop", "the restore point");
	s = (struct seen){ .stop_at = 2 };
	is_int(walk(40, sizeof(wal), &s), BK_WALK_STOPPED, "stopped");
	s = (struct seen){0};
	is_int(walk(point_at, sizeof(wal), &s), BK_WALK_BROKEN,
	    "from the middle");
	is_int(s.n, 2, "as many records as there are");
	s = (struct seen){0};
	is_int(walk(big_at + 8, sizeof(wal), &s), BK_WALK_BROKEN,
	    "from within a record");
	is_int(s.n, 0, "none");
}

/* Each bit of what is used, in places all over: never one record more. */
static void
test_damage(void)
{
	struct seen s = {0};
	size_t off, end;
	int bad = 0, all;

	write_sample();
	end = at;
	(void)walk(40, sizeof(wal), &s);
	all = s.n;
	for (off = 0; off < end; off += off < 300 ? 1 : 997) {
		wal[off] ^= (uint8_t)(1 << off % 8);
		s = (struct seen){0};
		if (walk(40, sizeof(wal), &s) == BK_WALK_BROKEN && s.n < all) {
			wal[off] ^= (uint8_t)(1 << off % 8);
			continue;
		}
		wal[off] ^= (uint8_t)(1 << off % 8);
		/* what nobody uses: padding, a page's flag REMOVABLE */
		if ((off % PAGE >= 16 && off % PAGE < 24) ||
		    off % PAGE == 2 || (off >= 74 && off < 80))
			continue;
		bad++;
		printf("# %zu\n", off);
	}
	is_int(bad, 0, "no flipped bit passes");
	for (off = PAGE; off < SEGMENT; off += PAGE - 1) {
		s = (struct seen){0};
		bad += walk(40, off, &s) != BK_WALK_BROKEN;
	}
	is_int(bad, 0, "no cut segment passes");
}

static void
test_switch(void)
{
	struct seen s = {0};

	begin();
	put_commit(1, 1700000000);
	put_record(0, 0x40, 0, "", 0, SIZE_MAX);
	at = SEGMENT;
	put_commit(2, 1700000001);
	(void)walk(40, sizeof(wal), &s);
	is_int(s.commits, 2, "behind a switch the next segment is read");
	is_int(s.switches, 1, "one switch");
}

/* A crash left a record unfinished; the server went on with the next page. */
static void
test_overwritten(void)
{
	static uint8_t big[20000];
	struct seen s = {0};
	uint64_t missing;

	begin();
	put_commit(1, 1700000000);
	missing = base + put_record(10, 0, 0, big, sizeof(big), PAGE);
	at = PAGE;
	page_header(8, 0);
	put_record(0, 0xd0, 0, &missing, 8, SIZE_MAX);
	put_commit(2, 1700000001);
	(void)walk(40, sizeof(wal), &s);
	is_int(s.commits, 2, "an unfinished record is passed over");
	is_int(s.n, 3, "and is none");
	is_int(s.preludes, 1, "the word of it may begin a timeline");
	wal[PAGE + 2] = 0;
	s = (struct seen){0};
	(void)walk(40, sizeof(wal), &s);
	is_int(s.commits, 1, "not without the page's word");
	ok(strstr(why, "is not continued") != NULL, "%s", why);
}

/* A prepared transaction's number stands behind all that it did. */
static void
test_prepared(void)
{
	struct { int64_t t; uint32_t flags, v[40]; } __attribute__((packed))
	    c = { 0, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4,
	    { 5, 1663, 2, 8, 9, 1, 1, 2, 3, 1, 1, 2, 3, 4, 4711 } };
	struct seen s = {0};

	begin();
	put_record(1, 0xb0, 0, &c, 12 + 15 * 4, SIZE_MAX);
	c.v[5] = UINT32_MAX;
	put_record(1, 0xb0, 0, &c, 12 + 15 * 4, SIZE_MAX);
	(void)walk(40, sizeof(wal), &s);
	is_int(s.xids[0], 4711, "a prepared transaction's number");
	is_int(s.xids[1], 0, "none where the counts are senseless");
}

static uint32_t
owner_two(void *ctx, uint64_t where)
{
	(void)ctx;
	return where < base + PAGE ? 3 : 2;
}

/* A page's header that is not what it should be there. */
static void
test_pages(void)
{
	static const struct {
		size_t off;
		uint8_t mask;
		const char *why;
	} flips[] = {
		{ SEGMENT + 2, 2, "1/100000: a segment without its header" },
		{ PAGE + 2, 2, "1/2000: a segment's header inside it" },
		{ PAGE + 3, 1, "1/2000: unknown flags in a page's header" },
		{ PAGE + 16, 1, "1/2000: continues a record of "
		    "another length" },
	};
	struct seen s;
	size_t i;

	for (i = 0; i < sizeof(flips) / sizeof(flips[0]); i++) {
		write_sample();
		wal[flips[i].off] ^= flips[i].mask;
		s = (struct seen){0};
		is_int(walk(40, sizeof(wal), &s), BK_WALK_BROKEN, "refused");
		is_str(why, flips[i].why, "  for this");
	}
	write_sample();
	owner = owner_two;
	s = (struct seen){0};
	is_int(walk(40, sizeof(wal), &s), BK_WALK_BROKEN, "pages of another "
	    "timeline than owns them");
	owner = NULL;
	is_str(why, "1/2000: a page of timeline 3, where the WAL of 2 should "
	    "be", "  which is said");
	is_int(s.commits, 1, "  what is before them counts");
}

/* A record that is what its checksum says, and yet cannot be. */
static void
test_records(void)
{
	static const struct {
		unsigned off;		/* in its header */
		uint8_t is[4];
		const char *what;
	} odd[] = {
		{ 0, { 1, 0, 0, 0x40 }, "one of more than a gigabyte" },
		{ 17, { 22 }, "of a manager between PostgreSQL's and others'" },
		{ 17, { 127 }, "of the last number between" },
	};
	struct bk_walk_options o = { .segment = SEGMENT, .record = see };
	struct bk_err e = {0};
	struct seen s;
	size_t i, start;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		begin();
		put_commit(1, 1700000000);
		start = put_commit(2, 1700000001);
		memcpy(wal + start + odd[i].off, odd[i].is,
		    odd[i].off == 0 ? 4 : 1);
		if (odd[i].off != 0)
			sum_record(start);
		s = (struct seen){0};
		is_int(walk(40, sizeof(wal), &s), BK_WALK_BROKEN,
		    odd[i].what);
		ok(strstr(why, "does not follow the one before") != NULL &&
		    s.commits == 1, "  %s", why);
	}
	begin();
	put_commit(1, 1700000000);
	start = put_commit(2, 1700000001);
	wal[start + 17] = 128;
	sum_record(start);
	s = (struct seen){0};
	(void)walk(40, sizeof(wal), &s);
	ok(s.n == 2 && s.commits == 1, "an extension's own is passed over");
	begin();
	put_record(0, 0x40, 0, "", 0, SIZE_MAX);
	at = SEGMENT;
	put_commit(2, 1700000001);
	wal[SEGMENT + 2] |= 1;
	s = (struct seen){0};
	is_int(walk(40, sizeof(wal), &s), BK_WALK_BROKEN, "continued");
	is_str(why, "1/100000: continues a record that did not begin",
	    "  what did not begin");
	for (i = 0; i < 3; i++) {
		o.segment = i == 0 ? SEGMENT / 2 : i == 1 ? SEGMENT + 8 :
		    (uint64_t)2 << 30;
		ok(bk_walk_new(&o, &e) == NULL && e.code == BK_DATA, "%s",
		    e.msg);
		e = (struct bk_err){0};
	}
	o.segment = SEGMENT;
	o.start = base + 44;
	ok(bk_walk_new(&o, &e) == NULL && e.code == BK_DATA, "%s", e.msg);
}

/* A commit's body: what stands before its data, and the data. */
static void
test_bodies(void)
{
	static const uint8_t before_data[] = { 252, 9, 9, 9, 9, 253, 1, 0,
	    255, 8 };
	struct { int64_t t; uint32_t timeline, before; } recovered =
	    { 5000000, 4, 3 };
	struct { int64_t t; uint32_t flags, v[16]; } __attribute__((packed))
	    stats = { 0, 1 << 8 | 1 << 4, { 2, 1, 1, 2, 2, 1, 1, 4712, 3,
	    4713 } };
	uint8_t body[18];
	struct seen s = { .stop_at = 1 };
	size_t start;

	begin();
	memcpy(body, before_data, 10);
	memset(body + 10, 0, 8);
	/* the header of 26 bytes has two of these */
	start = put_record(1, 0, 700, body + 2, 16, SIZE_MAX);
	memcpy(wal + start + 24, body, 18);
	sum_record(start);
	put_record(0, 0x90, 0, &recovered, sizeof(recovered), SIZE_MAX);
	(void)walk(40, sizeof(wal), &s);
	is_int(s.xid, 700, "a commit with an origin");
	is_int(s.time, INT64_C(946684800000000), "  its time, behind that");
	s = (struct seen){0};
	(void)walk(40, sizeof(wal), &s);
	is_int(s.recovered, 1, "the end of a recovery");
	is_int(s.timeline, 4, "  the timeline that begins");
	is_int(s.time, INT64_C(946684805000000), "  and when");
	begin();
	put_record(1, 0xb0, 0, &stats, sizeof(stats), SIZE_MAX);
	s = (struct seen){0};
	(void)walk(40, sizeof(wal), &s);
	is_int(s.xid, 4712, "statistics of 12 bytes are passed over");
	wal[0] = 0x18;
	s = (struct seen){0};
	(void)walk(40, sizeof(wal), &s);
	is_int(s.xid, 4713, "of 16 bytes since PostgreSQL 18");
}

/* What bk_whole_segment_check() says of n bytes of wal from off on. */
static enum bk_code
judge_file(const char *name, size_t off, size_t n)
{
	char path[] = "/tmp/walfile_reader.XXXXXX";
	struct bk_err e = {0};
	int fd = mkstemp(path);

	if (fd == -1 || bk_io_write(fd, wal + off, n, path, &e) == -1)
		return (enum bk_code)99;
	close(fd);
	(void)bk_whole_segment_check(name, path, &e);
	unlink(path);
	snprintf(why, sizeof(why), "%.150s", e.msg);
	return e.code;
}

/* One segment, without the one before it, which its first record began. */
static void
test_whole_segment(void)
{
	static const char first[] = "000000030000000100000000",
	    second[] = "000000030000000100000001";
	uint32_t rest;
	size_t off;

	write_sample();
	is_int(judge_file(first, 0, SEGMENT), BK_OK, "a whole segment");
	memset(wal + at, 0, sizeof(wal) - at);
	/* the rest is not read */
	put_record(0, 0x40, 0, "", 0, SIZE_MAX);
	memcpy(&rest, wal + SEGMENT + 16, 4);
	ok(rest > 2 * PAGE, "a record of %u more bytes", (unsigned)rest);
	is_int(judge_file(second, SEGMENT, SEGMENT), BK_OK, "found behind it");
	wal[point_at + 40] ^= 1;
	is_int(judge_file(second, SEGMENT, SEGMENT), BK_DATA,
	    "a bit behind it");
	ok(strstr(why, "a record's checksum is wrong") != NULL &&
	    strncmp(why, second, 24) == 0, "  %s", why);
	is_int(judge_file(second, SEGMENT, PAGE / 2), BK_OK,
	    "of a page nothing can be told, its record began before it");
	/* its own pages disagree: whose fault, the one before would tell */
	wal[SEGMENT + PAGE + 16] ^= 1;
	is_int(judge_file(second, SEGMENT, SEGMENT), BK_OK,
	    "nor of pages that disagree");
	wal[SEGMENT + PAGE + 16] ^= 1;
	wal[SEGMENT + 2] |= 8;
	is_int(judge_file(second, SEGMENT, SEGMENT), BK_OK,
	    "nor of a record that was never finished");
	is_int(judge_file(second, SEGMENT, 39), BK_DATA, "half a header");
	ok(strstr(why, ": not WAL") != NULL, "  %s", why);
	is_int(judge_file(first, 100, SEGMENT), BK_DATA, "no header");
	/* each page goes on with it */
	rest = 2 * SEGMENT;
	for (off = 0; off < SEGMENT; off += PAGE) {
		wal[SEGMENT + off + 2] = off == 0 ? 3 : 1;
		memcpy(wal + SEGMENT + off + 16, &rest, 4);
		rest -= PAGE - (off == 0 ? 40 : 24);
	}
	is_int(judge_file(second, SEGMENT, SEGMENT), BK_OK,
	    "nothing but a record's middle");
}

/* Real WAL. */
static int
print(void *ctx, const struct bk_logrecord *r)
{
	static const char *const kinds[] = { "-", "COMMIT", "ABORT", "POINT",
	    "CHECKPOINT", "RECOVERED", "BACKUP", "SWITCH", "-" };
	char lsn[BK_LSN_TEXT];

	(void)ctx;
	bk_lsn_format(r->at, lsn);
	printf("%s %s %" PRIu32 " %" PRId64 " %s\n", lsn, kinds[r->kind],
	    r->xid, r->time, r->name);
	return 0;
}

static ssize_t
read_file(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_io_read(*(int *)ctx, buf, n, "file", e);
}

static int
print_files(int n, char *argv[])
{
	struct bk_walk_options o = { .segment = (uint64_t)16 << 20,
	    .record = print };
	enum bk_walk_end end = BK_WALK_NEXT;
	struct bk_err e = {0};
	struct bk_walk *w;
	int i, fd;

	if (bk_lsn_parse(argv[1], &o.start) != 1 ||
	    (w = bk_walk_new(&o, &e)) == NULL)
		return 2;
	for (i = 2; i < n && end == BK_WALK_NEXT; i++) {
		if ((fd = open(argv[i], O_RDONLY)) == -1)
			return 1;
		end = bk_walk_segment(w, (struct bk_source){ read_file, &fd },
		    1, &e);
		close(fd);
	}
	if (end == BK_WALK_BROKEN)
		fprintf(stderr, "%s\n", bk_walk_why(w));
	bk_walk_free(w);
	return end == BK_WALK_NEXT ? 0 : 3;
}

int
main(int argc, char *argv[])
{
	if (argc > 1)
		return print_files(argc, argv);
	test_sample();
	test_damage();
	test_switch();
	test_overwritten();
	test_prepared();
	test_pages();
	test_records();
	test_bodies();
	test_whole_segment();
	return tap_done();
}
