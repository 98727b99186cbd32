#include "basebackup/base_copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "archive/tar.h"
#include "base/path.h"
#include "walfile/segment.h"

#define PIECE (64 * 1024)
#define WAL_DIR "pg_wal/"

struct copy {
	const struct bk_base_copy *o;
	struct bk_tar *tar;	/* the archive that is being read */
	char prefix[32];	/* its place: "", "pg_tblspc/16384/" */
	struct bk_buf path;
	struct bk_file_sum sum;
	char head[BK_WAL_HEADER];	/* the begin of the file */
	char buf[PIECE];
};

int
bk_base_path_is_safe(const char *path)
{
	size_t n;

	for (; (n = bk_path_name(path)) > 0; path += n + 1)
		if (path[n] == '\0')
			return 1;
	return 0;
}

/* The entry's place in our tar, without a directory's last '/'. */
static int
set_path(struct copy *c, const char *name, struct bk_err *e)
{
	size_t n;

	if (strncmp(name, "./", 2) == 0)	/* as some directories have */
		name += 2;
	n = strlen(name);
	while (n > 0 && name[n - 1] == '/')
		n--;
	c->path.len = 0;
	if (bk_buf_puts(&c->path, c->prefix, e) == -1 ||
	    bk_buf_add(&c->path, name, n, e) == -1)
		return -1;
	return bk_base_path_is_safe(c->path.data) ? 0 : bk_fail(e, BK_DATA,
	    "%s: the server sent a path that cannot be in a data directory",
	    name);
}

/* A segment of WAL, which no manifest lists. */
static int
check_segment(const struct copy *c, size_t n, uint64_t size, struct bk_err *e)
{
	const char *name = c->path.data + strlen(WAL_DIR);
	struct bk_wal_header h;

	if (strncmp(c->path.data, WAL_DIR, strlen(WAL_DIR)) != 0 ||
	    bk_wal_file_kind(name) != BK_WAL_FILE_SEGMENT)
		return 0;
	if (!bk_wal_header_read(c->head, n, &h))
		return bk_wal_header_fail(c->head, n, c->path.data,
		    "the server sent it, but it is not a WAL segment", e);
	return bk_wal_segment_check(&h, name, size, c->o->sysid, e);
}

/* A file's data, its checksum on the way. */
static int
copy_data(struct copy *c, uint64_t size, struct bk_err *e)
{
	struct bk_progress *p = c->o->progress;
	size_t head = 0, more;
	ssize_t n;

	/* the server's estimate has no WAL in it */
	if (strncmp(c->path.data, WAL_DIR, strlen(WAL_DIR)) == 0 &&
	    atomic_load(&p->bytes_total) != 0)
		atomic_fetch_add(&p->bytes_total, size);
	if (bk_file_sum_start(&c->sum, BK_SUM_CRC32C, e) == -1)
		return -1;
	while ((n = bk_tar_data(c->tar, c->buf, sizeof(c->buf), e)) > 0) {
		more = sizeof(c->head) - head;
		if (more > (size_t)n)
			more = (size_t)n;
		memcpy(c->head + head, c->buf, more);
		head += more;
		if (bk_file_sum_update(&c->sum, c->buf, (size_t)n, e) == -1 ||
		    bk_tar_write_data(c->o->out, c->buf, (size_t)n, e) == -1)
			return -1;
		atomic_fetch_add(&p->bytes, (uint64_t)n);
	}
	if (n == -1 || check_segment(c, head, size, e) == -1)
		return -1;
	return bk_file_table_add(c->o->files, c->path.data, size, &c->sum, 1,
	    e);
}

static int
copy_entry(struct copy *c, const struct bk_tar_entry *entry, struct bk_err *e)
{
	struct bk_tar_entry_out out = { .type = '5', .mode = entry->mode,
	    .mtime = entry->mtime };

	if (set_path(c, entry->path, e) == -1)
		return -1;
	out.path = c->path.data;
	switch (entry->type) {
	case '0':
		out.type = '0';
		out.size = entry->size;
		return bk_tar_write_entry(c->o->out, &out, e) == -1 ? -1 :
		    copy_data(c, entry->size, e);
	case '5':
		return bk_tar_write_entry(c->o->out, &out, e);
	}
	return bk_fail(e, BK_DATA, "%s: the server sent it, but it is neither "
	    "a file nor a directory", out.path);
}

/*
 * Where the archive's entries go.  A tablespace's directory is not in it; its
 * files come before tablespace_map, which says where it was, so the entry says
 * that already, in the name of a link, which tar(1) ignores.
 */
static int
set_place(struct copy *c, const struct bk_base_archive *a, struct bk_err *e)
{
	const struct bk_tar_entry_out dir = { .path = c->prefix, .type = '5',
	    .link = a->location, .mode = 0700, .mtime = c->o->at };

	c->prefix[0] = '\0';
	if (a->kind == BK_BASE_MAIN)
		return 0;
	(void)snprintf(c->prefix, sizeof(c->prefix), "pg_tblspc/%" PRIu32 "/",
	    a->oid);
	return bk_tar_write_entry(c->o->out, &dir, e);
}

static int
copy_archive(struct copy *c, const struct bk_base_archive *a, struct bk_err *e)
{
	const struct bk_source src = { .read = bk_base_stream_read,
	    .ctx = c->o->in };
	struct bk_tar_entry entry;
	int r = -1;

	if (set_place(c, a, e) == -1)
		return -1;
	if ((c->tar = bk_tar_open(src, "base backup", e)) == NULL)
		return -1;
	while ((r = bk_tar_next(c->tar, &entry, e)) == 1)
		if ((r = copy_entry(c, &entry, e)) == -1)
			break;
	bk_tar_free(c->tar);
	c->tar = NULL;
	return r;
}

static int
read_manifest(struct copy *c, struct bk_err *e)
{
	struct bk_buf *to = c->o->manifest;
	ssize_t n;

	while ((n = bk_base_stream_read(c->o->in, c->buf, sizeof(c->buf),
	    e)) > 0) {
		if (to->len + (size_t)n > BK_BASE_MANIFEST_MAX)
			return bk_fail(e, BK_DATA, "backup_manifest: more "
			    "than 1 GiB");
		if (bk_buf_add(to, c->buf, (size_t)n, e) == -1)
			return -1;
	}
	return (int)n;
}

int
bk_base_copy_run(const struct bk_base_copy *o, struct bk_err *e)
{
	struct copy c = { .o = o };
	struct bk_base_archive a;
	int r;

	while ((r = bk_base_stream_next(o->in, &a, e)) == 1) {
		r = a.kind == BK_BASE_MANIFEST ? read_manifest(&c, e) :
		    copy_archive(&c, &a, e);
		if (r == -1)
			break;
	}
	bk_buf_free(&c.path);
	bk_file_sum_free(&c.sum);
	return r;
}
