#include "audit/runs.h"

#include <string.h>

#include <jansson.h>

#include "base/utctime.h"
#include "json/json_parse.h"

#define DURATION_MAX 1e9	/* seconds, about 30 years */

static const char *
text_of(const json_t *record, const char *key)
{
	const char *s = json_string_value(json_object_get(record, key));

	return s == NULL ? "" : s;
}

/* An integer; 0 if it is anything else or negative. */
static uint64_t
number_of(const json_t *record, const char *key)
{
	json_int_t v = json_integer_value(json_object_get(record, key));

	return v < 0 ? 0 : (uint64_t)v;
}

/* 0: missing, or no time. */
static time_t
time_of(const json_t *record, const char *key)
{
	const char *s = text_of(record, key);
	time_t t;

	return bk_utctime_parse(s, strlen(s), &t) == 0 ? t : 0;
}

static void
fill(struct bk_run *r, const json_t *record)
{
	r->duration_seconds = json_number_value(json_object_get(record,
	    "duration_seconds"));
	if (r->duration_seconds < 0 || r->duration_seconds > DURATION_MAX)
		r->duration_seconds = 0;
	r->size_bytes = number_of(record, "size_bytes");
	r->pid = (long)number_of(record, "pid");
	r->operation = text_of(record, "operation");
	r->type = text_of(record, "type");
	r->source = text_of(record, "source");
	r->destination = text_of(record, "destination");
	r->error = text_of(record, "error");
	r->user = text_of(record, "user");
	r->host = text_of(record, "host");
	r->ip_address = text_of(record, "ip_address");
	r->run = text_of(record, "run");
	r->backup = text_of(record, "backup");
	r->version = text_of(record, "version");
	r->proof = text_of(record, "proof");
	r->deleted = number_of(record, "deleted");
	r->oldest = time_of(record, "oldest");
	r->newest = time_of(record, "newest");
}

int
bk_run_parse(struct bk_run *r, const char *line, size_t n, struct bk_err *e)
{
	json_error_t json_err;
	json_t *record;
	const char *status, *when;

	/* jansson passes it over after a number; no line may have it */
	if (memchr(line, '\0', n) != NULL)
		return bk_fail(e, BK_DATA, "NUL byte");
	record = bk_json_parse(line, n, 0, &json_err, e);
	status = text_of(record, "status");
	when = text_of(record, "timestamp");
	if (record == NULL)
		return bk_fail(e, BK_DATA, "%s", json_err.text);
	*r = (struct bk_run){ .record = record, .line = line, .len = n };
	fill(r, record);
	r->failed = strcmp(status, "failure") == 0;
	if (*r->operation != '\0' && (r->failed ||
	    strcmp(status, "success") == 0) &&
	    bk_utctime_parse(when, strlen(when), &r->ended) == 0)
		return 0;
	bk_run_free(r);
	return bk_fail(e, BK_DATA, "not an audit line");
}

void
bk_run_free(struct bk_run *r)
{
	json_decref(r->record);
	*r = (struct bk_run){0};
}

int
bk_run_next(struct bk_logfile *log, struct bk_run *r, struct bk_err *e)
{
	struct bk_err reason = {0};
	const char *line;
	size_t n;
	int rc = bk_logfile_next(log, &line, &n, e);

	if (rc == 1 && bk_run_parse(r, line, n, &reason) == -1)
		return bk_fail(e, reason.code, "%s: line %zu: %s",
		    bk_logfile_name(log), bk_logfile_number(log), reason.msg);
	return rc;
}

int
bk_runs_read(const char *path, int (*each)(void *arg, const struct bk_run *r,
    struct bk_err *e), void *arg, struct bk_err *e)
{
	struct bk_logfile *log = bk_logfile_open(path, BK_RUN_MAX, e);
	struct bk_run r;
	int rc = -1;

	while (log != NULL && (rc = bk_run_next(log, &r, e)) == 1) {
		rc = each(arg, &r, e);
		bk_run_free(&r);
		if (rc == -1)
			break;
	}
	bk_logfile_free(log);
	return rc;
}
