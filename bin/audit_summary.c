/* bk-audit: a summary for each job; see audit_commands.h */
#include <unistd.h>

#include "audit_commands.h"
#include "base/io.h"
#include "report/audit_report.h"
#include "stream/textfile.h"

static int
take(void *jobs, const struct bk_run *r, struct bk_err *e)
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
print(const struct audit_options *o, struct bk_report_jobs *jobs,
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
	rc = audit_each(o, take, jobs, &reason);
	/* print what could be read; the status is not 0 */
	if (rc == 0 || reason.code == BK_DATA) {
		if (print(o, jobs, e) == -1 || (o->prometheus != NULL &&
		    store_metrics(jobs, o->prometheus, e) == -1))
			rc = -1;
	}
	if (rc == -1 && e->code == BK_OK)
		*e = reason;
	bk_report_jobs_free(jobs);
	return rc;
}
