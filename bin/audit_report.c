/* bk-audit: the report of a month, a summary of jobs; see audit_commands.h */
#include <string.h>
#include <unistd.h>

#include "audit_commands.h"
#include "base/io.h"
#include "report/audit_report.h"
#include "report/month.h"
#include "stream/textfile.h"

/* --- a month */

struct reading {
	struct bk_month month;
	size_t refused;			/* lines that are not audit lines */
};

static int
take(void *arg, const char *line, size_t n, struct bk_err *e)
{
	struct reading *r = arg;
	struct bk_err reason = {0};
	struct bk_run run;
	int rc;

	if (bk_run_parse(&run, line, n, &reason) == -1) {
		if (reason.code != BK_DATA)
			return bk_fail(e, reason.code, "%s", reason.msg);
		r->refused++;
		bk_month_refuse(&r->month);
		return 0;
	}
	rc = bk_month_add(&r->month, &run, e);
	bk_run_free(&run);
	return rc;
}

static int
read_log(struct reading *r, const char *path, struct audit_checked *c,
    struct bk_err *e)
{
	if (bk_month_log(&r->month, strcmp(path, "-") == 0 ? "standard input" :
	    path, e) == -1 || audit_check(path, c, take, r, e) == -1)
		return -1;
	return bk_month_chain(&r->month, c->chain.lines, c->chain.last,
	    c->broken, c->reason, e);
}

static int
print(struct reading *r, int html, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = -1;

	if (bk_month_end(&r->month, e) == 0 &&
	    bk_month_document(&r->month, html, &text, e) == 0)
		rc = bk_io_write(STDOUT_FILENO, text.data, text.len,
		    "standard output", e);
	bk_buf_free(&text);
	return rc;
}

int
audit_report(const struct audit_options *o, struct bk_err *e)
{
	struct reading r = { .month = { .title = o->title, .from = o->from,
	    .to = o->to, .drill = o->drill, .wall = o->wall } };
	struct audit_checked checked = {0};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < o->n; i++)
		rc = read_log(&r, o->files[i], &checked, e);
	/* a broken chain is reported even if it leaves nothing else */
	if (rc == 0 && r.month.lines == 0 && checked.bad + r.refused == 0)
		rc = bk_fail(e, BK_NONE, "%s: no run in %s", o->files[0],
		    o->title);
	if (rc == 0)
		rc = print(&r, o->html, e);
	if (rc == 0)
		rc = audit_checked(&checked, e);
	if (rc == 0 && r.refused > 0)
		rc = bk_fail(e, BK_DATA, "%zu lines are not audit lines",
		    r.refused);
	bk_month_free(&r.month);
	return rc;
}

/* --- a line for each job */

static int
add_job(void *jobs, const struct bk_run *r, struct bk_err *e)
{
	return bk_report_jobs_add(jobs, r, e);
}

static int
store_metrics(struct bk_report_jobs *jobs, const char *path, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = bk_report_jobs_prometheus(jobs, &text, e);

	if (rc == 0)
		rc = bk_textfile_store(path, &text, e);
	bk_buf_free(&text);
	return rc;
}

static int
print_jobs(const struct audit_options *o, struct bk_report_jobs *jobs,
    struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = o->json ? bk_report_jobs_json(jobs, &text, e) :
	    bk_report_jobs_text(jobs, &text, e);

	if (rc == 0)
		rc = bk_io_write(STDOUT_FILENO, text.data, text.len,
		    "standard output", e);
	bk_buf_free(&text);
	return rc;
}

int
audit_summary(const struct audit_options *o, struct bk_err *e)
{
	struct bk_err reason = {0};
	struct bk_report_jobs *jobs = bk_report_jobs_new(o->pipelines, e);
	int rc;

	if (jobs == NULL)
		return -1;
	rc = audit_each(o, add_job, jobs, &reason);
	/* print what could be read; the status is not 0 */
	if (rc == 0 || reason.code == BK_DATA) {
		if (print_jobs(o, jobs, e) == -1 || (o->prometheus != NULL &&
		    store_metrics(jobs, o->prometheus, e) == -1))
			rc = -1;
	}
	if (rc == -1 && e->code == BK_OK)
		*e = reason;
	bk_report_jobs_free(jobs);
	return rc;
}
