#include "restore_ddl.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io.h"

/* The first pg_restore that knows an archive's version. */
static int
first_program(int minor)
{
	return minor <= 14 ? 12 : minor == 15 ? 16 : 17;
}

/*
 * pg_restore 17 and later set transaction_timeout, which servers before 17
 * refuse.
 */
int
bk_restore_find_program(const struct bk_restore *r, const struct bk_bindir *b,
    int server_version, struct bk_buf *out, struct bk_err *e)
{
	const struct bk_toc *toc = bk_restore_toc(r);
	const int server = server_version / 10000;
	struct bk_bindir_range range = { .wanted = server,
	    .min = first_program(toc->minor),
	    .max = server < 17 ? 16 : INT_MAX };

	if (range.min > range.max)
		return bk_fail(e, BK_FAIL, "the archive is pg_dump %s's and "
		    "this server is PostgreSQL %d: it does not know "
		    "transaction_timeout, which pg_restore %d and later set; "
		    "restore to a server of version %d or later, or dump "
		    "with pg_dump %d", toc->dumper == NULL ? "" : toc->dumper,
		    server, range.min, range.min, server);
	if (range.wanted < range.min)
		range.wanted = range.min;
	return bk_bindir_find_range(b, "pg_restore", &range, out, e);
}

static int
write_file(const char *path, const struct bk_buf *text, struct bk_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), rc;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	rc = bk_io_write(fd, text->data, text->len, path, e);
	if (bk_io_close(fd, path, e) == -1)
		rc = -1;
	return rc;
}

/* The TOC, with every entry's data taken away. */
static int
write_toc(struct bk_restore_ddl *d, struct bk_err *e)
{
	const struct bk_toc *toc = d->toc;
	struct bk_buf raw = {0};
	size_t i;
	int rc = -1;

	if (bk_buf_add(&raw, toc->raw.data, toc->raw.len, e) == -1)
		goto done;
	for (i = 0; i < toc->n; i++) {
		const struct bk_toc_entry *te = &toc->entry[i];

		if (!te->has_data)
			continue;
		bk_archive_put_int((uint8_t *)raw.data + te->has_data_at, 0);
		raw.data[te->offset_at] = BK_OFFSET_NODATA;
	}
	rc = write_file(d->file.data, &raw, e);
 done:
	bk_buf_free(&raw);
	return rc;
}

int
bk_restore_ddl_open(struct bk_restore_ddl *d, const struct bk_restore *r,
    const struct bk_restore_options *o, int server_version, struct bk_err *e)
{
	*d = (struct bk_restore_ddl){ .toc = bk_restore_toc(r) };
	if (d->toc->server != NULL)
		d->older = server_version / 10000 <
		    strtol(d->toc->server, NULL, 10);
	if (bk_restore_client_open(&d->client, o, e) == -1 ||
	    bk_restore_find_program(r, &o->bindir, server_version,
	    &d->client.program, e) == -1 ||
	    bk_buf_printf(&d->jobs, e, "--jobs=%u", o->jobs) == -1 ||
	    bk_buf_printf(&d->dir, e, "%s/bk-restore.XXXXXX", o->tmpdir) == -1)
		return -1;
	if (mkdtemp(d->dir.data) == NULL) {
		bk_fail_errno(e, "%s", d->dir.data);
		d->dir.len = 0;
		return -1;
	}
	if (bk_buf_printf(&d->file, e, "%s/toc", d->dir.data) == -1)
		return -1;
	return write_toc(d, e);
}

void
bk_restore_ddl_close(struct bk_restore_ddl *d)
{
	if (d->file.len > 0)
		(void)unlink(d->file.data);
	if (d->dir.len > 0)
		(void)rmdir(d->dir.data);
	bk_buf_free(&d->dir);
	bk_buf_free(&d->file);
	bk_buf_free(&d->jobs);
	bk_restore_client_close(&d->client);
}

int
bk_restore_ddl_pre(struct bk_restore_ddl *d, struct bk_err *e)
{
	static char *const options[] = { "--section=pre-data",
	    "--section=data", "--no-acl", NULL };
	struct bk_err why = {0};

	if (bk_restore_client_run(&d->client, options, d->file.data, &why) == 0)
		return 0;
	if (!d->older)
		return bk_fail(e, why.code, "%s", why.msg);
	return bk_fail(e, why.code, "%.800s; the dump is of PostgreSQL %.40s, "
	    "newer than this server", why.msg, d->toc->server);
}

static int
begins(const char *s, const char *head)
{
	return s != NULL && strncmp(s, head, strlen(head)) == 0;
}

static int
is(const char *s, const char *what)
{
	return s != NULL && strcmp(s, what) == 0;
}

/* What pg_restore does behind privileges, and these themselves. */
static int
is_last(const struct bk_toc_entry *te)
{
	return is(te->desc, "ACL") || is(te->desc, "DEFAULT ACL") ||
	    is(te->desc, "EVENT TRIGGER") ||
	    is(te->desc, "MATERIALIZED VIEW DATA") ||
	    (is(te->desc, "COMMENT") && begins(te->tag, "EVENT TRIGGER ")) ||
	    (is(te->desc, "STATISTICS DATA") && te->section == 4);
}

/* Run pg_restore on the entries that are (not) the last ones. */
static int
run_listed(struct bk_restore_ddl *d, int last, char *const options[],
    struct bk_err *e)
{
	struct bk_buf list = {0}, path = {0}, arg = {0};
	char *argv[8] = { NULL };
	size_t i, n = 0;
	int rc = -1;

	for (i = 0; i < d->toc->n; i++)
		if (is_last(&d->toc->entry[i]) == last &&
		    bk_buf_printf(&list, e, "%d;\n", d->toc->entry[i].id) == -1)
			goto done;
	if (list.len == 0) {
		rc = 0;
		goto done;
	}
	if (bk_buf_printf(&path, e, "%s/list", d->dir.data) == -1 ||
	    bk_buf_printf(&arg, e, "--use-list=%s", path.data) == -1 ||
	    write_file(path.data, &list, e) == -1)
		goto done;
	argv[n++] = arg.data;
	argv[n++] = d->jobs.data;
	while (*options != NULL)
		argv[n++] = *options++;
	rc = bk_restore_client_run(&d->client, argv, d->file.data, e);
 done:
	if (path.len > 0)
		(void)unlink(path.data);
	bk_buf_free(&list);
	bk_buf_free(&path);
	bk_buf_free(&arg);
	return rc;
}

int
bk_restore_ddl_post(struct bk_restore_ddl *d, struct bk_err *e)
{
	static char *const post[] = { "--section=post-data", NULL };
	static char *const all[] = { NULL };

	if (run_listed(d, 0, post, e) == -1)
		return -1;
	return run_listed(d, 1, all, e);
}
