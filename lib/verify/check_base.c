/* Base backups (check.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/majors.h"
#include "datadir/base_judge.h"
#include "verify/check.h"
#include "verify/check_base_in.h"
#include "walfile/backup_label.h"

#define MANIFEST "backup_manifest"
#define MANIFEST_MAX (1024u * 1024 * 1024)

struct check {
	const char *name;
	struct bk_verdict *v;
	struct bk_progress *progress;
	struct bk_tar *tar;
	struct bk_base_judge *judge;
	struct bk_err odd;	/* an entry that no base backup has */
	struct bk_file_sum sum[2];	/* CRC-32C; SHA-256 */
	struct bk_base_found found;
	uint8_t head[BK_WAL_CONTROL];	/* of the current file */
	size_t head_len;
	struct bk_buf manifest;
	struct bk_buf version;		/* PG_VERSION */
	struct bk_buf label;		/* backup_label */
	int toc, restore_sql;		/* of pg_dump -Ft */
	int increment;			/* some files are parts of files */
	char buf[256 * 1024];
};

/* bk-base's manifests have CRC-32C only; others may have SHA-256. */
static size_t
sums_of(const struct check *c)
{
	return bk_tar_seal(c->tar) != NULL ? 1 : 2;
}

static void
keep_head(struct check *c, const char *p, size_t n)
{
	if (n > sizeof(c->head) - c->head_len)
		n = sizeof(c->head) - c->head_len;
	memcpy(c->head + c->head_len, p, n);
	c->head_len += n;
}

/* Checksum one file's data, and append it to keep unless that is NULL. */
static int
read_file(struct check *c, const char *path, struct bk_buf *keep,
    struct bk_err *e)
{
	uint64_t size = 0;
	size_t i, nsums = sums_of(c);
	ssize_t n;

	c->head_len = 0;
	for (i = 0; i < nsums; i++)
		if (bk_file_sum_start(&c->sum[i], i == 0 ? BK_SUM_CRC32C :
		    BK_SUM_SHA256, e) == -1)
			return -1;
	while ((n = bk_tar_data(c->tar, c->buf, sizeof(c->buf), e)) > 0) {
		size += (uint64_t)n;
		keep_head(c, c->buf, (size_t)n);
		for (i = 0; i < nsums; i++)
			if (bk_file_sum_update(&c->sum[i], c->buf, (size_t)n,
			    e) == -1)
				return -1;
		if (keep != NULL && keep->len + (size_t)n > MANIFEST_MAX)
			return bk_fail(e, BK_DATA, "%s: damaged: a manifest of "
			    "more than 1 GiB", c->name);
		if (keep != NULL && bk_buf_add(keep, c->buf, (size_t)n, e) ==
		    -1)
			return -1;
		if (c->progress != NULL)
			c->progress->bytes += (uint64_t)n;
	}
	return n == -1 ? -1 :
	    bk_base_judge_file(c->judge, path, size, c->sum, nsums, e);
}

/* pg_control begins with the identifier, in the byte order of its machine. */
static void
note_control(struct check *c)
{
	uint64_t sysid;

	if (c->head_len < sizeof(sysid))
		return;
	memcpy(&sysid, c->head, sizeof(sysid));
	(void)snprintf(c->found.sysid, sizeof(c->found.sysid), "%" PRIu64,
	    sysid);
	c->found.swapped = bk_wal_control_is_swapped(c->head, c->head_len);
}

/* A file was read; some say more than the manifest lists. */
static void
note_file(struct check *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct bk_start_label label;
	struct bk_err ignored = {0};

	c->toc |= strcmp(path, "toc.dat") == 0;
	c->restore_sql |= strcmp(path, "restore.sql") == 0;
	c->v->tables += path[0] >= '0' && path[0] <= '9';
	if (slash != NULL && strncmp(slash, "/INCREMENTAL.", 13) == 0)
		c->increment = 1;
	if (strcmp(path, "global/pg_control") == 0)
		note_control(c);
	if (strcmp(path, "backup_label") == 0 && c->label.data != NULL) {
		(void)bk_start_label_parse(c->label.data, &label, &ignored);
		c->found.start = label.start;
	}
}

