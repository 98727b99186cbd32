#include "walfile/wal_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/crc32c.h"
#include "base/majors.h"
#include "base/num.h"
#include "walfile/wal_name.h"
#include "walfile/wal_page.h"

#define FLAGS (BK_WAL_PAGE_CONTINUES | BK_WAL_PAGE_IS_LONG | \
	BK_WAL_PAGE_REMOVABLE | BK_WAL_PAGE_OVERWRITES)
#define PAGE_MIN 1024u
#define PAGE_MAX 65536u

struct bk_walk {
	struct bk_walk_options o;
	uint8_t *buf;			/* a page */
	uint32_t page;			/* bytes of one; 0: not yet known */
	uint16_t magic;
	uint64_t number;		/* of the segment that comes next */
	uint32_t file, timeline;	/* of the file; of the last page */
	uint64_t before;		/* the last whole record's */
	uint64_t end;			/* after it */
	uint64_t torn;			/* after what was looked at */
	int any;			/* there is one */
	/* the record that is being read */
	uint64_t at;
	uint64_t have;			/* bytes of it; 0: none begun */
	uint8_t raw[BK_LOGRECORD_HEADER];
	struct bk_logrecord_header h;
	uint32_t crc;
	struct bk_buf body;
	int stopped, switched;
	char why[160];
};

