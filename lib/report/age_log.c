/* bk-age: failures of jobs in a row, by the audit log */
#include <stdlib.h>
#include <string.h>

#include "audit/runs.h"
#include "base/grow.h"
#include "policy/run_target.h"
#include "policy/series.h"
#include "report/age_report.h"

/* What one tool does to one database or series. */
struct job {
	char *operation;	/* "bk-dump" */
	char *target;		/* "" or a template: unknown when it failed */
	char *error;		/* of the last run; or NULL */
	uint64_t failures;	/* in a row until now */
	time_t last;
};

struct jobs {
	struct job *v;
	size_t n;
};

/* Tools whose failure is a backup's: 1, by source; 2, by destination. */
static int
kind_of(const char *operation)
{
	static const struct { const char *name; int kind; } known[] = {
		{ "bk-dump", 1 }, { "bk-base", 1 }, { "bk-s3put", 2 },
		{ "bk-save", 2 }, { "bk-tee", 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, operation) == 0)
			return known[i].kind;
	return 0;
}

static struct job *
find_job(struct jobs *jobs, const char *operation, const char *target,
    struct bk_err *e)
{
	struct job *more, *j;

	for (j = jobs->v; j < jobs->v + jobs->n; j++)
		if (strcmp(j->operation, operation) == 0 &&
		    strcmp(j->target, target) == 0)
			return j;
	more = bk_grow(jobs->v, jobs->n, NULL, sizeof(*more), e);
	if (more == NULL)
		return NULL;
	jobs->v = more;
	j = &more[jobs->n];
	*j = (struct job){ .operation = strdup(operation),
	    .target = strdup(target) };
	jobs->n++;
	if (j->operation == NULL || j->target == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	return j;
}

/* A success of operation clears failures whose target was unknown. */
static int
forgive(struct jobs *jobs, const char *operation, const char *target,
    struct bk_err *e)
{
	struct job *j;
	int rc = 0;

	for (j = jobs->v; rc != -1 && j < jobs->v + jobs->n; j++) {
		if (j->failures == 0 || strcmp(j->operation, operation) != 0)
			continue;
		rc = bk_target_may_be(j->target, target, e);
		if (rc == 1)
			j->failures = 0;
	}
	return rc == -1 ? -1 : 0;
}

static int
take(void *arg, const struct bk_run *run, struct bk_err *e)
{
	int kind = kind_of(run->operation), rc = -1;
	struct jobs *jobs = arg;
	struct bk_buf key = {0};
	const char *target;
	struct job *j;

	if (kind == 0)
		return 0;
	target = kind == 1 ? run->source : run->destination;
	if ((kind == 1 ? bk_buf_puts(&key, target, e) :
	    bk_series_of(target, &key, e)) == -1 ||
	    (j = find_job(jobs, run->operation, key.data, e)) == NULL)
		goto done;
	j->failures = run->failed ? j->failures + 1 : 0;
	j->last = run->ended;
	free(j->error);
	j->error = NULL;
	if (run->failed && (j->error = strdup(run->error)) == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	rc = run->failed ? 0 : forgive(jobs, run->operation, target, e);
 done:
	bk_buf_free(&key);
	return rc;
}

static int
add_job(struct bk_subjects *out, const struct job *j,
    const struct bk_fresh *f, struct bk_err *e)
{
	struct bk_subject *s;
	struct bk_buf name = {0};
	int rc = -1;

	if (bk_buf_printf(&name, e, "%s %s", j->operation, *j->target == '\0' ?
	    "(target unknown)" : j->target) == -1 ||
	    (s = bk_subjects_add(out, BK_SUBJECT_JOB, name.data, name.data,
	    e)) == NULL)
		goto done;
	s->newest = j->last;
	bk_subject_set(s, BK_METRIC_FAILURES, j->failures, f);
	rc = j->failures > 0 ? bk_subject_note(s, e, "%s", j->error) : 0;
 done:
	bk_buf_free(&name);
	return rc;
}

int
bk_age_log(struct bk_subjects *out, const char *path, const struct bk_fresh *f,
    struct bk_err *e)
{
	struct jobs jobs = {0};
	struct job *j;
	int rc = bk_runs_read(path, take, &jobs, e);

	if (rc == 0 && jobs.n == 0)
		rc = bk_fail(e, BK_DATA, "%s: no backup in this log", path);
	for (j = jobs.v; j < jobs.v + jobs.n; j++) {
		/* what was forgiven is reported under its own name */
		if (rc == 0 && (j->failures > 0 ||
		    bk_target_is_known(j->target)))
			rc = add_job(out, j, f, e);
		free(j->operation);
		free(j->target);
		free(j->error);
	}
	free(jobs.v);
	return rc;
}