static int
is_segment(const char *path)
{
	return strncmp(path, "pg_wal/", 7) == 0 &&
	    bk_wal_file_kind(path + 7) == BK_WAL_FILE_SEGMENT;
}

/* The buffer for files that are needed whole; NULL: any other. */
static struct bk_buf *
buffer_for(struct check *c, const char *path)
{
	return strcmp(path, MANIFEST) == 0 ? &c->manifest :
	    strcmp(path, "PG_VERSION") == 0 ? &c->version :
	    strcmp(path, "backup_label") == 0 ? &c->label : NULL;
}

/* A segment has its own checks, and no checksum. */
static int
read_segment(struct check *c, const char *path, uint64_t size,
    struct bk_err *e)
{
	return bk_check_base_segment(&c->found, c->tar,
	    path + strlen("pg_wal/"), size, e) == -1 ? -1 :
	    bk_base_judge_file(c->judge, path, size, NULL, 0, e);
}

static int
read_one(struct check *c, const struct bk_tar_entry *entry, const char *path,
    struct bk_err *e)
{
	struct bk_buf *keep = buffer_for(c, path);

	c->v->files++;
	c->v->bytes += entry->size;
	if (is_segment(path))
		return read_segment(c, path, entry->size, e);
	if (keep == &c->manifest)
		c->v->time = entry->mtime;
	if (read_file(c, path, keep, e) == -1)
		return -1;
	note_file(c, path);
	return 0;
}

/* What a base backup may have is judged once it is known to be one. */
static int
read_files(struct check *c, struct bk_err *e)
{
	struct bk_tar_entry entry;
	struct bk_err why;
	const char *path;
	int r;

	while ((r = bk_tar_next(c->tar, &entry, e)) == 1) {
		why = (struct bk_err){0};
		if (bk_base_judge_entry(c->judge, c->tar, &entry, &path,
		    &why) == 0) {
			if (bk_base_is_file(&entry) &&
			    read_one(c, &entry, path, e) == -1)
				return -1;
		} else if (why.code != BK_DATA) {
			*e = why;
			return -1;
		} else if (c->odd.code == BK_OK)
			c->odd = why;
	}
	return r;
}

static int
differs(void *ctx, const char *path, const struct bk_file_difference *d,
    struct bk_err *e)
{
	struct check *c = ctx;

	return bk_verdict_differs(c->v, d->want, d->got, e, "%s", path);
}

/* A file that the manifest lists. */
static int
check_file(void *ctx, const struct bk_manifest_file *f, struct bk_err *e)
{
	struct check *c = ctx;
	struct bk_file_difference d;
	int r = bk_base_judge_listed(c->judge, f, &d, e);

	return r == 1 ? differs(c, f->path, &d, e) : r;
}

static int
add_range(void *ctx, const struct bk_manifest_wal *w, struct bk_err *e)
{
	struct bk_base_found *f = &((struct check *)ctx)->found;
	struct bk_manifest_wal *more = bk_grow(f->range, f->nranges, NULL,
	    sizeof(*more), e);

	if (more == NULL)
		return -1;
	f->range = more;
	more[f->nranges++] = *w;
	return 0;
}

/* The manifest, its checksum included, and all files by it. */
static int
check_files(struct check *c, struct bk_err *e)
{
	const struct bk_manifest_handler handler = { .file = check_file,
	    .wal = add_range, .ctx = c };
	struct bk_backup_manifest *m = bk_backup_manifest_open(MANIFEST,
	    &handler, e);
	struct bk_manifest_summary summary;
	struct bk_digest d = {0};
	int rc = -1;

	if (m == NULL)
		return -1;
	if (bk_backup_manifest_feed(m, c->manifest.data, c->manifest.len,
	    e) == 0 && bk_backup_manifest_end(m, &summary, e) == 0)
		rc = bk_base_judge_rest(c->judge, differs, c, e);
	bk_backup_manifest_free(m);
	if (rc != 0)
		return -1;
	bk_digest_item(&d, c->manifest.data, c->manifest.len);
	bk_digest_format(&d, c->v->manifest);
	if (summary.sysid[0] != '\0' && !c->found.swapped &&
	    strcmp(summary.sysid, c->found.sysid) != 0)
		return bk_verdict_differs(c->v, summary.sysid, c->found.sysid,
		    e, "global/pg_control: system identifier");
	return 0;
}

