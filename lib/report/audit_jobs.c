/* bk-audit: a summary per job; see report/audit_report.h */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "json/json_write.h"
#include "policy/freshness.h"
#include "policy/run_target.h"
#include "policy/series.h"
#include "report/audit_report.h"
#include "stream/textfile.h"

/* Number of latest successful runs whose durations are reported. */
#define RECENT 1000

/* What one tool does to one database or series. */
struct job {
	char *operation;
	char *target;			/* "": none, or unknown */
	uint64_t runs, failures;
	time_t last_success, last_failure;	/* 0: none */
	uint64_t size;			/* bytes, of the last success */
	char *error;			/* of the last failure; or NULL */
	uint64_t *took;			/* ms, a ring; finally sorted */
	size_t ntook, cap;		/* at most RECENT */
};

struct bk_report_jobs {				/* by operation and target */
	struct job *v;
	size_t n;
	int pipelines;			/* of which the source is the target */
};

struct durations {			/* seconds */
	double median, p95, max;
};

static int
compare(const struct job *j, const char *operation, const char *target)
{
	int c = strcmp(j->operation, operation);

	return c != 0 ? c : strcmp(j->target, target);
}

static struct job *
add_job(struct bk_report_jobs *jobs, size_t at, const char *operation,
    const char *target, struct bk_err *e)
{
	struct job *more = bk_grow(jobs->v, jobs->n, NULL, sizeof(*more), e);
	struct job new = { .operation = strdup(operation),
	    .target = strdup(target) };

	if (more != NULL)
		jobs->v = more;
	if (more == NULL || new.operation == NULL || new.target == NULL) {
		free(new.operation);
		free(new.target);
		bk_fail_memory(e);
		return NULL;
	}
	memmove(more + at + 1, more + at, (jobs->n - at) * sizeof(*more));
	jobs->n++;
	more[at] = new;
	return &more[at];
}

static struct job *
find_job(struct bk_report_jobs *jobs, const char *operation, const char *target,
    struct bk_err *e)
{
	size_t low = 0, high = jobs->n, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = compare(&jobs->v[mid], operation, target);
		if (c == 0)
			return &jobs->v[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return add_job(jobs, low, operation, target, e);
}

/*
 * The job's name: the series of a target that is one of a series, as stored
 * backups are, whose names contain a time; a bare word (a database) as it is.
 */
static int
name_of(const char *target, struct bk_buf *name, struct bk_err *e)
{
	return *target == '\0' ? bk_buf_puts(name, "", e) :
	    bk_series_of(target, name, e);
}

static int
note_success(struct job *j, const struct bk_run *r, struct bk_err *e)
{
	size_t cap = j->cap == 0 ? 16 : j->cap * 2;
	uint64_t *more;

	if (j->ntook == j->cap && j->cap < RECENT) {
		if (cap > RECENT)
			cap = RECENT;
		if ((more = realloc(j->took, cap * sizeof(*more))) == NULL)
			return bk_fail_memory(e);
		j->took = more;
		j->cap = cap;
	}
	if (r->duration_seconds > 0)
		j->took[j->ntook++ % j->cap] =
		    (uint64_t)(r->duration_seconds * 1000);
	if (r->ended >= j->last_success) {
		j->last_success = r->ended;
		j->size = r->size_bytes;
	}
	return 0;
}

static int
note_failure(struct job *j, const struct bk_run *r, struct bk_err *e)
{
	j->failures++;
	if (r->ended < j->last_failure)
		return 0;
	j->last_failure = r->ended;
	free(j->error);
	j->error = strdup(r->error);
	return j->error == NULL ? bk_fail_memory(e) : 0;
}

/*
 * A success ends the failures of those that failed before their target was
 * known, and may have had this one.
 */
static int
forgive(struct bk_report_jobs *jobs, const struct bk_run *r, const char *target,
    struct bk_err *e)
{
	struct job *j;
	int rc;

	for (j = jobs->v; j < jobs->v + jobs->n; j++) {
		if (j->failures == 0 || r->ended <= j->last_success ||
		    strcmp(j->operation, r->operation) != 0)
			continue;
		if ((rc = bk_target_may_be(j->target, target, e)) == -1)
			return -1;
		if (rc == 1)
			j->last_success = r->ended;
	}
	return 0;
}

/* What a pipeline begins with; without that where it ends. */
static const char *
source_of(const struct bk_run *r)
{
	struct bk_run beginning = *r;
	const char *source;

	beginning.destination = "";
	source = bk_report_target(&beginning);
	return *source != '\0' ? source : bk_report_target(r);
}

int
bk_report_jobs_add(struct bk_report_jobs *jobs, const struct bk_run *r,
    struct bk_err *e)
{
	struct bk_buf name = {0};
	struct job *j = NULL;
	int rc = -1;
	/* a deleted name has no next run to succeed */
	const char *target = strcmp(r->type, "delete") == 0 ? "" :
	    jobs->pipelines ? source_of(r) : bk_report_target(r);

