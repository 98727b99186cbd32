/* bk-audit: read and print the selected runs */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/pipelines.h"
#include "audit_commands.h"
#include "report/audit_report.h"
#include "tool/tool.h"

#define POLL_MS 250

typedef int each_run(void *arg, const struct bk_run *r, struct bk_err *e);

/* Is r selected by the options? */
static int
matches(const struct audit_options *o, const struct bk_run *r)
{
	if (o->operation != NULL && strcmp(o->operation, r->operation) != 0)
		return 0;
	if (o->status != AUDIT_ANY && r->failed != (o->status == AUDIT_FAILURE))
		return 0;
	if (o->target != NULL && strstr(r->source, o->target) == NULL &&
	    strstr(r->destination, o->target) == NULL)
		return 0;
	return r->ended >= o->since;
}

struct reading {
	const struct audit_options *o;
	each_run *each;
	void *arg;
	struct bk_pipelines *joined;	/* runs so far; NULL: not wanted */
	size_t found;
	size_t bad;
};

static int
take(void *arg, const struct bk_run *run, struct bk_err *e)
{
	struct reading *r = arg;

	if (!matches(r->o, run))
		return 0;
	r->found++;
	return r->each(r->arg, run, e);
}

/* Read all lines up to now; a damaged one does not hide the others. */
static int
read_lines(struct reading *r, struct bk_logfile *log, struct bk_err *e)
{
	struct bk_err reason = {0};
	struct bk_run run;
	int rc = 0, got;

	while (rc == 0 && (got = bk_run_next(log, &run, &reason)) != 0) {
		if (got == -1 && reason.code != BK_DATA)
			return bk_fail(e, reason.code, "%s", reason.msg);
		if (got == -1) {
			if (r->bad++ < AUDIT_NAMED_MAX)
				tool_say("%s", reason.msg);
			reason = (struct bk_err){0};
			continue;
		}
		rc = r->joined != NULL ? bk_pipelines_add(r->joined, &run, e) :
		    take(r, &run, e);
		bk_run_free(&run);
	}
	return rc;
}

static int
read_file(struct reading *r, const char *path, struct bk_err *e)
{
	struct bk_logfile *in = bk_logfile_open(path, BK_RUN_MAX, e);
	int rc = in == NULL ? -1 : read_lines(r, in, e);

	bk_logfile_free(in);
	return rc;
}

int
audit_each(const struct audit_options *o, each_run *each, void *arg,
    struct bk_err *e)
{
	struct reading r = { .o = o, .each = each, .arg = arg };
	size_t i;
	int rc = 0;

	if (o->pipelines && (r.joined = bk_pipelines_new(e)) == NULL)
		return -1;
	for (i = 0; rc == 0 && i < o->n; i++)
		rc = read_file(&r, o->files[i], e);
	if (rc == 0 && o->pipelines)
		rc = bk_pipelines_each(r.joined, take, &r, e);
	bk_pipelines_free(r.joined);
	if (rc == -1)
		return -1;
	if (r.bad > 0) {
		e->quiet = r.bad <= AUDIT_NAMED_MAX;	/* each was reported */
		return bk_fail(e, BK_DATA, "%zu lines are not audit "
		    "lines", r.bad);
	}
	if (r.found == 0)
		return bk_fail(e, BK_NONE, "%s: no such run", o->files[0]);
	return 0;
}

static int
put(const char *text, size_t n, struct bk_err *e)
{
	return fwrite(text, 1, n, stdout) == n ? 0 :
	    bk_fail_errno(e, "standard output: write");
}

static int
print(void *arg, const struct bk_run *r, struct bk_err *e)
{
	const struct audit_options *o = arg;
	struct bk_buf row = {0};
	int rc = o->json ? bk_report_run_json(r, &row, e) :
	    bk_report_run(r, o->pipelines, &row, e);

	if (rc == 0)
		rc = put(row.data, row.len, e);
	bk_buf_free(&row);
	return rc;
}

static int
flush(struct bk_err *e)
{
	return fflush(stdout) == EOF ?
	    bk_fail_errno(e, "standard output: write") : 0;
}

/* Wait until there may be more; -1: nobody reads our output. */
static int
wait_for_more(struct bk_err *e)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (flush(e) == -1)
		return -1;
	/* a pipe is broken; a socket or a terminal hung up */
	if (poll(&out, 1, POLL_MS) != 1 ||
	    (out.revents & (POLLERR | POLLHUP)) == 0)
		return 0;
	errno = EPIPE;
	return bk_fail_errno(e, "standard output");
}

/* One file, from its beginning until another has its name. */
static int
follow_file(struct reading *r, struct bk_logfile *in, struct bk_err *e)
{
	int rc, rotated;

	do {
		/* asked first: what was written before is then read */
		rotated = bk_logfile_rotated(in);
		rc = read_lines(r, in, e);
		if (rc == 0)
			rc = wait_for_more(e);
	} while (rc == 0 && !rotated);
	return rc;
}

static int
follow(const struct audit_options *o, struct bk_err *e)
{
	struct reading r = { .o = o, .each = print,
	    .arg = (void *)(uintptr_t)o };
	struct bk_logfile *in;
	int rc;

	do {
		errno = 0;
		in = bk_logfile_open(o->files[0], BK_RUN_MAX, e);
		rc = in != NULL ? follow_file(&r, in, e) : -1;
		if (in == NULL && errno == ENOENT) {
			*e = (struct bk_err){0};	/* does not exist yet */
			rc = wait_for_more(e);
		}
		bk_logfile_free(in);
	} while (rc == 0);
	return rc;
}

int
audit_list(const struct audit_options *o, int is_followed, struct bk_err *e)
{
	const char *head = bk_report_run_head(o->pipelines);
	struct audit_options from_now = *o;
	int rc;

	if (!o->json && put(head, strlen(head), e) == -1)
		return -1;
	if (!is_followed)
		rc = audit_each(o, print, &from_now, e);
	else {
		if (o->since == 0)
			from_now.since = time(NULL);
		rc = follow(&from_now, e);
	}
	return flush(e) == -1 ? -1 : rc;
}
