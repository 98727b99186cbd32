#define _GNU_SOURCE		/* memfd_create(2) */
#include "restore/ddl.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "restore/script.h"

#define RANDOM "XX" "XX" "XX"	/* for mkstemp(3) */

/* The first pg_restore that reads an archive's version. */
static int
first_program(int minor)
{
	return minor <= 14 ? 12 : minor == 15 ? 16 : 17;
}

int
bk_restore_ddl_program(const struct bk_toc *toc, const struct bk_bindir *b,
    int server, int *too_new, struct bk_buf *out, struct bk_err *e)
{
	const int min = first_program(toc->minor);
	struct bk_bindir_range range = { .wanted = server < min ? min : server,
	    .min = min, .max = server < 17 ? 16 : INT_MAX };
	struct bk_err ignored = {0};

	*too_new = 0;
	if (min <= range.max && bk_bindir_find_range(b, "pg_restore", &range,
	    out, &ignored) == 0)
		return 0;
	*too_new = server < 17;
	out->len = 0;
	range.max = INT_MAX;
	return bk_bindir_find_range(b, "pg_restore", &range, out, e);
}

/* In memory; -1 where the system has no such files. */
static int
open_memory(void)
{
#ifdef __linux__
	return memfd_create("bk-restore", 0);
#else
	return -1;
#endif
}

/* The name of its descriptor, which a child inherits; 0: it has none. */
static int
name_descriptor(struct bk_ddl_file *f)
{
	static const char *const dirs[] = { "/dev/fd", "/proc/self/fd" };
	size_t i;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		(void)snprintf(f->name, sizeof(f->name), "%s/%d", dirs[i],
		    f->fd);
		if (access(f->name, R_OK) == 0)
			return 1;
	}
	return 0;
}

/*
 * A file that is never left behind, not even by SIGKILL: its only name is that
 * of the descriptor, which pg_restore inherits.  In a root without /dev and
 * /proc it keeps its own until the end; without /tmp it is in memory.
 */
static int
open_unnamed(struct bk_ddl_file *f, const char *tmpdir, struct bk_err *e)
{
	char own[sizeof(f->name)];
	int n = snprintf(own, sizeof(own), "%s/bk-restore." RANDOM, tmpdir);
	int absent;

	if (n < 0 || (size_t)n >= sizeof(own))
		return bk_fail(e, BK_FAIL, "TMPDIR: longer than a path may be");
	if ((f->fd = mkstemp(own)) == -1) {
		absent = errno == ENOENT;
		bk_fail_errno(e, "%s", own);
		bk_fail_add(e, "; set TMPDIR to another directory");
		if (!absent || (f->fd = open_memory()) == -1 ||
		    !name_descriptor(f))
			return -1;
		*e = (struct bk_err){0};
		return 0;
	}
	if (name_descriptor(f))
		return unlink(own) == 0 ? 0 : bk_fail_errno(e, "%s", own);
	memcpy(f->name, own, sizeof(own));
	f->named = 1;
	return 0;
}

static void
close_file(struct bk_ddl_file *f)
{
	if (f->fd != -1)
		close(f->fd);
	if (f->named)
		(void)unlink(f->name);
}

static int
write_file(const struct bk_ddl_file *f, const struct bk_buf *text,
    struct bk_err *e)
{
	if (ftruncate(f->fd, 0) == -1)
		return bk_fail_errno(e, "%s", f->name);
	return bk_io_pwrite(f->fd, text->data, text->len, 0, f->name, e);
}

/*
 * The path for pg_restore to open.  Except on Linux, opening it need not make
 * a new open file description, so the last reader's position is reset here.
 */
static const char *
rewound(const struct bk_ddl_file *f)
{
	(void)lseek(f->fd, 0, SEEK_SET);
	return f->name;
}

/* The TOC, every entry marked as having no data. */
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
	rc = write_file(&d->file, &raw, e);
 done:
	bk_buf_free(&raw);
	return rc;
}