	if (name_of(target, &name, e) == 0 &&
	    (j = find_job(jobs, r->operation, name.data, e)) != NULL) {
		j->runs++;
		rc = r->failed ? note_failure(j, r, e) : note_success(j, r, e);
		if (rc == 0 && !r->failed)
			rc = forgive(jobs, r, target, e);
	}
	bk_buf_free(&name);
	return rc;
}

/* 0: no success, or its duration is unknown. */
static int
durations_of(struct job *j, struct durations *d)
{
	size_t n = j->ntook < j->cap ? j->ntook : j->cap, nearly_all;

	if (n == 0)
		return 0;
	nearly_all = (n * 95 + 99) / 100;
	d->median = (double)bk_fresh_median(j->took, n) / 1000;
	d->p95 = (double)j->took[nearly_all - 1] / 1000;
	d->max = (double)j->took[n - 1] / 1000;
	return 1;
}

static double
success_rate(const struct job *j)
{
	return (double)(j->runs - j->failures) / (double)j->runs;
}

static int
add_row(struct bk_buf *b, struct job *j, struct bk_err *e)
{
	char median[BK_NUM_TEXT] = "-", p95[BK_NUM_TEXT] = "-";
	char max[BK_NUM_TEXT] = "-", size[BK_NUM_TEXT] = "-";
	char success[BK_UTCTIME_TEXT] = "-", failure[BK_UTCTIME_TEXT] = "-";
	struct durations d;

	if (durations_of(j, &d)) {
		bk_report_took(d.median, median);
		bk_report_took(d.p95, p95);
		bk_report_took(d.max, max);
	}
	if (j->last_success != 0)
		bk_utctime_format(j->last_success, success);
	if (j->size > 0)
		bk_size_format(j->size, size);
	if (j->failures > 0)
		bk_utctime_format(j->last_failure, failure);
	/* rounded down: 100% is all */
	return bk_buf_printf(b, e, "%-10s  %6" PRIu64 "  %6" PRIu64
	    "  %3d%%  %8s  %8s  %8s  %9s  %-20s  %-20s  %s\n", j->operation,
	    j->runs, j->failures, (int)(success_rate(j) * 100), median, p95,
	    max, size, success, failure, *j->target == '\0' ? "-" : j->target);
}

int
bk_report_jobs_text(struct bk_report_jobs *jobs, struct bk_buf *out,
    struct bk_err *e)
{
	size_t i, start;

