/* bk-rm: delete the files that standard input names, see bk-rm(1) */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/utctime.h"
#include "crypt/suite.h"
#include "listing/record.h"
#include "listing/stamp.h"
#include "stream/store.h"
#include "tool/approved.h"
#include "tool/rehearsal.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"

static const struct tool_opt options[] = {
	APPROVED_OPTIONS,
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-rm",
	.example = "bk-ls /backups/shop | bk-prune -d 30 -m 12 | bk-rm",
	.about =
"Deletes the files named on standard input, one per line: a path or a record "
"of bk-ls.  Regular files only: no directories, no symbolic links, nothing "
"that is another file than the record's.  All names are read and checked "
"before anything is deleted.  A directory that this has emptied goes too if "
"its name has a date.",
	.options = options,
	.operands = APPROVED_OPERANDS,
	.exits =
"0 all deleted (or none named), 1 some not, 2 usage error, 3 input refused: "
"nothing was deleted",
	.rehearses = 1,
};

struct file {
	struct bk_record r;	/* a copy of ours */
	int there;		/* when it was checked */
	int linked;		/* then, by another name too */
};

struct job {
	struct bk_approved_plan plan;	/* instead of standard input */
	struct file *files;
	size_t n, cap;
	int print;		/* print names on standard output */
	int dir;		/* open, of the last file deleted; or -1 */
	char *dir_name;
	int emptied;		/* something was deleted in it */
	size_t failed;		/* each was reported */
};

/* 1 if st is what r was made of. */
static int
is_it(const struct bk_record *r, const struct stat *st)
{
	char changed[BK_UTCTIME_TEXT];
	struct bk_record now = { .time = st->st_mtime,
	    .bytes = (uint64_t)st->st_size,
	    .field[BK_RECORD_CHANGED] = changed };

	bk_utctime_exact(&st->st_ctim, changed);
	return approved_is(r, &now);
}

/* A name that is not a file's means that this is the wrong list. */
static int
check(struct file *f, const char *from, struct bk_err *e)
{
	const struct bk_record *r = &f->r;
	const char *key;
	struct stat st;

	if (bk_record_id(r, &key) != NULL || r->field[BK_RECORD_AT] != NULL ||
	    strncmp(r->name, "s3://", 5) == 0)
		return bk_fail(e, BK_DATA, "%s: %s: an object, not a file; use "
		    "bk-s3rm; nothing was deleted", from, r->name);
	if (lstat(r->name, &st) == -1)
		return 0;
	f->there = 1;
	f->linked = st.st_nlink > 1;
	if (!S_ISREG(st.st_mode))
		return bk_fail(e, BK_DATA, "%s: %s: %s, not a file; nothing "
		    "was deleted", from, r->name,
		    S_ISDIR(st.st_mode) ? "a directory" :
		    S_ISLNK(st.st_mode) ? "a symbolic link" : "a device, pipe "
		    "or socket");
	if (!is_it(r, &st))
		return bk_fail(e, BK_DATA, "%s: %s: has changed since it was "
		    "listed; list again; nothing was deleted", from, r->name);
	return 0;
}

static int
take(void *ctx, const struct bk_record *r, struct bk_err *e)
{
	struct job *job = ctx;
	struct file *file, *more = bk_grow(job->files, job->n, &job->cap,
	    sizeof(*more), e);

	if (more == NULL)
		return -1;
	job->files = more;
	file = &job->files[job->n];
	*file = (struct file){0};
	if (bk_record_copy(&file->r, r, e) == -1)
		return -1;
	job->n++;
	return 0;
}

static int
check_all(struct job *job, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < job->n; i++)
		if (check(&job->files[i], approved_name(&job->plan), e) == -1)
			return -1;
	return 0;
}

static int
print_name(char *name, struct bk_err *e)
{
	struct bk_record r = { .name = name, .bare = 1 };
	struct bk_buf line = {0};
	int rc = bk_record_format(&line, &r, e);

	if (rc == 0 && fwrite(line.data, 1, line.len, stdout) != line.len)
		rc = bk_fail_errno(e, "standard output");
	bk_buf_free(&line);
	return rc;
}

static int
not_deleted(struct job *job, const char *name, const char *why)
{
	tool_say("%s: not deleted: %s", name, why);
	job->failed++;
	return 0;
}

/* 1 if the last component of dir has a date, as {date} and {utc} write it. */
static int
is_dated(const char *dir)
{
	const char *slash = strrchr(dir, '/'), *s;
	time_t t;

	for (s = slash == NULL ? dir : slash + 1; *s != '\0'; s++)
		if (bk_stamp_utc(s, &t) > 0 || bk_stamp_date(s, &t) > 0)
			return 1;
	return 0;
}

