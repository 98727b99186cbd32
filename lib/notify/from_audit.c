/*
 * Messages from the audit log.
 *
 * The stages of a pipeline start together and each leaves a record.  When one
 * fails, later stages find their input unfinished and earlier ones get EPIPE.
 * So the first failure is the cause, not the last in the log; but the record
 * of a killed stage is written by another process, possibly after those of its
 * consequences.  Stages that have no run's ID yet are told by their start, and
 * then those that precede a run of bk-notify belong to the previous pipeline,
 * as in a loop over the databases of a server that is down.
 */
#include <stdint.h>
#include <string.h>

#include "audit/logfile.h"
#include "audit/pipelines.h"
#include "base/num.h"
#include "base/utf8.h"
#include "notify/message.h"
#include "policy/series.h"

struct search {
	struct bk_buf last;	/* the last record's line */
	struct bk_buf cause;	/* the failure in last's pipeline, or empty */
	struct bk_buf job;	/* the database that it dumped, or empty */
	struct bk_buf place;	/* what it downloaded, or empty */
	struct bk_run run;	/* last, parsed */
	int consequence;	/* cause is the result of another failure */
	int reported;		/* bk-notify ran since the last other run */
};

static int
keep(struct bk_buf *line, const struct bk_run *r, struct bk_err *e)
{
	line->len = 0;
	return bk_buf_add(line, r->line, r->len, e);
}

static int
is_own(const struct bk_run *r)
{
	return strcmp(r->operation, "bk-notify") == 0;
}

static int
find_last(struct search *s, const struct bk_run *r, struct bk_err *e)
{
	return is_own(r) ? 0 : keep(&s->last, r, e);
}

/*
 * The database dumped names the job, for any stage that is reported; the object
 * downloaded is what a later stage found damaged.
 */
static int
note_job(struct search *s, const struct bk_run *r, struct bk_err *e)
{
	if (strcmp(r->type, "download") == 0) {
		s->place.len = 0;
		return bk_buf_puts(&s->place, r->source, e);
	}
	if (strcmp(r->type, "dump") != 0 && strcmp(r->type, "base") != 0)
		return 0;
	s->job.len = 0;
	return bk_buf_puts(&s->job, r->source, e);
}

static int
find_cause(struct search *s, const struct bk_run *r, struct bk_err *e)
{
	int same = *r->run != '\0' && strcmp(r->run, s->run.run) == 0;

	if (strcmp(r->host, s->run.host) != 0 ||
	    strcmp(r->user, s->run.user) != 0)
		return 0;
	if (is_own(r))
		s->reported = 1;
	if (is_own(r) || !bk_run_is_with(r, &s->run))
		return 0;
	if (s->reported && !same) {
		s->cause.len = 0;
		s->job.len = 0;
		s->place.len = 0;
	}
	s->reported = 0;
	if (note_job(s, r, e) == -1)
		return -1;
	if (!r->failed || (s->cause.len > 0 && (!s->consequence ||
	    bk_error_is_consequence(r->error))))
		return 0;
	s->consequence = bk_error_is_consequence(r->error);
	return keep(&s->cause, r, e);
}

/*
 * Call visit for every run in the log, skipping damaged lines; *bad is the
 * failure of a damaged one.
 */
static int
read_log(const char *path, struct search *s, int (*visit)(struct search *s,
    const struct bk_run *r, struct bk_err *e), struct bk_err *bad,
    struct bk_err *e)
{
	struct bk_logfile *log = bk_logfile_open(path, BK_RUN_MAX, e);
	struct bk_err reason = {0};
	struct bk_run r;
	int rc = log == NULL ? -1 : 0, got;

	while (rc == 0 && (got = bk_run_next(log, &r, &reason)) != 0) {
		if (got == 1) {
			rc = visit(s, &r, e);
			bk_run_free(&r);
		} else if (reason.code != BK_DATA)
			rc = bk_fail(e, reason.code, "%s", reason.msg);
		else
			(void)bk_fail(bad, reason.code, "%s", reason.msg);
		reason = (struct bk_err){0};
	}
	bk_logfile_free(log);
	return rc;
}

