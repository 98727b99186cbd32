#define _GNU_SOURCE		/* mkostemp */
#include "wal/spool.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "stream/store.h"

#define POSITION "position"
#define POSITION_MAX 4096	/* bytes of that file, at most */
#define SECTOR 512		/* what a disk writes at once, or not */
#define BLOCK (64 * 1024)
#define AHEAD (16 << 20)	/* bytes of zeros that are written at once */

struct bk_spool {
	const char *name;	/* of the directory, borrowed */
	int is_temporary;	/* files without a name in it */
	int dir, lock;		/* -1: not open */
};

static int
lock_dir(struct bk_spool *s, struct bk_err *e)
{
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (s->lock == -1)
		return bk_fail_errno(e, "%s/lock", s->name);
	if (bk_io_lock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return bk_fail(e, BK_BUSY, "%s: another process uses it",
		    s->name);
	return bk_fail_errno(e, "%s/lock", s->name);
}

struct bk_spool *
bk_spool_open(const char *dir, const char *tmpdir, struct bk_err *e)
{
	struct bk_spool *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	s->is_temporary = dir == NULL;
	s->name = dir == NULL ? tmpdir : dir;
	s->lock = -1;
	s->dir = open(s->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir == -1)
		bk_fail_errno(e, "%s", s->name);
	else if (s->is_temporary || lock_dir(s, e) == 0)
		return s;
	bk_spool_free(s);
	return NULL;
}

void
bk_spool_free(struct bk_spool *s)
{
	if (s == NULL)
		return;
	if (s->lock != -1)
		close(s->lock);
	if (s->dir != -1)
		close(s->dir);
	free(s);
}

int
bk_spool_keeps(const struct bk_spool *s)
{
	return !s->is_temporary;
}

/* Fail by errno; a disk without room is tried again. */
static int
fail_write(const struct bk_spool *s, const char *what, struct bk_err *e)
{
	int full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;

	return bk_fail(e, full ? BK_BUSY : BK_FAIL, "%s: %s: %s", s->name,
	    what, strerror(errno));
}

/* "cluster=7391 host=db1 segment=16777216 timeline=1 lsn=0/5000000\n" */
static int
parse_position(const char *text, struct bk_spool_position *p)
{
	char segment[11], timeline[11], lsn[BK_LSN_TEXT];
	struct bk_err none = {0};
	uint64_t t;
	int end = 0;

	if (sscanf(text, "cluster=%20[0-9] host=%64s segment=%10[0-9] "
	    "timeline=%10[0-9] lsn=%17[0-9A-F/] %n", p->sysid, p->host,
	    segment, timeline, lsn, &end) != 5 || text[end] != '\0' ||
	    bk_num_parse(segment, BK_WAL_SEGMENT_MIN, BK_WAL_SEGMENT_MAX, "",
	    &p->segment, &none) == -1 || bk_num_parse(timeline, 1, UINT32_MAX,
	    "", &t, &none) == -1 || !bk_lsn_parse(lsn, &p->lsn))
		return -1;
	p->timeline = (uint32_t)t;
	return 0;
}

int
bk_spool_position(struct bk_spool *s, struct bk_spool_position *p,
    struct bk_err *e)
{
	struct bk_buf path = {0}, text = {0};
	int rc = 0;

	*p = (struct bk_spool_position){0};
	if (s->is_temporary ||
	    (faccessat(s->dir, POSITION, F_OK, 0) == -1 && errno == ENOENT))
		return 0;
	if (bk_buf_printf(&path, e, "%s/" POSITION, s->name) == -1 ||
	    bk_io_slurp(path.data, POSITION_MAX, &text, e) == -1)
		rc = -1;
	else if (text.data == NULL || parse_position(text.data, p) == -1)
		rc = bk_fail(e, BK_DATA, "%s: damaged; move the spool's "
		    "segments away and begin with an empty one", path.data);
	bk_buf_free(&path);
	bk_buf_free(&text);
	return rc;
}

int
bk_spool_record(struct bk_spool *s, const struct bk_spool_position *p,
    struct bk_err *e)
{
	struct bk_buf path = {0}, text = {0};
	char lsn[BK_LSN_TEXT];
	struct bk_err why = {0};
	int rc;

	if (s->is_temporary)
		return 0;
	bk_lsn_format(p->lsn, lsn);
	rc = bk_buf_printf(&path, &why, "%s/" POSITION, s->name);
	if (rc == 0)
		rc = bk_buf_printf(&text, &why, "cluster=%s host=%s segment=%"
		    PRIu64 " timeline=%" PRIu32 " lsn=%s\n", p->sysid,
		    p->host, p->segment, p->timeline, lsn);
	/* after any failure the old one is still there */
	if (rc == 0 && (rc = bk_store_replace(path.data, 0600, &text,
	    &why)) == -1)
		bk_fail(e, BK_BUSY, "%s", why.msg);
	else if (rc == -1)
		bk_fail(e, why.code, "%s", why.msg);
	bk_buf_free(&path);
	bk_buf_free(&text);
	return rc;
}

int
bk_spool_forget(const struct bk_spool *s, struct bk_err *e)
{
	return bk_spool_remove(s, POSITION, e);
}

/* Bytes of an open segment before the zeros at its end.  0, or -1. */
static int
find_length(int fd, const char *name, uint64_t *bytes, struct bk_err *e)
{
	uint8_t buf[BLOCK];
	struct stat st;
	ssize_t n, i;
	off_t at;

	if (fstat(fd, &st) == -1)
		return bk_fail_errno(e, "%s", name);
	for (at = st.st_size; at > 0; ) {
		at -= at % BLOCK != 0 ? at % BLOCK : BLOCK;
		if ((n = bk_io_pread(fd, buf, sizeof(buf), at, name, e)) == -1)
			return -1;
		for (i = n; i > 0; i--)
			if (buf[i - 1] != 0) {
				*bytes = (uint64_t)(at + i);
				return 0;
			}
	}
	*bytes = 0;
	return 0;
}

/* A file without a name. */
static int
open_temporary(const struct bk_spool *s, struct bk_err *e)
{
	struct bk_buf path = {0};
	int fd = -1;

	if (bk_buf_printf(&path, e, "%s/bk-walrecv.XXXXXX", s->name) == -1)
		return -1;
	if ((fd = mkostemp(path.data, O_CLOEXEC)) == -1)
		(void)fail_write(s, "a temporary file", e);
	else
		(void)unlink(path.data);
	bk_buf_free(&path);
	return fd;
}

static int
open_partial(const struct bk_spool *s, struct bk_spool_segment *seg,
    struct bk_err *e)
{
	char name[BK_WAL_NAME];
	struct stat st;

	bk_wal_partial_name(seg->name, name);
	seg->fd = openat(s->dir, name, O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (seg->fd == -1)
		return fail_write(s, name, e);
	if (fstat(seg->fd, &st) == -1)
		return bk_fail_errno(e, "%s/%s", s->name, name);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > seg->size)
		return bk_fail(e, BK_DATA, "%s/%s: larger than a segment",
		    s->name, name);
	seg->allocated = (uint64_t)st.st_size;
	if (find_length(seg->fd, name, &seg->have, e) == -1)
		return -1;
	return bk_store_sync_dir(s->dir, s->name, e);
}

int
bk_spool_begin(struct bk_spool *s, const struct bk_spool_position *p,
    struct bk_spool_segment *seg, struct bk_err *e)
{
	int rc;

	*seg = (struct bk_spool_segment){ .fd = -1, .size = p->segment,
	    .start = p->lsn & ~(p->segment - 1) };
	bk_wal_segment_name(p->timeline, seg->start, p->segment, seg->name);
	if (s->is_temporary)
		rc = (seg->fd = open_temporary(s, e)) == -1 ? -1 : 0;
	else
		rc = open_partial(s, seg, e);
	if (rc == -1) {
		if (seg->fd != -1)
			close(seg->fd);
		*seg = (struct bk_spool_segment){ .fd = -1 };
	}
	return rc;
}

/* Write it all; a short write may come before "no room". */
static int
write_at(const struct bk_spool *s, const struct bk_spool_segment *seg,
    uint64_t off, const uint8_t *p, size_t n, struct bk_err *e)
{
	ssize_t w;

	for (; n > 0; p += w, n -= (size_t)w, off += (uint64_t)w)
		if ((w = pwrite(seg->fd, p, n, (off_t)off)) == -1) {
			if (errno != EINTR)
				return fail_write(s, seg->name, e);
			w = 0;
		}
	return 0;
}

/*
 * Zeros up to end at least: a sync then writes data, no metadata, and does not
 * find the disk full.
 */
static int
allocate(const struct bk_spool *s, struct bk_spool_segment *seg, uint64_t end,
    struct bk_err *e)
{
	static const uint8_t zeros[BLOCK];
	uint64_t to = seg->size < AHEAD ? seg->size :
	    (end + AHEAD - 1) / AHEAD * AHEAD;
	size_t n;

	if (s->is_temporary || end <= seg->allocated)
		return 0;
	for (; seg->allocated < to; seg->allocated += n) {
		n = to - seg->allocated < BLOCK ?
		    (size_t)(to - seg->allocated) : BLOCK;
		if (write_at(s, seg, seg->allocated, zeros, n, e) == -1)
			return -1;
	}
	return 0;
}

static int
are_zeros(const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0)
		p++, n--;
	return n == 0;
}