int
bk_restore_ddl_open(struct bk_restore_ddl *d, const struct bk_toc *toc,
    const struct bk_restore_list *list, const struct bk_restore_options *o,
    int server_version, struct bk_err *e)
{
	*d = (struct bk_restore_ddl){ .toc = toc, .list = list,
	    .file.fd = -1, .list_file.fd = -1 };
	if (d->toc->server != NULL)
		d->older = server_version / 10000 <
		    strtol(d->toc->server, NULL, 10);
	if (bk_restore_program_open(&d->client, o, e) == -1 ||
	    bk_restore_ddl_program(toc, &o->bindir, server_version / 10000,
	    &d->by_script, &d->client.program, e) == -1 ||
	    bk_buf_printf(&d->jobs, e, "--jobs=%u", o->jobs) == -1 ||
	    open_unnamed(&d->file, o->tmpdir, e) == -1 ||
	    open_unnamed(&d->list_file, o->tmpdir, e) == -1)
		return -1;
	return write_toc(d, e);
}

void
bk_restore_ddl_close(struct bk_restore_ddl *d)
{
	close_file(&d->file);
	close_file(&d->list_file);
	bk_buf_free(&d->jobs);
	bk_restore_program_close(&d->client);
}

/* Newer pg_restore sets a parameter that older servers lack. */
static void
blank_timeout(const struct bk_restore_ddl *d, char *sql)
{
	static const char timeout[] = "\nSET transaction_timeout = 0;";
	char *p = d->by_script ? strstr(sql, timeout) : NULL;

	if (p != NULL)
		memset(p + 1, ' ', strlen(timeout) - 1);
}

/* Run the script that pg_restore writes ourselves (script.h). */
static int
run_script(struct bk_restore_ddl *d, char *const options[], struct bk_err *e)
{
	struct bk_buf sql = {0};
	PGconn *conn = NULL;
	int rc = -1;

	if (bk_restore_program_script(&d->client, options,
	    rewound(&d->file), &sql, e) == -1 ||
	    (conn = bk_conn_again(d->client.o->params, e)) == NULL)
		goto done;
	blank_timeout(d, sql.data);
	rc = bk_script_run(conn, "pg_restore's script", sql.data,
	    d->client.o->failures, e);
 done:
	PQfinish(conn);
	bk_buf_free(&sql);
	return rc;
}

/*
 * Run pg_restore; or, where it must not stop at a failure or would itself fail,
 * the script that it writes.
 */
static int
run(struct bk_restore_ddl *d, char *const options[], struct bk_err *e)
{
	return d->by_script || d->client.o->failures != NULL ?
	    run_script(d, options, e) :
	    bk_restore_program_run(&d->client, options, rewound(&d->file), e);
}

static int
begins(const char *s, const char *head)
{
	return s != NULL && strncmp(s, head, strlen(head)) == 0;
}

static int
is(const char *s, const char *text)
{
	return s != NULL && strcmp(s, text) == 0;
}

/* Privileges, and what pg_restore does after them. */
static int
is_last(const struct bk_toc_entry *te)
{
	return is(te->desc, "ACL") || is(te->desc, "DEFAULT ACL") ||
	    is(te->desc, "EVENT TRIGGER") ||
	    is(te->desc, "MATERIALIZED VIEW DATA") ||
	    (is(te->desc, "COMMENT") && begins(te->tag, "EVENT TRIGGER ")) ||
	    (is(te->desc, "STATISTICS DATA") && te->section == 4);
}

/* The step of an entry where --section does not decide it. */
static enum bk_ddl_step
step_of(const struct bk_toc_entry *te, int selected)
{
	if (is_last(te) || (selected && (is(te->desc, "COMMENT") ||
	    is(te->desc, "SECURITY LABEL"))))
		return BK_DDL_LAST;
	if (te->section == 4)
		return BK_DDL_POST;
	return BK_DDL_PRE;
}

static int
is_index(const struct bk_toc_entry *te)
{
	return is(te->desc, "INDEX") || is(te->desc, "CONSTRAINT");
}

/* Is an entry for this step?  all: of all entries, --section decides. */
static int
is_for(const struct bk_toc_entry *te, int all, enum bk_ddl_step step)
{
	enum bk_ddl_step its = step_of(te, !all);

	if (step == BK_DDL_SEQUENCES)
		return is(te->desc, "SEQUENCE SET");
	if (step == BK_DDL_INDEXES)
		return is_index(te);
	return its == step ||
	    (all && step != BK_DDL_LAST && its != BK_DDL_LAST);
}

