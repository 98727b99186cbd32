#include "walfile/segment_check.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "walfile/segment.h"
#include "walfile/wal_reader.h"

#define BLOCK (64 * 1024)

struct file {
	const char *path;
	int fd;
	uint64_t at, size;	/* read so far; bytes that count */
	int cut;		/* zeros follow these */
};

/*
 * The bytes of a record that the page at off of the file goes on with; -1 and,
 * if the file cannot be read, *e.
 */
static int
continued(const struct file *f, uint64_t off, uint32_t *rest,
    struct bk_err *e)
{
	uint8_t p[BK_WAL_PAGE_SHORT];
	struct bk_wal_page h;

	if (f->size < sizeof(p) || off > f->size - sizeof(p) ||
	    bk_io_pread(f->fd, p, sizeof(p), (off_t)off, f->path, e) !=
	    sizeof(p))
		return -1;
	bk_wal_page_read(p, sizeof(p), &h);
	if (h.flags & BK_WAL_PAGE_OVERWRITES)
		return -1;
	*rest = h.flags & BK_WAL_PAGE_CONTINUES ? h.rest : 0;
	return 0;
}

/*
 * Where in the file the first record begins; its size if none does, or if only
 * the segment before it, whose record continues here, could tell.
 */
static uint64_t
first_record(const struct file *f, const struct bk_wal_header *h,
    struct bk_err *e)
{
	uint32_t header = BK_WAL_HEADER, rest, left;
	uint64_t off;

	if (continued(f, 0, &left, e) == -1)
		return h->segment;
	for (off = 0; off < h->segment; off += h->page) {
		if (off > 0 && (continued(f, off, &rest, e) == -1 ||
		    rest != left))
			return h->segment;
		if (left <= h->page - header)
			return off + ((header + left + 7) & ~(uint32_t)7);
		left -= h->page - header;
		header = BK_WAL_PAGE_SHORT;
	}
	return h->segment;
}

/* Not by the descriptor's position: others may use it. */
static ssize_t
read_file(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct file *f = ctx;
	ssize_t got;

	if (f->at == f->size && f->cut) {
		memset(buf, 0, n);
		return (ssize_t)n;
	}
	if (n > f->size - f->at)
		n = (size_t)(f->size - f->at);
	got = bk_io_pread(f->fd, buf, n, (off_t)f->at, f->path, e);
	if (got > 0)
		f->at += (uint64_t)got;
	return got;
}

static int
go_on(void *ctx, const struct bk_logrecord *r)
{
	(void)ctx;
	(void)r;
	return 0;
}

/* Walk from first on; *w is the walk then, to be freed.  FAILED: *e is set. */
static enum bk_walk_end
walk(struct file *f, const char *name, const struct bk_wal_header *h,
    uint64_t first, struct bk_walk **w, struct bk_err *e)
{
	const struct bk_walk_options o = { .start = h->address + first,
		.segment = h->segment, .record = go_on };
	const struct bk_source src = { read_file, f };

	if ((*w = bk_walk_new(&o, e)) == NULL)
		return BK_WALK_FAILED;
	return bk_walk_segment(*w, src, bk_wal_file_timeline(name), e);
}

/* 1: it has the header of a segment; 0: it has not; -1. */
static int
read_header(const struct file *f, struct bk_wal_header *h, struct bk_err *e)
{
	uint8_t head[BK_WAL_HEADER];
	ssize_t n = bk_io_pread(f->fd, head, sizeof(head), 0, f->path, e);

	if (n == -1)
		return -1;
	return n == sizeof(head) && f->size >= sizeof(head) &&
	    bk_wal_header_read(head, sizeof(head), h) &&
	    h->page >= 2 * BK_WAL_HEADER;
}

int
bk_whole_segment_check(const char *name, const char *path, struct bk_err *e)
{
	struct file f = { path, open(path, O_RDONLY | O_CLOEXEC), 0,
	    BK_WAL_SEGMENT_MAX, 0 };
	struct bk_walk *w = NULL;
	struct bk_wal_header h;
	enum bk_walk_end end;
	uint64_t first;
	int rc;

	if (f.fd == -1)
		return bk_fail_errno(e, "%s", path);
	if ((rc = read_header(&f, &h, e)) == 0)
		rc = bk_fail(e, BK_DATA, "%s: not WAL", name);
	else if (rc == 1 && (first = first_record(&f, &h, e)) < h.segment) {
		end = walk(&f, name, &h, first, &w, e);
		rc = end == BK_WALK_FAILED ? -1 : end != BK_WALK_BROKEN ? 0 :
		    bk_fail(e, BK_DATA, "%s: damaged: %s", name,
		    bk_walk_why(w));
	} else if (rc == 1)
		rc = e->code != BK_OK ? -1 : 0;
	bk_walk_free(w);
	close(f.fd);
	return rc;
}

/* The bytes before the zeros at the end of the first size ones. */
static int
before_zeros(const struct file *f, uint64_t *bytes, struct bk_err *e)
{
	uint8_t buf[BLOCK];
	uint64_t at;
	ssize_t n;

	for (at = f->size; at > 0; ) {
		at -= at % BLOCK != 0 ? at % BLOCK : BLOCK;
		n = f->size - at < BLOCK ? (ssize_t)(f->size - at) : BLOCK;
		if ((n = bk_io_pread(f->fd, buf, (size_t)n, (off_t)at, f->path,
		    e)) == -1)
			return -1;
		for (; n > 0; n--)
			if (buf[n - 1] != 0) {
				*bytes = at + (uint64_t)n;
				return 0;
			}
	}
	*bytes = 0;
	return 0;
}

int
bk_whole_segment_end(const char *name, int fd, uint64_t size, uint64_t *bytes,
    struct bk_err *e)
{
	struct file f = { name, fd, 0, size, 1 };
	enum bk_walk_end end = BK_WALK_FAILED;
	struct bk_walk *w = NULL;
	struct bk_wal_header h;
	uint64_t first = 0;
	int rc = read_header(&f, &h, e);

	if (rc == 1 && (first = first_record(&f, &h, e)) < size)
		end = walk(&f, name, &h, first, &w, e);
	if (rc == -1 || e->code != BK_OK)
		rc = -1;
	else if (end == BK_WALK_FAILED)
		rc = before_zeros(&f, bytes, e);
	else {
		/* after a switch of segments there are zeros */
		*bytes = bk_walk_end(w) - h.address;
		if (*bytes > size)
			*bytes = size;
		rc = 0;
	}
	bk_walk_free(w);
	return rc;
}