static int
is_here(const char *dir)
{
	struct stat a, b;

	return lstat(dir, &a) == -1 || stat(".", &b) == -1 ||
	    (a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/*
 * Remove a directory that the deletion emptied, and those above it, if they
 * were made for a backup or a day; others stay, for the next backup.
 */
static void
remove_dirs(char *dir)
{
	char *slash;

	/* not where we are; what is not empty, or is a link, stays anyway */
	while (is_dated(dir) && !is_here(dir) && rmdir(dir) == 0 &&
	    (slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
}

/* Sync the deletions in the last directory and close it. */
static void
leave_dir(struct job *job)
{
	struct bk_err why = {0};

	if (job->dir != -1) {
		if (bk_store_sync_dir(job->dir, job->dir_name, &why) == -1) {
			tool_say("%s; files deleted there may reappear after a "
			    "crash",
			    why.msg);
			job->failed++;
		}
		close(job->dir);
		if (job->emptied)
			remove_dirs(job->dir_name);
	}
	free(job->dir_name);
	job->dir = -1;
	job->dir_name = NULL;
	job->emptied = 0;
}

/* Open the directory of name, which rarely changes in a sorted list. */
static int
enter_dir(struct job *job, const char *name, struct bk_err *e)
{
	const char *slash = strrchr(name, '/');
	char *dir = slash == NULL ? strdup(".") :
	    strndup(name, slash == name ? 1 : (size_t)(slash - name));

	if (dir == NULL)
		return bk_fail_memory(e);
	if (job->dir != -1 && strcmp(dir, job->dir_name) == 0) {
		free(dir);
		return 0;
	}
	leave_dir(job);
	job->dir_name = dir;
	job->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

/* 1 if st is still what was checked, and may go. */
static int
is_still(const struct file *f, const struct stat *st)
{
	struct bk_record r = f->r;

	/* the deletion of its other name is a change */
	if (f->linked)
		r.field[BK_RECORD_CHANGED] = NULL;
	return f->there && is_it(&r, st);
}

static int
delete_one(struct job *job, const struct file *f, struct bk_err *e)
{
	char *name = f->r.name;
	const char *slash = strrchr(name, '/');
	const char *base = slash == NULL ? name : slash + 1;
	struct stat st;

	if (enter_dir(job, name, e) == -1)
		return -1;
	/* a missing directory: a list for another place */
	if (job->dir == -1)
		return not_deleted(job, name, errno == ENOENT ?
		    "no such directory" : strerror(errno));
	if (fstatat(job->dir, base, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (!S_ISREG(st.st_mode) || !is_still(f, &st)))
		return not_deleted(job, name, S_ISREG(st.st_mode) ?
		    "has changed since it was checked" :
		    "no longer a regular file");
	/* never through a link, and never a directory */
	if (unlinkat(job->dir, base, 0) == 0)
		job->emptied = 1;
	else if (errno != ENOENT)
		return not_deleted(job, name, strerror(errno));
	return job->print ? print_name(name, e) : 0;
}

static int
delete_all(struct job *job, struct bk_err *e)
{
	size_t i;
	int rc = 0;

	approved_record();
	for (i = 0; rc == 0 && i < job->n; i++)
		rc = delete_one(job, &job->files[i], e);
	leave_dir(job);
	if (rc == 0 && job->failed > 0) {
		e->quiet = 1;		/* each was reported */
		rc = bk_fail(e, BK_FAIL, "not all of %zu deleted", job->n);
	}
	return rc;
}

static int
print_all(const struct job *job, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < job->n; i++)
		if (print_name(job->files[i].r.name, e) == -1)
			return -1;
	return 0;
}

/*
 * In a rehearsal: may we delete in the directory of the name that bk-prune
 * gives?
 */
static void
rehearse(const struct job *job)
{
	char *slash;

	if (job->n == 0 ||
	    (slash = strrchr(job->files[0].r.name, '/')) == NULL)
		return;
	*slash = '\0';
	(void)rehearsal_directory("directory", job->files[0].r.name);
}

static void
free_names(struct job *job)
{
	while (job->n > 0)
		free(job->files[--job->n].r.name);
	free(job->files);
}

int
main(int argc, char *argv[])
{
	struct bk_err e = {0};
	struct job job = { .dir = -1 };
	int dry_run = 0, ch, rc;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case 'n': dry_run = 1; break;
		case 'v': job.print = 1; break;
		default: approved_option(&job.plan, ch, optarg);
		}
	}
	approved_check(&job.plan);
	if (optind != argc)
		tool_usage("names are read from standard input: echo %s | "
		    "bk-rm",
		    argv[optind]);
	tool_run(dry_run ? "list" : "delete",
	    approved_name(&job.plan), NULL);
	bk_suite_prepare();
	narrow_write_in("/");	/* names come from standard input */
	tool_narrow();

	rc = approved_read(&job.plan, take, &job, &e);
	if (rehearsing()) {
		rehearse(&job);
		free_names(&job);
		return tool_end(rc, &e);
	}
	if (rc == 0)
		rc = check_all(&job, &e);
	if (rc == 0)
		rc = dry_run ? print_all(&job, &e) : delete_all(&job, &e);
	if (fflush(stdout) == EOF)
		rc = bk_fail_errno(&e, "standard output");
	free_names(&job);
	return tool_end(rc, &e);
}