/*
 * Are the n bytes at off, in the file before, the new ones?  After a crash of
 * the host, what was not synced may be missing in whole sectors, or at the end
 * of one.
 */
static int
agree(const uint8_t *old, const uint8_t *new, size_t n, uint64_t off)
{
	size_t i, len;

	for (; n > 0; old += len, new += len, n -= len, off += len) {
		len = SECTOR - (size_t)(off % SECTOR);
		if (len > n)
			len = n;
		for (i = 0; i < len && old[i] == new[i]; i++)
			;
		if (!are_zeros(old + i, len - i))
			return 0;
	}
	return 1;
}

/* Compare with what was received before. */
static int
compare(const struct bk_spool *s, const struct bk_spool_segment *seg,
    uint64_t off, const uint8_t *p, size_t n, struct bk_err *e)
{
	uint8_t old[BLOCK];
	char at[BK_LSN_TEXT];
	size_t len;
	ssize_t got;

	if (n > seg->have - off)
		n = (size_t)(seg->have - off);
	for (; n > 0; off += len, p += len, n -= len) {
		len = n < sizeof(old) ? n : sizeof(old);
		got = bk_io_pread(seg->fd, old, len, (off_t)off, seg->name, e);
		if (got == -1)
			return -1;
		if (got != (ssize_t)len)
			return bk_fail(e, BK_FAIL, "%s: %s: has become shorter",
			    s->name, seg->name);
		if (agree(old, p, len, off))
			continue;
		bk_lsn_format(seg->start + off, at);
		return bk_fail(e, BK_DATA, "%s: the server's WAL at %s is not "
		    "what was received there before; was it restored from an "
		    "earlier copy?", seg->name, at);
	}
	return 0;
}