/* pg_dump -Ft: the last thing that it writes is restore.sql. */
static int
check_pg_dump(struct check *c, struct bk_err *e)
{
	c->v->kind = "tar of pg_dump";
	c->v->proof = "structure";
	c->v->time = 0;
	return c->restore_sql ? 0 : bk_verdict_differs(c->v, "a file", "none",
	    e, "restore.sql");
}

/* A tar that reached its end, and nothing to check its files against. */
static int
check_plain(struct check *c, struct bk_err *e)
{
	c->v->kind = "tar";
	c->v->proof = "seal";
	if (c->v->sealed)
		return 0;
	return bk_fail(e, BK_FAIL, "%s: a tar without " MANIFEST ", not "
	    "sealed: nothing to check its files against; put bk-seal before "
	    "the program that writes it, or make a base backup with bk-base",
	    c->name);
}

/* Its files can be read here, its WAL cannot. */
static int
check_swapped(const struct check *c, struct bk_err *e)
{
	if (c->v->ndiff > 0)
		return 0;
	return bk_fail(e, BK_FAIL, "%s: a base backup of a machine of the "
	    "other byte order: its files are whole, but only a machine like "
	    "that can read its WAL; verify it there", c->name);
}

static int
check_base(struct check *c, struct bk_err *e)
{
	const long major = c->version.len == 0 ? 0 :
	    strtol(c->version.data, NULL, 10);

	c->v->tables = 0;
	if (major > BK_PG_NEWEST)
		return bk_fail(e, BK_DATA, "%s: of PostgreSQL %ld, which is "
		    BK_PG_YOUNGER, c->name, major, BK_PG_NEWEST);
	if (c->odd.code != BK_OK) {
		*e = c->odd;
		return -1;
	}
	if (check_files(c, e) == -1)
		return -1;
	if (c->found.swapped)
		return check_swapped(c, e);
	if (bk_check_base_wal(&c->found, c->tar, c->v, e) == -1)
		return -1;
	if (c->increment && bk_verdict_uncovered(c->v, e, "the earlier "
	    "backups that it is an increment to") == -1)
		return -1;
	if (c->version.len > 0)
		c->version.data[strcspn(c->version.data, "\n")] = '\0';
	return bk_verdict_set(&c->v->server_version, c->version.data, e);
}

static int
check_content(struct check *c, struct bk_err *e)
{
	if (c->manifest.len > 0)
		return check_base(c, e);
	if (c->toc)
		return check_pg_dump(c, e);
	c->v->tables = 0;
	return c->version.len == 0 ? check_plain(c, e) : bk_fail(e, BK_DATA,
	    "%s: no " MANIFEST " in this base backup: nothing to check it "
	    "against; make it with bk-base", c->name);
}

int
bk_check_tar(struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	struct check *c = calloc(1, sizeof(*c));
	int rc = -1;

	if (c == NULL)
		return bk_fail_memory(e);
	c->name = name;
	c->v = v;
	c->progress = progress;
	v->kind = "base";
	v->proof = "content";
	if ((c->judge = bk_base_judge_new(name, e)) != NULL &&
	    (c->tar = bk_tar_open(src, name, e)) != NULL &&
	    read_files(c, e) == 0 && check_content(c, e) == 0)
		rc = bk_verdict_judge(v, name, e);
	bk_file_sum_free(&c->sum[0]);
	bk_file_sum_free(&c->sum[1]);
	bk_base_judge_free(c->judge);
	bk_check_base_free(&c->found);
	bk_buf_free(&c->manifest);
	bk_buf_free(&c->version);
	bk_buf_free(&c->label);
	bk_tar_free(c->tar);
	free(c);
	return rc;
}
