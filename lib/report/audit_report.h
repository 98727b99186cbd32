#ifndef BK_REPORT_AUDIT_REPORT_H
#define BK_REPORT_AUDIT_REPORT_H
/*
 * What bk-audit prints: runs, and a summary for each job.  Pure functions, from
 * what audit/runs.h has read to text.  Those with a struct bk_err return 0, or
 * -1 with *e set: memory; they append to *out.
 */
#include "audit/runs.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/num.h"

/*
 * The target of r: its destination, else its source, neither being a standard
 * stream; "" if there is none.  As long as r.
 */
const char *bk_report_target(const struct bk_run *r);

/* A duration, for people: "0.4s", "3h12m". */
void bk_report_took(double seconds, char out[BK_NUM_TEXT]);

/* The line above the rows of bk_report_run(). */
const char *bk_report_run_head(int pipelines);

/*
 * A run, for people: one line, without control characters.  Of pipelines both
 * ends are named, and the address.
 */
int bk_report_run(const struct bk_run *r, int pipelines, struct bk_buf *out,
    struct bk_err *e);

/* A run as it is in the log. */
int bk_report_run_json(const struct bk_run *r, struct bk_buf *out,
    struct bk_err *e);

/* The runs by operation and series of targets.  Memory: 8 KB for each job. */
struct bk_report_jobs;

/*
 * pipelines: the runs are joined ones, whose source is the target.  NULL with
 * *e set: memory.
 */
struct bk_report_jobs *bk_report_jobs_new(int pipelines, struct bk_err *e);

/* Count r, which is not needed any longer. */
int bk_report_jobs_add(struct bk_report_jobs *jobs, const struct bk_run *r,
    struct bk_err *e);

/* A table for people; only its head if there was no run. */
int bk_report_jobs_text(struct bk_report_jobs *jobs, struct bk_buf *out,
    struct bk_err *e);

/* A JSON object on a line for each job. */
int bk_report_jobs_json(struct bk_report_jobs *jobs, struct bk_buf *out,
    struct bk_err *e);

/* Prometheus' text format; heads alone if there was no run. */
int bk_report_jobs_prometheus(struct bk_report_jobs *jobs, struct bk_buf *out,
    struct bk_err *e);

void bk_report_jobs_free(struct bk_report_jobs *jobs);	/* NULL is fine */

#endif
