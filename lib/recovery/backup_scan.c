#include "recovery/backup_scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/io.h"
#include "base/majors.h"
#include "datadir/base_judge.h"
#include "walfile/segment.h"

#define TEXT_MAX (64 * 1024)	/* of backup_label and the like */

struct surveyor {
	struct bk_survey *s;
	struct bk_tar *tar;
	struct bk_base_judge *judge;
	struct bk_progress *progress;
	uint8_t *buf;		/* BK_IO_BUFSZ bytes */
	int wal;
};

static int
read_text(struct surveyor *v, struct bk_buf *out, const char *path,
    struct bk_err *e)
{
	ssize_t n;

	while ((n = bk_tar_data(v->tar, v->buf, BK_IO_BUFSZ, e)) > 0) {
		if (out->len + (size_t)n > TEXT_MAX)
			return bk_fail(e, BK_DATA, "%s: larger than "
			    "PostgreSQL makes it", path);
		if (bk_buf_add(out, v->buf, (size_t)n, e) == -1)
			return -1;
	}
	return (int)n;
}

static int
read_version(struct surveyor *v, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = read_text(v, &text, "PG_VERSION", e);

	if (rc == 0 && text.data != NULL)
		v->s->major = (int)strtol(text.data, NULL, 10);
	bk_buf_free(&text);
	return rc;
}

static int
see_file(void *ctx, const struct bk_manifest_file *f, struct bk_err *e)
{
	(void)ctx;
	(void)f;
	(void)e;
	return 0;
}

static int
see_wal(void *ctx, const struct bk_manifest_wal *w, struct bk_err *e)
{
	struct bk_survey *s = ctx;

	(void)e;
	if (w->end > s->end)
		s->end = w->end;
	return 0;
}

static int
read_manifest(struct surveyor *v, struct bk_err *e)
{
	const struct bk_manifest_handler handler = { .file = see_file,
	    .wal = see_wal, .ctx = v->s };
	struct bk_backup_manifest *m;
	struct bk_manifest_summary sum;
	ssize_t n;
	int rc = -1;

	if ((m = bk_backup_manifest_open("backup_manifest", &handler, e)) ==
	    NULL)
		return -1;
	while ((n = bk_tar_data(v->tar, v->buf, BK_IO_BUFSZ, e)) > 0)
		if (bk_backup_manifest_feed(m, v->buf, (size_t)n, e) == -1)
			break;
	if (n == 0 && (rc = bk_backup_manifest_end(m, &sum, e)) == 0)
		(void)snprintf(v->s->sysid, sizeof(v->s->sysid), "%s",
		    sum.sysid);
	bk_backup_manifest_free(m);
	return rc;
}

/* A segment of the backup's own; name is checked to be that of one. */
static int
keep_wal(struct surveyor *v, const char *name, struct bk_err *e)
{
	int fd = openat(v->wal, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600), rc = 0;
	ssize_t n = 0;

	if (fd == -1)
		return bk_fail_errno(e, "%s: create", name);
	while (rc == 0 && (n = bk_tar_data(v->tar, v->buf, BK_IO_BUFSZ, e)) > 0)
		rc = bk_io_write(fd, v->buf, (size_t)n, name, e);
	if (bk_io_close(fd, name, e) == -1)
		rc = -1;
	return n == -1 ? -1 : rc;
}

static int
read_entry(struct surveyor *v, const struct bk_tar_entry *t, struct bk_err *e)
{
	static const char wal[] = "pg_wal/";
	char name[BK_WAL_NAME];
	const char *path;

	if (bk_base_judge_entry(v->judge, v->tar, t, &path, e) == -1)
		return -1;
	if (!bk_base_is_file(t))
		return 0;
	v->s->files++;
	v->s->bytes += t->size;
	v->progress->bytes += t->size;
	if (strcmp(path, "backup_label") == 0)
		return read_text(v, &v->s->label, path, e);
	if (strcmp(path, "tablespace_map") == 0)
		return read_text(v, &v->s->spaces, path, e);
	if (strcmp(path, "PG_VERSION") == 0)
		return read_version(v, e);
	if (strcmp(path, "backup_manifest") == 0)
		return read_manifest(v, e);
	if (strncmp(path, wal, sizeof(wal) - 1) != 0 ||
	    bk_wal_file_kind(path + sizeof(wal) - 1) != BK_WAL_FILE_SEGMENT)
		return 0;
	(void)snprintf(name, sizeof(name), "%s", path + sizeof(wal) - 1);
	return keep_wal(v, name, e);
}

int
bk_survey(struct bk_source src, const char *name, int wal,
    struct bk_progress *progress, struct bk_survey *s, struct bk_err *e)
{
	struct surveyor v = { .s = s, .wal = wal, .progress = progress,
	    .tar = bk_tar_open(src, name, e), .buf = malloc(BK_IO_BUFSZ),
	    .judge = bk_base_judge_new(name, e) };
	struct bk_tar_entry t;
	int rc = -1;

	*s = (struct bk_survey){0};
	if (v.tar == NULL || v.buf == NULL || v.judge == NULL) {
		(void)bk_fail_memory(e);
		goto done;
	}
	while ((rc = bk_tar_next(v.tar, &t, e)) == 1)
		if ((rc = read_entry(&v, &t, e)) == -1)
			break;
	if (rc == 0 && (s->label.len == 0 || s->major == 0))
		rc = bk_fail(e, BK_DATA, "%s: not a base backup: there is no "
		    "%s in it", name, s->major == 0 ? "PG_VERSION" :
		    "backup_label");
	else if (rc == 0 && s->major > BK_PG_NEWEST)
		rc = bk_fail(e, BK_DATA, "%s: of PostgreSQL %d, which is "
		    BK_PG_YOUNGER, name, s->major, BK_PG_NEWEST);
 done:
	bk_base_judge_free(v.judge);
	bk_tar_free(v.tar);
	free(v.buf);
	return rc;
}

void
bk_survey_free(struct bk_survey *s)
{
	bk_buf_free(&s->label);
	bk_buf_free(&s->spaces);
}