__attribute__((format(printf, 3, 4))) static int
broken(struct bk_walk *w, uint64_t at, const char *fmt, ...)
{
	char lsn[BK_LSN_TEXT];
	va_list ap;
	int n;

	bk_lsn_format(at, lsn);
	n = snprintf(w->why, sizeof(w->why), "%s: ", lsn);
	va_start(ap, fmt);
	(void)vsnprintf(w->why + n, sizeof(w->why) - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

struct bk_walk *
bk_walk_new(const struct bk_walk_options *o, struct bk_err *e)
{
	struct bk_walk *w;
	char lsn[BK_LSN_TEXT];

	bk_lsn_format(o->start, lsn);
	if (!bk_wal_segment_is_size(o->segment)) {
		(void)bk_fail(e, BK_DATA, "segments of %" PRIu64 " bytes: "
		    "not what PostgreSQL has", o->segment);
		return NULL;
	}
	if (o->start % 8 != 0) {
		(void)bk_fail(e, BK_DATA, "%s: no record begins there", lsn);
		return NULL;
	}
	if ((w = calloc(1, sizeof(*w))) == NULL ||
	    (w->buf = malloc(PAGE_MAX)) == NULL) {
		(void)bk_fail_memory(e);
		bk_walk_free(w);
		return NULL;
	}
	w->o = *o;
	w->number = o->start / o->segment;
	w->end = o->start;
	return w;
}

/* The first page of a segment has a long header. */
static int
check_long(struct bk_walk *w, const struct bk_wal_page *h, uint64_t at)
{
	if (!(h->flags & BK_WAL_PAGE_IS_LONG))
		return broken(w, at, "a segment without its header");
	if (h->segment != w->o.segment)
		return broken(w, at, "segments of %" PRIu32 " bytes, not %"
		    PRIu64, h->segment, w->o.segment);
	if (h->size < PAGE_MIN || h->size > PAGE_MAX ||
	    (h->size & (h->size - 1)) != 0 ||
	    (w->page != 0 && h->size != w->page))
		return broken(w, at, "pages of %" PRIu32 " bytes", h->size);
	if (w->o.sysid != 0 && h->sysid != w->o.sysid)
		return broken(w, at, "WAL of another cluster (%" PRIu64
		    ", not %" PRIu64 ")", h->sysid, w->o.sysid);
	w->o.sysid = h->sysid;
	w->page = h->size;
	w->magic = h->magic;
	return 0;
}

static int
check_page(struct bk_walk *w, const struct bk_wal_page *h, uint64_t at)
{
	const int major = bk_majors_by_magic(h->magic);

	if (major == 0 && w->magic == 0)
		return broken(w, at, "WAL of a PostgreSQL " BK_PG_YOUNGER,
		    BK_PG_NEWEST);
	if (major < 1 || (w->magic != 0 && h->magic != w->magic))
		return broken(w, at, "not a WAL page (magic %04X)",
		    h->magic);
	if (h->at != at)
		return broken(w, at, "page header has address %" PRIX32
		    "/%" PRIX32, (uint32_t)(h->at >> 32), (uint32_t)h->at);
	if (h->flags & ~FLAGS)
		return broken(w, at, "unknown flags in a page's header");
	if (at % w->o.segment == 0 ? check_long(w, h, at) == -1 :
	    (h->flags & BK_WAL_PAGE_IS_LONG) != 0)
		return w->why[0] != '\0' ? -1 :
		    broken(w, at, "a segment's header inside it");
	if (h->timeline > w->file || h->timeline < w->timeline)
		return broken(w, at, "a page of timeline %" PRIu32 " in a "
		    "file of timeline %" PRIu32, h->timeline, w->file);
	if (w->o.owner != NULL && at >= w->o.start &&
	    h->timeline != w->o.owner(w->o.ctx, at))
		return broken(w, at, "a page of timeline %" PRIu32 ", where "
		    "the WAL of %" PRIu32 " should be", h->timeline,
		    w->o.owner(w->o.ctx, at));
	w->timeline = h->timeline;
	return 0;
}

/* Does the page go on with what the one before it ended with? */
static int
check_continuation(struct bk_walk *w, const struct bk_wal_page *h, uint64_t at)
{
	if (w->have > 0 && h->flags & BK_WAL_PAGE_OVERWRITES) {
		w->have = 0;	/* a crash cut it off; it was never finished */
		return 0;
	}
	if (w->have == 0)
		return h->flags & BK_WAL_PAGE_CONTINUES ? broken(w, at,
		    "continues a record that did not begin") : 0;
	if (!(h->flags & BK_WAL_PAGE_CONTINUES))
		return broken(w, at, "the record that began at %" PRIX32 "/%"
		    PRIX32 " is not continued", (uint32_t)(w->at >> 32),
		    (uint32_t)w->at);
	if (h->rest != w->h.length - w->have)
		return broken(w, at, "continues a record of another length");
	return 0;
}

/* The header, or what there is of it, has arrived. */
static int
read_header(struct bk_walk *w)
{
	memcpy(&w->h.length, w->raw, sizeof(w->h.length));
	if (w->h.length < BK_LOGRECORD_HEADER)
		return broken(w, w->at, w->h.length == 0 ? "no WAL record "
		    "here, only zeros" :
		    "no record");
	if (w->have < BK_LOGRECORD_HEADER)
		return 0;
	bk_logrecord_header(w->raw, &w->h);
	if (!bk_logrecord_plausible(&w->h, w->at, w->before, w->any))
		return broken(w, w->at, "a record that does not follow the "
		    "one before it");
	w->crc = 0;
	w->body.len = 0;
	return 0;
}

/* The record is complete. */
static int
finish(struct bk_walk *w, uint64_t end)
{
	struct bk_logrecord r = { .at = w->at, .end = end };

	if (bk_crc32c(w->crc, w->raw, BK_LOGRECORD_HEADER - sizeof(w->h.crc)) !=
	    w->h.crc)
		return broken(w, w->at, "a record's checksum is wrong");
	bk_logrecord_parse(&w->h, bk_majors_by_magic(w->magic),
	    (const uint8_t *)w->body.data, w->body.len, &r);
	w->before = w->at;
	w->any = 1;
	w->have = 0;
	w->switched = r.kind == BK_LOGRECORD_SWITCH;
	if (w->switched)
		r.end = (r.end + w->o.segment - 1) & ~(w->o.segment - 1);
	w->end = r.end;
	w->stopped = w->o.record(w->o.ctx, &r);
	return 0;
}

/* n bytes of the record's body. */
static int
take_body(struct bk_walk *w, const uint8_t *p, size_t n, struct bk_err *e)
{
	w->crc = bk_crc32c(w->crc, p, n);
	if (!bk_logrecord_wanted(&w->h) || w->body.len >= BK_WALK_BODY)
		return 0;
	return bk_buf_add(&w->body, p, n, e);
}

/*
 * Take the bytes from *off on: as many as there are of one header or body.  A
 * record begins at a multiple of 8, so that its length is never cut.
 */
static int
take(struct bk_walk *w, uint64_t at, unsigned *off, struct bk_err *e)
{
	unsigned left = w->page - *off;
	uint64_t n;
	int rc;

	if (w->have == 0)
		w->at = at + *off;
	if (w->have < BK_LOGRECORD_HEADER) {
		n = BK_LOGRECORD_HEADER - w->have;
		n = n < left ? n : left;
		w->torn = at + *off + n;
		memcpy(w->raw + w->have, w->buf + *off, n);
		w->have += n;
		rc = read_header(w);
	} else {
		n = w->h.length - w->have;
		n = n < left ? n : left;
		w->torn = at + *off + n;
		rc = take_body(w, w->buf + *off, n, e);
		w->have += n;
	}
	*off += (unsigned)n;
	if (rc == 0 && w->have >= BK_LOGRECORD_HEADER &&
	    w->have == w->h.length) {
		*off = (*off + 7) & ~7u;
		rc = finish(w, at + *off);
	}
	return rc;
}

/* 0, or -1: broken, or *e set. */
static int
walk_page(struct bk_walk *w, uint64_t at, struct bk_err *e)
{
	struct bk_wal_page h;
	unsigned off;

	bk_wal_page_read(w->buf, PAGE_MIN, &h);
	w->torn = at;
	if (check_page(w, &h, at) == -1)
		return -1;
	off = h.header;
	if (at + w->page <= w->o.start)
		return 0;
	if (at + off < w->o.start)
		off = (unsigned)(w->o.start - at);
	else if (at > w->o.start && check_continuation(w, &h, at) == -1)
		return -1;
	while (off < w->page && !w->stopped && !w->switched)
		if (take(w, at, &off, e) == -1)
			return -1;
	return 0;
}

/* 1; 0: the input ended too early; -1 with *e set. */
static int
fill(struct bk_source src, uint8_t *buf, size_t n, struct bk_err *e)
{
	size_t have = 0;
	ssize_t r;

	while (have < n) {
		if ((r = src.read(src.ctx, buf + have, n - have, e)) == -1)
			return -1;
		if (r == 0)
			return 0;
		have += (size_t)r;
	}
	return 1;
}

/*
 * A page; of the first one its beginning, which says how long the others are.
 */
static int
read_page(struct bk_walk *w, struct bk_source src, uint64_t at,
    struct bk_err *e)
{
	struct bk_wal_page h;
	unsigned have = 0;
	int r = 1;

	w->torn = at;
	if (w->page == 0) {
		have = PAGE_MIN;
		r = fill(src, w->buf, have, e);
		bk_wal_page_read(w->buf, PAGE_MIN, &h);
		if (r == 1 && check_page(w, &h, at) == -1)
			return -1;
	}
	if (r == 1 && have < w->page)
		r = fill(src, w->buf + have, w->page - have, e);
	return r == 0 ? broken(w, at, "the segment ends there") : r;
}

enum bk_walk_end
bk_walk_segment(struct bk_walk *w, struct bk_source src, uint32_t timeline,
    struct bk_err *e)
{
	uint64_t at = w->number * w->o.segment, end = at + w->o.segment;
	int rc = 0;

	w->file = timeline;
	w->why[0] = '\0';
	w->switched = 0;
	while (rc == 0 && at < end && !w->stopped && !w->switched) {
		if (read_page(w, src, at, e) == -1 ||
		    walk_page(w, at, e) == -1)
			rc = -1;
		at += w->page;
	}
	if (rc == -1)
		return e->code != BK_OK ? BK_WALK_FAILED : BK_WALK_BROKEN;
	if (w->stopped)
		return BK_WALK_STOPPED;
	w->number++;
	return BK_WALK_NEXT;
}

uint64_t
bk_walk_number(const struct bk_walk *w)
{
	return w->number;
}

uint64_t
bk_walk_end(const struct bk_walk *w)
{
	return w->end;
}

uint64_t
bk_walk_torn(const struct bk_walk *w)
{
	return w->torn;
}

const char *
bk_walk_why(const struct bk_walk *w)
{
	return w->why;
}

void
bk_walk_free(struct bk_walk *w)
{
	if (w == NULL)
		return;
	bk_buf_free(&w->body);
	free(w->buf);
	free(w);
}
