/* From the tar stream to files (datadir.h). */
#include "datadir/datadir_in.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/majors.h"
#include "walfile/backup_label.h"

#define TEXT_MAX (1024 * 1024)	/* of a file that is read as well */

/* 0640 and 0750 where the cluster is readable by its group. */
static mode_t
mode_of(const struct bk_tar_entry *entry)
{
	return entry->type == '5' ? (entry->mode & 0750) | 0700 :
	    (entry->mode & 0640) | 0600;
}

/* A tablespace has only PG_15_202209061, even if a stream says otherwise. */
static int
check_space(const struct bk_datadir *d, const char *path, struct bk_err *e)
{
	size_t i, n;

	for (i = 0; i < d->nspaces; i++) {
		n = strlen(d->space[i].path);
		if (strncmp(path, d->space[i].path, n) != 0 || path[n] != '/')
			continue;
		path += n + 1;
		if (strncmp(path, "PG_", 3) != 0 ||
		    path[3 + strspn(path + 3, "0123456789_")] != '/')
			return bk_fail(e, BK_DATA, "%s: %s/%.200s: refused: "
			    "not a file of a tablespace", d->name,
			    d->space[i].path, path);
	}
	return 0;
}

static int
unpack_dir(struct bk_datadir *d, const char *path,
    const struct bk_tar_entry *entry, struct bk_err *e)
{
	/* one that was a directory there, without a place, stays one */
	if (!bk_base_is_space(path) || *entry->link != '/' || d->o.in_place)
		return bk_tree_mkdir(d->tree, path, mode_of(entry), e);
	/* with its link, another run knows the files in it for ours */
	return bk_datadir_add_space(d, path, entry->link, e) == -1 ? -1 :
	    bk_datadir_link_space(d, path, e);
}

/*
 * In delta: the file that is there; -1 without *e set: there is none.  One with
 * several names is not changed, as its other name may be somebody's copy.
 */
static int
open_old(struct bk_datadir *d, const char *place, struct bk_err *e)
{
	struct stat st;
	int fd = bk_tree_open_file(d->tree, place, O_RDWR, e);

	if (fd == -1 || (fstat(fd, &st) == 0 && st.st_nlink == 1))
		return fd;
	close(fd);
	(void)bk_tree_remove(d->tree, place, e);
	return -1;
}

/* Begin to write the file; NULL with *e set. */
static struct bk_file_written *
begin_file(struct bk_datadir *d, const char *path,
    const struct bk_tar_entry *entry, struct bk_err *e)
{
	const char *place = bk_datadir_place(path);
	struct bk_file_target t = { .fd = -1, .mode = mode_of(entry),
	    /* a server writes into old WAL files, and counts on their room */
	    .holes = strncmp(path, "pg_wal/", 7) != 0 };

	d->shown.len = 0;
	if (bk_buf_printf(&d->shown, e, "%s/%s", d->o.dir, path) == -1)
		return NULL;
	t.path = d->shown.data;
	if (d->updating)
		t.fd = open_old(d, place, e);
	t.exists = t.fd != -1;
	if (t.fd == -1 && e->code == BK_OK)
		t.fd = bk_tree_create(d->tree, place, e);
	return t.fd == -1 ? NULL : bk_file_writer_begin(d->writer, &t, e);
}

/* Fill the buffer from the entry's data: the bytes, 0 at its end, -1. */
static ssize_t
fill(struct bk_datadir *d, char *buf, struct bk_err *e)
{
	size_t have = 0;
	ssize_t n = 1;

	for (; n > 0 && have < BK_FILE_PIECE; have += (size_t)n)
		if ((n = bk_tar_data(d->tar, buf + have, BK_FILE_PIECE - have,
		    e)) == -1)
			return -1;
	return (ssize_t)have;
}

/* The files that are read as well. */
static struct bk_buf *
text_of(struct bk_datadir *d, const char *path)
{
	return strcmp(path, BK_PG_VERSION) == 0 ? &d->version :
	    strcmp(path, "backup_label") == 0 ? &d->label :
	    strcmp(path, BK_TABLESPACE_MAP) == 0 ? &d->map : NULL;
}

static int
keep_text(struct bk_datadir *d, const char *path, const char *p, size_t n,
    struct bk_err *e)
{
	struct bk_buf *text = text_of(d, path);

	if (text == NULL)
		return 0;
	if (text->len + n > TEXT_MAX)
		return bk_fail(e, BK_DATA, "%s: %s: more than 1 MiB", d->name,
		    path);
	return bk_buf_add(text, p, n, e);
}

/* Read the entry's data: to be written unless f is NULL. */
static int
copy_data(struct bk_datadir *d, const char *path, struct bk_file_written *f,
    struct bk_err *e)
{
	ssize_t n = 0;
	char *buf;