/* The run's source or destination; "" for standard input or output. */
static const char *
object_of(const struct bk_run *r)
{
	if (*r->source != '\0' && strcmp(r->source, "standard input") != 0)
		return r->source;
	return strcmp(r->destination, "standard output") == 0 ? "" :
	    r->destination;
}

/* "bk-dump shop failed on db1 at 2026-11-21T02:15:00Z after 3m12s: why" */
static int
describe(struct bk_buf *b, const struct bk_run *r, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT], took[BK_NUM_TEXT];
	const char *object = object_of(r);

	bk_utctime_format(r->ended, when);
	bk_duration_format(r->duration_seconds < 1e15 ?
	    (uint64_t)r->duration_seconds : 0, took);
	return bk_buf_printf(b, e, "%s%s%s %s%s%s at %s after %s%s%s",
	    r->operation, *object != '\0' ? " " : "", object,
	    r->failed ? "failed" : "succeeded", *r->host != '\0' ? " on " : "",
	    r->host, when, took, *r->error != '\0' ? ": " : "", r->error);
}

/* The job: its database, else what the last stage did to which series. */
static int
name_job(struct bk_notify_message *m, const struct search *s,
    struct bk_err *e)
{
	const char *object = object_of(&s->run);
	struct bk_buf series = {0}, name = {0};
	int rc = 0;

	if (s->job.len > 0)
		rc = bk_buf_add(&name, s->job.data, s->job.len, e);
	else if (*object != '\0' &&
	    (rc = bk_series_of(object, &series, e)) == 0)
		rc = bk_buf_printf(&name, e, "%s %s", s->run.operation,
		    series.data);
	if (rc == 0 && name.len > 0)
		bk_utf8_clean(name.data, name.len);	/* one line */
	m->job = name;
	bk_buf_free(&series);
	return rc;
}

static int
report(struct bk_notify_message *m, const struct bk_run *r, const char *place,
    struct bk_err *e)
{
	struct bk_buf raw = {0};
	int rc = 0;

	if (m->known && m->state != BK_STATE_OK && !r->failed)
		rc = bk_buf_puts(&raw, "failed, and left no audit line; the "
		    "last one: ", e);
	if (rc == 0)
		rc = describe(&raw, r, e);
	if (rc == 0 && r->failed && place != NULL &&
	    strcmp(r->type, "download") != 0)
		rc = bk_buf_printf(&raw, e, "; it was read from %s", place);
	if (rc == 0)
		rc = bk_notify_message_clean(&m->text, raw.data, raw.len, e);
	bk_buf_free(&raw);
	if (rc == -1)
		return -1;
	if (!m->known)
		m->state = r->failed ? BK_STATE_CRITICAL : BK_STATE_OK;
	m->known = 1;
	return bk_notify_message_finish(m, e);
}

int
bk_notify_message_audit(struct bk_notify_message *m, const char *path,
    struct bk_err *e)
{
	struct search s = {0};
	struct bk_run cause = {0};
	struct bk_err bad = {0};
	int rc = read_log(path, &s, find_last, &bad, e);

	if (rc == 0 && s.last.len == 0)
		rc = bad.code != BK_OK ? bk_fail(e, bad.code, "%s", bad.msg) :
		    bk_fail(e, BK_NONE, "%s: no run recorded", path);
	if (rc == 0)
		rc = bk_run_parse(&s.run, s.last.data, s.last.len, e);
	if (rc == 0)
		rc = read_log(path, &s, find_cause, &bad, e);
	if (rc == 0 && s.cause.len > 0)
		rc = bk_run_parse(&cause, s.cause.data, s.cause.len, e);
	if (rc == 0 && (rc = name_job(m, &s, e)) == 0)
		rc = report(m, s.cause.len > 0 ? &cause : &s.run,
		    s.place.len > 0 ? s.place.data : NULL, e);
	bk_run_free(&cause);
	bk_run_free(&s.run);
	bk_buf_free(&s.last);
	bk_buf_free(&s.cause);
	bk_buf_free(&s.job);
	bk_buf_free(&s.place);
	return rc;
}
