/*
 * Walking through WAL: a small writer makes some, which is then cut, flipped
 * and mixed up in every way.  With arguments, START and segments' files, print
 * the records of real WAL: t/pitr_walk.bats compares that with pg_waldump.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/crc32c.h"
#include "base/io.h"
#include "base/num.h"
#include "tap.h"
#include "recovery/walk.h"

#define SEGMENT (1u << 20)
#define PAGE 8192u
#define SYSID 7000000000000000001u
#define MAGIC 0xd110

/* The writer: two segments, from LSN 1/0 on. */
static uint8_t wal[2 * SEGMENT];
static const uint64_t base = (uint64_t)1 << 32;
static size_t at;			/* offset in wal */
static uint64_t before;

static void
page_header(unsigned flags, uint32_t rest)
{
	uint16_t v[2] = { MAGIC, (uint16_t)flags };
	uint32_t tli = 3, sizes[2] = { SEGMENT, PAGE };
	uint64_t address = base + at, sysid = SYSID;

	if (at % SEGMENT == 0)
		v[1] |= 2;
	memcpy(wal + at, v, 4);
	memcpy(wal + at + 4, &tli, 4);
	memcpy(wal + at + 8, &address, 8);
	memcpy(wal + at + 16, &rest, 4);
	if (at % SEGMENT == 0) {
		memcpy(wal + at + 24, &sysid, 8);
		memcpy(wal + at + 32, sizes, 8);
	}
	at += at % SEGMENT == 0 ? 40 : 24;
}

/* Append bytes, with page headers in between; stop at offset end. */
static void
put(const uint8_t *p, size_t n, size_t end)
{
	size_t i;

	for (i = 0; i < n && at < end; i++) {
		if (at % PAGE == 0)
			page_header(i > 0 ? 1 : 0,
			    i > 0 ? (uint32_t)(n - i) : 0);
		wal[at++] = p[i];
	}
}

/* A record with this data; returns its offset. */
static size_t
put_record(unsigned manager, unsigned info, uint32_t xid, const void *data,
    size_t n, size_t end)
{
	static uint8_t r[100000];
	uint32_t length, crc;
	size_t head = n < 256 ? 26 : 29, start;

	at = (at + 7) & ~(size_t)7;
	if (at % PAGE == 0)
		page_header(0, 0);
	start = at;
	memset(r, 0, 24);
	length = (uint32_t)(head + n);
	memcpy(r, &length, 4);
	memcpy(r + 4, &xid, 4);
	memcpy(r + 8, &before, 8);
	r[16] = (uint8_t)info;
	r[17] = (uint8_t)manager;
	r[24] = n < 256 ? 255 : 254;
	length = (uint32_t)n;
	memcpy(r + 25, &length, head - 25);
	memcpy(r + head, data, n);
	crc = bk_crc32c(bk_crc32c(0, r + 24, head - 24 + n), r, 20);
	memcpy(r + 20, &crc, 4);
	put(r, head + n, end);
	if (at < end)
		before = base + start;
	return start;
}

static size_t
put_commit(uint32_t xid, int64_t seconds)
{
	int64_t t = (seconds - 946684800) * 1000000;

	return put_record(1, 0, xid, &t, sizeof(t), SIZE_MAX);
}

/* The reader. */
struct seen {
	int n, commits, points, switches, stop_at;
	uint32_t xid, xids[16];
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
	s->switches += r->kind == BK_LOGRECORD_SWITCH;
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

/* Walk n bytes of wal from start on; how it ended. */
static enum bk_walk_end
walk(uint64_t start, size_t n, struct seen *s)
{
	struct bk_walk_options o = { .start = base + start,
	    .segment = SEGMENT, .record = see, .ctx = s };
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

	memset(wal, 0, sizeof(wal));
	at = 0;
	before = 0;
	page_header(0, 0);
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

	memset(wal, 0, sizeof(wal));
	at = 0;
	before = 0;
	page_header(0, 0);
	put_commit(1, 1700000000);
	missing = base + put_record(10, 0, 0, big, sizeof(big), PAGE);
	at = PAGE;
	page_header(8, 0);
	put_record(0, 0xd0, 0, &missing, 8, SIZE_MAX);
	put_commit(2, 1700000001);
	(void)walk(40, sizeof(wal), &s);
	is_int(s.commits, 2, "an unfinished record is passed over");
	is_int(s.n, 3, "and is none");
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

	memset(wal, 0, sizeof(wal));
	at = 0;
	before = 0;
	page_header(0, 0);
	put_record(1, 0xb0, 0, &c, 12 + 15 * 4, SIZE_MAX);
	c.v[5] = UINT32_MAX;
	put_record(1, 0xb0, 0, &c, 12 + 15 * 4, SIZE_MAX);
	(void)walk(40, sizeof(wal), &s);
	is_int(s.xids[0], 4711, "a prepared transaction's number");
	is_int(s.xids[1], 0, "none where the counts are senseless");
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
	return tap_done();
}
