#include "recovery/whole_segment.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "recovery/walk.h"
#include "wal/segment.h"

/* A page's header (PostgreSQL's XLogPageHeaderData). */
#define SHORT_HEADER 24
enum { CONTINUES = 1, OVERWRITES = 8 };

struct file {
	const char *path;
	int fd;
};

/*
 * The bytes of a record that the page at off of the file goes on with; -1 and,
 * if the file cannot be read, *e.
 */
static int
continued(const struct file *f, uint64_t off, uint32_t *rest,
    struct bk_err *e)
{
	uint8_t p[SHORT_HEADER];
	uint16_t flags;

	if (bk_io_pread(f->fd, p, sizeof(p), (off_t)off, f->path, e) !=
	    sizeof(p))
		return -1;
	memcpy(&flags, p + 2, sizeof(flags));
	memcpy(rest, p + 16, sizeof(*rest));
	if (flags & OVERWRITES)
		return -1;
	if (!(flags & CONTINUES))
		*rest = 0;
	return 0;
}

/*
 * Where in the file the first record begins; its size if none does, or if that
 * cannot be told without the segment before it, whose record it was.
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
		header = SHORT_HEADER;
	}
	return h->segment;
}

static ssize_t
read_file(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	const struct file *f = ctx;

	return bk_io_read(f->fd, buf, n, f->path, e);
}

static int
go_on(void *ctx, const struct bk_logrecord *r)
{
	(void)ctx;
	(void)r;
	return 0;
}

static int
walk(struct file *f, const char *name, const struct bk_wal_header *h,
    uint64_t first, struct bk_err *e)
{
	const struct bk_walk_options o = { .start = h->address + first,
		.segment = h->segment, .record = go_on };
	const struct bk_source src = { read_file, f };
	struct bk_walk *w = bk_walk_new(&o, e);
	enum bk_walk_end end;
	int rc = -1;

	if (w == NULL)
		return -1;
	end = bk_walk_segment(w, src, bk_wal_file_timeline(name), e);
	if (end == BK_WALK_BROKEN)
		bk_fail(e, BK_DATA, "%s: damaged: %s", name, bk_walk_why(w));
	else if (end != BK_WALK_FAILED)
		rc = 0;
	bk_walk_free(w);
	return rc;
}

int
bk_whole_segment_check(const char *name, const char *path, struct bk_err *e)
{
	struct file f = { path, open(path, O_RDONLY | O_CLOEXEC) };
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header h;
	uint64_t first;
	ssize_t n;
	int rc = 0;

	if (f.fd == -1)
		return bk_fail_errno(e, "%s", path);
	n = bk_io_pread(f.fd, head, sizeof(head), 0, path, e);
	/* of a failed read the failure is known already, and kept */
	if (n != sizeof(head) ||
	    !bk_wal_header_read(head, sizeof(head), &h) ||
	    h.page < 2 * BK_WAL_HEADER)
		rc = bk_fail(e, BK_DATA, "%s: not WAL", name);
	else if ((first = first_record(&f, &h, e)) < h.segment)
		rc = walk(&f, name, &h, first, e);
	else if (e->code != BK_OK)
		rc = -1;
	close(f.fd);
	return rc;
}