	if (bk_file_sum_start(&d->file_sum, BK_SUM_CRC32C, e) == -1)
		return -1;
	while ((buf = bk_file_writer_buffer(d->writer, e)) != NULL &&
	    (n = fill(d, buf, e)) > 0) {
		if (bk_file_sum_update(&d->file_sum, buf, (size_t)n, e) ==
		    -1 || keep_text(d, path, buf, (size_t)n, e) == -1)
			return -1;
		if (f != NULL)
			bk_file_writer_put(d->writer, f, (size_t)n);
		d->sum.bytes += (uint64_t)n;
		if (d->o.progress != NULL)
			d->o.progress->bytes += (uint64_t)n;
	}
	return buf == NULL || n == -1 ? -1 : 0;
}

static int
unpack_file(struct bk_datadir *d, const char *path,
    const struct bk_tar_entry *entry, struct bk_err *e)
{
	struct bk_file_written *f = NULL;
	int rc;

	if (check_space(d, path, e) == -1)
		return -1;
	/* the map is written when it is known what belongs into it */
	if ((strcmp(path, BK_TABLESPACE_MAP) != 0 || d->o.in_place) &&
	    (f = begin_file(d, path, entry, e)) == NULL)
		return -1;
	rc = copy_data(d, path, f, e);
	if (f != NULL)
		bk_file_writer_end(d->writer, f);
	if (strcmp(path, BK_PG_VERSION) == 0)
		d->group = (entry->mode & 040) != 0;
	d->sum.files++;
	if (d->o.progress != NULL)
		d->o.progress->items++;
	return rc == -1 ? -1 : bk_base_judge_file(d->judge, path, entry->size,
	    &d->file_sum, 1, e);
}

static int
unpack_entry(struct bk_datadir *d, const struct bk_tar_entry *entry,
    struct bk_buf *path, struct bk_err *e)
{
	const char *p;

	if (bk_base_judge_entry(d->judge, d->tar, entry, &p, e) == -1)
		return -1;
	if (*p == '\0')
		return 0;
	path->len = 0;
	if (bk_buf_puts(path, p, e) == -1)
		return -1;
	return bk_base_is_file(entry) ?
	    unpack_file(d, path->data, entry, e) :
	    unpack_dir(d, path->data, entry, e);
}

static int
unpack_entries(struct bk_datadir *d, struct bk_source src, struct bk_err *e)
{
	struct bk_file_kept kept = {0};
	struct bk_tar_entry entry;
	struct bk_buf path = {0};
	int r = -1;

	d->writer = bk_file_writer_new(d->o.threads, e);
	if (d->writer != NULL && (d->tar = bk_tar_open(src, d->name, e)) !=
	    NULL)
		while ((r = bk_tar_next(d->tar, &entry, e)) == 1)
			if ((r = unpack_entry(d, &entry, &path, e)) == -1) {
				bk_datadir_blame(d, e);
				break;
			}
	/* the writers' failure is the cause, where there is one */
	if (d->writer != NULL && bk_file_writer_finish(d->writer, &kept, e) ==
	    -1)
		r = -1;
	d->sum.kept_files = kept.files;
	d->sum.kept_bytes = kept.bytes;
	bk_file_writer_free(d->writer);
	d->writer = NULL;
	bk_buf_free(&path);
	return r;
}

int
bk_datadir_version(struct bk_datadir *d, struct bk_err *e)
{
	const char *text = d->version.len > 0 ? d->version.data : "";
	char *end;
	long major = strtol(text, &end, 10);

	if (end == text || major < 1 || major > 999)
		return bk_fail(e, BK_DATA, "%s: no PG_VERSION in it: not a "
		    "base backup", d->name);
	if (major > BK_PG_NEWEST)
		return bk_fail(e, BK_DATA, "%s: of PostgreSQL %ld, which is "
		    BK_PG_YOUNGER, d->name, major, BK_PG_NEWEST);
	d->sum.major = (int)major;
	if (d->label.len > 0)
		d->sum.backup_label = d->label.data;
	return 0;
}

/* An increment alone is no data directory. */
static int
check_whole(const struct bk_datadir *d, struct bk_err *e)
{
	struct bk_start_label label;
	struct bk_err ignored = {0};

	(void)bk_start_label_parse(d->sum.backup_label, &label, &ignored);
	if (d->o.in_place || !label.increment)
		return 0;
	return bk_fail(e, BK_DATA, "%s: an incremental backup; give the full "
	    "one on standard input, and this one by --incremental", d->name);
}

int
bk_datadir_unpack(struct bk_datadir *d, struct bk_source src,
    const char *name, struct bk_err *e)
{
	d->name = name;
	if ((d->judge = bk_base_judge_new(name, e)) == NULL)
		return -1;
	if (d->updating && bk_datadir_delta_begin(d, e) == -1)
		return -1;
	if (unpack_entries(d, src, e) == -1 || bk_datadir_version(d, e) == -1 ||
	    check_whole(d, e) == -1 ||
	    bk_datadir_compare(d, e) == -1 ||
	    bk_datadir_link_spaces(d, e) == -1 ||
	    (d->updating && bk_datadir_delta_end(d, e) == -1)) {
		if (d->updating)
			bk_fail_add(e, "; PostgreSQL cannot start in it; run "
			    "again with --delta");
		return -1;
	}
	d->unpacked = 1;
	return 0;
}
