/*
 * WAL record by record: pages made here of the records that the input lists,
 * right to the last checksum, are walked to the last record; then with what the
 * input's end says altered; and the input as it is.
 */
#include "fuzz.h"

#include "base/crc32c.h"
#include "walfile/wal_reader.h"

#define SEGMENT (1u << 20)
#define PAGE 1024u
#define START (5u * SEGMENT + 40)
#define ROOM (64 * 1024)

struct wal {
	uint8_t b[ROOM];
	size_t n;
	uint64_t before;
	size_t records;
};

static void
put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void
put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* Begin a page, in which rest bytes of a record are still to come. */
static void
begin_page(struct wal *w, uint32_t rest)
{
	uint8_t *p = w->b + w->n;

	CHECK(w->n % PAGE == 0);
	memset(p, 0, 40);
	p[0] = 0x10;		/* 0xd110, of version 15 */
	p[1] = 0xd1;
	p[2] = (uint8_t)((rest > 0 ? 1 : 0) | (w->n == 0 ? 2 : 0));
	put32(p + 4, 1);
	put64(p + 8, 5u * SEGMENT + w->n);
	put32(p + 16, rest);
	put64(p + 24, 7001);
	put32(p + 32, SEGMENT);
	put32(p + 36, PAGE);
	w->n += w->n == 0 ? 40 : 24;
}

/* A record with this body; 0: there is no more room. */
static int
add_record(struct wal *w, uint8_t info, uint8_t manager, const uint8_t *body,
    size_t n)
{
	uint8_t r[24 + 65536] = {0};
	size_t len = 24 + n, done, piece;
	uint32_t crc;

	if (w->n + len + len / 8 + 2 * PAGE > ROOM)
		return 0;
	if (w->n % PAGE == 0)
		begin_page(w, 0);
	put32(r, (uint32_t)len);
	put64(r + 8, w->before);
	r[16] = info;
	r[17] = manager;
	memcpy(r + 24, body, n);
	crc = bk_crc32c(bk_crc32c(0, r + 24, n), r, 20);
	put32(r + 20, crc);
	w->before = 5u * SEGMENT + w->n;
	for (done = 0; done < len; done += piece) {
		if (w->n % PAGE == 0)
			begin_page(w, (uint32_t)(len - done));
		piece = PAGE - w->n % PAGE;
		if (piece > len - done)
			piece = len - done;
		memcpy(w->b + w->n, r + done, piece);
		w->n += piece;
	}
	w->n = (w->n + 7) & ~(size_t)7;
	w->records++;
	return 1;
}

/* Of the input: info, manager, length of the body in 2 bytes, the body. */
static void
build(struct wal *w, const uint8_t *p, size_t n)
{
	size_t len;

	memset(w, 0, sizeof(*w));
	begin_page(w, 0);
	while (n >= 4) {
		len = ((size_t)p[2] << 8 | p[3]) % 4000;
		if (len > n - 4)
			len = n - 4;
		/* a switch ends the segment */
		if ((p[0] & 0xf0) == 0x40 && p[1] == 0)
			break;
		if ((p[1] > 21 && p[1] < 128) || !add_record(w, p[0], p[1],
		    p + 4, len))
			break;
		p += 4 + len;
		n -= 4 + len;
	}
}

static int
on_record(void *ctx, const struct bk_logrecord *r)
{
	CHECK(r->end > r->at && r->at % 8 == 0);
	CHECK(memchr(r->name, '\0', sizeof(r->name)) != NULL);
	++*(size_t *)ctx;
	return 0;
}

/* Walk a segment that begins with these bytes; the number of its records. */
static size_t
walk(const uint8_t *p, size_t n)
{
	size_t records = 0;
	struct bk_walk_options o = { .start = START, .segment = SEGMENT,
	    .record = on_record, .ctx = &records };
	struct fuzz_left left = { p, n };
	struct bk_err e = {0};
	struct bk_walk *w = bk_walk_new(&o, &e);
	enum bk_walk_end end;

	CHECK(w != NULL);
	end = bk_walk_segment(w, (struct bk_source){ fuzz_source, &left }, 1,
	    &e);
	CHECK(end == BK_WALK_NEXT || end == BK_WALK_BROKEN);
	CHECK(end != BK_WALK_BROKEN || *bk_walk_why(w) != '\0');
	CHECK(bk_walk_end(w) >= START);
	bk_walk_free(w);
	return records;
}

FUZZ(80 << 10, 4)
{
	static struct wal w;
	size_t all;

	(void)walk(p, n);
	build(&w, p, n);
	all = (w.n + PAGE - 1) / PAGE * PAGE;
	CHECK(walk(w.b, all) == w.records);
	if (n > 3 && w.n > 0) {
		w.b[((size_t)p[n - 1] << 8 | p[n - 2]) % w.n] ^=
		    (uint8_t)(p[n - 3] | 1);
		CHECK(walk(w.b, all) <= w.records);
	}
}