	if (bk_buf_puts(out, "OPERATION     RUNS  FAILED  GOOD    MEDIAN       "
	    "P95       MAX  LAST SIZE  LAST SUCCESS          LAST FAILURE      "
	    "    TARGET\n", e) == -1)
		return -1;
	for (i = 0; i < jobs->n; i++) {
		start = out->len;
		if (add_row(out, &jobs->v[i], e) == -1)
			return -1;
		bk_utf8_clean(out->data + start, out->len - start - 1);
	}
	return 0;
}

static int
add_durations(struct bk_buf *b, struct job *j, struct bk_err *e)
{
	struct durations d;

	if (!durations_of(j, &d))
		return bk_json_member(b, "duration_seconds", NULL, e);
	if (bk_json_key(b, "duration_seconds", e) == -1 ||
	    bk_buf_puts(b, "{", e) == -1 ||
	    bk_json_seconds(b, "median", d.median, e) == -1 ||
	    bk_json_seconds(b, "p95", d.p95, e) == -1 ||
	    bk_json_seconds(b, "max", d.max, e) == -1)
		return -1;
	return bk_buf_puts(b, "}", e);
}

static int
add_object(struct bk_buf *b, struct job *j, struct bk_err *e)
{
	if (bk_buf_puts(b, "{", e) == -1 ||
	    bk_json_key(b, "operation", e) == -1 ||
	    bk_json_string(b, j->operation, e) == -1 ||
	    bk_json_member(b, "target", j->target, e) == -1 ||
	    bk_json_number(b, "runs", j->runs, e) == -1 ||
	    bk_json_number(b, "failures", j->failures, e) == -1 ||
	    bk_json_key(b, "success_rate", e) == -1 ||
	    bk_buf_printf(b, e, "%.4f", success_rate(j)) == -1 ||
	    add_durations(b, j, e) == -1 ||
	    bk_json_number(b, "last_size_bytes", j->size, e) == -1 ||
	    bk_json_time(b, "last_success", j->last_success, e) == -1 ||
	    bk_json_time(b, "last_failure", j->last_failure, e) == -1 ||
	    bk_json_member(b, "last_error", j->error, e) == -1)
		return -1;
	return bk_buf_puts(b, "}\n", e);
}

enum metric { RUNS, FAILURES, SUCCESS, FAILURE, SIZE, MEDIAN, P95, MAX,
    METRICS };

static const struct { const char *name, *help; } metrics[METRICS] = {
	[RUNS] = { "bk_job_runs", "Runs in the audit log." },
	[FAILURES] = { "bk_job_failures", "Failed runs." },
	[SUCCESS] = { "bk_job_last_success_timestamp_seconds",
	    "When a run last succeeded; 0: never." },
	[FAILURE] = { "bk_job_last_failure_timestamp_seconds",
	    "When a run last failed; 0: never." },
	[SIZE] = { "bk_job_last_size_bytes", "Size of the last successful "
	    "run." },
	[MEDIAN] = { "bk_job_duration_median_seconds",
	    "Median duration of successful runs." },
	[P95] = { "bk_job_duration_p95_seconds", "95 of 100 less." },
	[MAX] = { "bk_job_duration_max_seconds", "Longest duration of a "
	    "successful run." },
};

/* The value of one metric; -1: j has none. */
static double
value_of(struct job *j, enum metric m)
{
	struct durations d = { -1, -1, -1 };

	switch (m) {
	case RUNS: return (double)j->runs;
	case FAILURES: return (double)j->failures;
	case SUCCESS: return (double)j->last_success;
	case FAILURE: return (double)j->last_failure;
	case SIZE: return j->runs == j->failures ? -1 : (double)j->size;
	default: (void)durations_of(j, &d);
	}
	return m == MEDIAN ? d.median : m == P95 ? d.p95 : d.max;
}

static int
add_metric(struct bk_buf *b, struct bk_report_jobs *jobs, enum metric m,
    struct bk_err *e)
{
	struct job *j;
	double v;

	if (bk_textfile_head(b, metrics[m].name, "gauge", metrics[m].help, e) ==
	    -1)
		return -1;
	for (j = jobs->v; j < jobs->v + jobs->n; j++) {
		if ((v = value_of(j, m)) < 0)
			continue;
		if (bk_buf_printf(b, e, "%s{", metrics[m].name) == -1 ||
		    bk_textfile_label(b, "operation", j->operation, e) == -1 ||
		    bk_buf_puts(b, ",", e) == -1 ||
		    bk_textfile_label(b, "target", j->target, e) == -1 ||
		    bk_buf_printf(b, e, "} %.*f\n", m < MEDIAN ? 0 : 3, v) ==
		    -1)
			return -1;
	}
	return 0;
}

int
bk_report_jobs_json(struct bk_report_jobs *jobs, struct bk_buf *out,
    struct bk_err *e)
{
	size_t i;

	for (i = 0; i < jobs->n; i++)
		if (add_object(out, &jobs->v[i], e) == -1)
			return -1;
	return 0;
}

int
bk_report_jobs_prometheus(struct bk_report_jobs *jobs, struct bk_buf *out,
    struct bk_err *e)
{
	int m;

	for (m = 0; m < METRICS; m++)
		if (add_metric(out, jobs, (enum metric)m, e) == -1)
			return -1;
	return 0;
}

struct bk_report_jobs *
bk_report_jobs_new(int pipelines, struct bk_err *e)
{
	struct bk_report_jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs == NULL)
		bk_fail_memory(e);
	else
		jobs->pipelines = pipelines;
	return jobs;
}

void
bk_report_jobs_free(struct bk_report_jobs *jobs)
{
	struct job *j;

	if (jobs == NULL)
		return;
	for (j = jobs->v; j < jobs->v + jobs->n; j++) {
		free(j->operation);
		free(j->target);
		free(j->error);
		free(j->took);
	}
	free(jobs->v);
	free(jobs);
}