int
bk_spool_write(struct bk_spool *s, struct bk_spool_segment *seg, uint64_t lsn,
    const void *buf, size_t n, struct bk_err *e)
{
	uint64_t off = lsn - seg->start;

	if (lsn < seg->start || off > seg->have || n > seg->size - off)
		return bk_fail(e, BK_FAIL, "%s: the server sent WAL that "
		    "does not follow the last", seg->name);
	if ((off < seg->have && compare(s, seg, off, buf, n, e) == -1) ||
	    allocate(s, seg, off + n, e) == -1 ||
	    write_at(s, seg, off, buf, n, e) == -1)
		return -1;
	if (off + n > seg->have)
		seg->have = off + n;
	return 0;
}

int
bk_spool_sync(const struct bk_spool *s, const struct bk_spool_segment *seg,
    struct bk_err *e)
{
	if (!s->is_temporary && fdatasync(seg->fd) == -1)
		return bk_fail_errno(e, "%s: %s: fdatasync", s->name,
		    seg->name);
	return 0;
}

int
bk_spool_finish(const struct bk_spool *s, const struct bk_spool_segment *seg,
    time_t at, struct bk_err *e)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
	    { .tv_sec = at } };
	char name[BK_WAL_NAME];

	if (s->is_temporary)
		return 0;
	bk_wal_partial_name(seg->name, name);
	if (futimens(seg->fd, times) == -1 || fsync(seg->fd) == -1 ||
	    renameat(s->dir, name, s->dir, seg->name) == -1)
		return bk_fail_errno(e, "%s/%s", s->name, name);
	return bk_store_sync_dir(s->dir, s->name, e);
}