/*
 * Write a --use-list file of the wanted entries of a step (NULL: those of the
 * list); *any: there are some.  Comments and the like belong to no section: if
 * all entries are listed, --section decides what they go with.
 */
static int
write_list(struct bk_restore_ddl *d, const unsigned char *wanted,
    enum bk_ddl_step step, int *any, struct bk_err *e)
{
	const size_t n = d->list->entry == NULL ? d->toc->n : d->list->n;
	struct bk_buf list = {0};
	size_t i, at;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i++) {
		at = d->list->entry == NULL ? i : d->list->entry[i];
		if ((wanted == NULL || wanted[at]) &&
		    is_for(&d->toc->entry[at], wanted == NULL, step))
			rc = bk_buf_printf(&list, e, "%d;\n",
			    d->toc->entry[at].id);
	}
	*any = list.len > 0;
	if (rc == 0 && *any)
		rc = write_file(&d->list_file, &list, e);
	bk_buf_free(&list);
	return rc;
}

/* Run pg_restore on the entries of a step. */
static int
run_step(struct bk_restore_ddl *d, enum bk_ddl_step step,
    char *const options[], struct bk_err *e)
{
	struct bk_buf arg = {0};
	char *argv[8] = { NULL };
	size_t n = 0;
	int any, rc = -1;

	if (bk_buf_printf(&arg, e, "--use-list=%s",
	    rewound(&d->list_file)) == -1 ||
	    write_list(d, NULL, step, &any, e) == -1)
		goto done;
	argv[n++] = arg.data;
	argv[n++] = d->jobs.data;
	while (*options != NULL)
		argv[n++] = *options++;
	if (any && step == BK_DDL_INDEXES) {
		bk_restore_program_try(&d->client, argv, rewound(&d->file));
		d->client.o->failures->built = 1;
		rc = 0;
	} else {
		rc = any ? run(d, argv, e) : 0;
	}
 done:
	bk_buf_free(&arg);
	return rc;
}

int
bk_restore_ddl_pre(struct bk_restore_ddl *d, struct bk_err *e)
{
	static char *const options[] = { "--section=pre-data",
	    "--section=data", "--no-acl", NULL };
	struct bk_err reason = {0};

	if ((d->list->entry == NULL ? run(d, options, &reason) :
	    run_step(d, BK_DDL_PRE, options, &reason)) == 0)
		return 0;
	if (!d->older)
		return bk_fail(e, reason.code, "%s", reason.msg);
	return bk_fail(e, reason.code, "%.800s; the dump is of PostgreSQL "
	    "%.40s, newer than this server", reason.msg, d->toc->server);
}

int
bk_restore_ddl_post(struct bk_restore_ddl *d, struct bk_err *e)
{
	static char *const post[] = { "--section=post-data", NULL };
	static char *const all[] = { NULL };

	/* a script builds indexes one by one, so most come before it */
	if ((d->client.o->failures != NULL &&
	    run_step(d, BK_DDL_INDEXES, post, e) == -1) ||
	    run_step(d, BK_DDL_POST, post, e) == -1)
		return -1;
	return run_step(d, BK_DDL_LAST, all, e);
}

int
bk_restore_ddl_script(struct bk_restore_ddl *d, const unsigned char *wanted,
    enum bk_ddl_step step, struct bk_buf *sql, struct bk_err *e)
{
	struct bk_buf arg = {0};
	char *argv[3] = { NULL };
	int any, rc = -1;

	if (bk_buf_printf(&arg, e, "--use-list=%s",
	    rewound(&d->list_file)) == -1 ||
	    write_list(d, wanted, step, &any, e) == -1)
		goto done;
	argv[0] = arg.data;
	rc = any ? bk_restore_program_script(&d->client, argv,
	    rewound(&d->file), sql, e) : 0;
	if (rc == 0 && any)
		blank_timeout(d, sql->data);
 done:
	bk_buf_free(&arg);
	return rc;
}