int
bk_spool_store(struct bk_spool *s, const char *name, const struct bk_buf *text,
    int *fd, struct bk_err *e)
{
	struct bk_buf path = {0};
	struct bk_err why = {0};
	int rc;

	*fd = -1;
	if (s->is_temporary) {
		if ((*fd = open_temporary(s, e)) == -1)
			return -1;
		if (bk_io_write(*fd, text->data, text->len, name, e) == 0)
			return 0;
		close(*fd);
		*fd = -1;
		return -1;
	}
	if (bk_buf_printf(&path, e, "%s/%s", s->name, name) == -1)
		return -1;
	if ((rc = bk_store_replace(path.data, 0600, text, &why)) == -1)
		bk_fail(e, BK_BUSY, "%s", why.msg);
	bk_buf_free(&path);
	return rc;
}

struct names {
	char (*v)[BK_WAL_NAME];
	size_t n, cap;
};

static int
add_name(struct names *all, const char *name, struct bk_err *e)
{
	enum bk_wal_file kind = bk_wal_file_kind(name);
	void *more;

	if (kind != BK_WAL_FILE_SEGMENT && kind != BK_WAL_FILE_PARTIAL &&
	    kind != BK_WAL_FILE_HISTORY)
		return 0;
	if (all->n == all->cap) {
		more = reallocarray(all->v, 2 * all->cap + 64,
		    sizeof(*all->v));
		if (more == NULL)
			return bk_fail_memory(e);
		all->v = more;
		all->cap = 2 * all->cap + 64;
	}
	(void)snprintf(all->v[all->n++], sizeof(*all->v), "%.40s",
	    name);
	return 0;
}

/* '.' comes before the digits: a timeline's history before its segments. */
static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int
read_names(const struct bk_spool *s, struct names *all, struct bk_err *e)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (d == NULL) {
		bk_fail_errno(e, "%s", s->name);
		if (fd != -1)
			close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		rc = add_name(all, entry->d_name, e);
	if (rc == 0 && errno != 0)
		rc = bk_fail_errno(e, "%s", s->name);
	closedir(d);
	return rc;
}

int
bk_spool_each(struct bk_spool *s, int (*each)(void *ctx, const char *name,
    struct bk_err *e), void *ctx, struct bk_err *e)
{
	struct names all = {0};
	size_t i;
	int rc = s->is_temporary ? 0 : read_names(s, &all, e);

	if (all.n > 0)
		qsort(all.v, all.n, sizeof(*all.v), by_name);
	for (i = 0; rc == 0 && i < all.n; i++)
		rc = each(ctx, all.v[i], e);
	free(all.v);
	return rc;
}

int
bk_spool_open_file(const struct bk_spool *s, const char *name,
    struct bk_err *e)
{
	int fd = openat(s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd == -1 ? bk_fail_errno(e, "%s/%s", s->name, name) : fd;
}

int
bk_spool_remove(const struct bk_spool *s, const char *name, struct bk_err *e)
{
	if (unlinkat(s->dir, name, 0) == -1 && errno != ENOENT)
		return bk_fail_errno(e, "%s/%s: remove", s->name, name);
	return 0;
}
