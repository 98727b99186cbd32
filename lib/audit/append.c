#include "audit/append.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "audit/chain.h"
#include "audit/format.h"
#include "audit/logfile.h"
#include "audit/runs.h"
#include "base/utctime.h"
#include "json/json_parse.h"

#define STDIN_NAME "standard input"

/* The order of a line's members; any others follow. */
static const char *const members[] = { "timestamp", "operation", "type",
    "source", "destination", "size_bytes", "duration_seconds", "status",
    "error", "user", "host", "ip_address", "pid", "version" };

static int
merge(json_t *record, const char *line, size_t n, size_t number,
    struct bk_err *e)
{
	json_error_t cause;
	json_t *more = bk_json_parse(line, n, 0, &cause, e);
	int rc = 0;

	if (!json_is_object(more))
		rc = bk_fail(e, BK_DATA, STDIN_NAME ": line %zu: %s", number,
		    more == NULL ? cause.text : "not an object");
	else if (json_object_update(record, more) == -1)
		rc = bk_fail_memory(e);
	json_decref(more);
	return rc;
}

static int
has(const json_t *record, const char *key)
{
	const json_t *v = json_object_get(record, key);

	return v != NULL && !json_is_null(v);
}

/*
 * Merge the records until end of file.  *since is when the first one arrived,
 * 0 if that already had a status: the run was over.
 */
static int
gather(json_t *record, double *since, struct bk_err *e)
{
	struct bk_logfile *in = bk_logfile_open("-", BK_RUN_MAX, e);
	const char *line;
	size_t n;
	int rc;

	*since = 0;
	if (in == NULL)
		return -1;
	while ((rc = bk_logfile_next(in, &line, &n, e)) == 1) {
		rc = merge(record, line, n, bk_logfile_number(in), e);
		if (rc == -1)
			break;
		if (*since == 0 && !has(record, "status"))
			*since = bk_monotonic();
	}
	/* a tool killed while writing leaves half a record: ignored */
	if (rc == 0 && json_object_size(record) == 0)
		rc = bk_fail(e, BK_NONE, STDIN_NAME ": no record%s",
		    bk_logfile_cut(in) ? "; it must end with a newline" : "");
	bk_logfile_free(in);
	return rc;
}

/* User, host and address, which the sender of records need not look up. */
static json_t *
defaults(struct bk_err *e)
{
	struct bk_buf b = {0};
	json_t *o = NULL;

	if (bk_audit_format_own(&b, e) == 0)
		o = bk_json_parse(b.data, b.len, 0, NULL, e);
	bk_buf_free(&b);
	return o;
}

/* Add the members that only a finished run sends, if they are missing. */
static int
add_ending(json_t *record, double since, struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT];
	int rc = 0;

	if (!has(record, "timestamp")) {
		bk_utctime_format(time(NULL), when);
		rc |= json_object_set_new(record, "timestamp",
		    json_string(when));
	}
	if (since != 0 && !has(record, "duration_seconds"))
		rc |= json_object_set_new(record, "duration_seconds",
		    json_real((double)(long long)((bk_monotonic() -
		    since) * 1000) / 1000));
	if (!has(record, "status")) {
		rc |= json_object_set_new(record, "status",
		    json_string("failure"));
		if (!has(record, "error"))
			rc |= json_object_set_new(record, "error", json_string(
			    "killed or crashed: it wrote no audit line"));
	}
	return rc == 0 ? 0 : bk_fail_memory(e);
}

/* The members in order, without "previous" (the chain's); NULL: memory. */
static json_t *
arrange(json_t *base, json_t *record)
{
	json_t *line = json_object(), *v;
	const char *key;
	size_t i;
	int rc = line == NULL ? -1 : json_object_update(base, record);

	for (i = 0; rc == 0 && i < sizeof(members) / sizeof(members[0]); i++) {
		v = json_object_get(base, members[i]);
		rc = v == NULL ? json_object_set_new(line, members[i],
		    json_null()) : json_object_set(line, members[i], v);
	}
	json_object_foreach(base, key, v)
		if (rc == 0 && json_object_get(line, key) == NULL &&
		    strcmp(key, "previous") != 0)
			rc = json_object_set(line, key, v);
	if (rc == 0)
		return line;
	json_decref(line);
	return NULL;
}

/* The log's line, checked with the parser that will read it. */
static char *
compose(json_t *base, json_t *record, double since, struct bk_err *e)
{
	json_t *line = NULL;
	struct bk_err failure = {0};
	struct bk_run run;
	char *text = NULL;

	if (add_ending(record, since, e) == -1)
		goto done;
	if ((line = arrange(base, record)) == NULL || (text = json_dumps(line,
	    JSON_COMPACT | JSON_REAL_PRECISION(15))) == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (bk_run_parse(&run, text, strlen(text), &failure) == 0)
		bk_run_free(&run);
	else
		bk_fail(e, failure.code, STDIN_NAME ": %s; operation and "
		    "status (\"success\" or \"failure\") are required",
		    failure.msg);
	if (strlen(text) > BK_RUN_MAX - 2 * BK_CHAIN_HEX)
		bk_fail(e, BK_DATA, STDIN_NAME ": too long for a line");
 done:
	json_decref(line);
	if (e->code == BK_OK)
		return text;
	free(text);
	return NULL;
}

int
bk_audit_append_run(const char *log, struct bk_err *e)
{
	json_t *record = json_object(), *base = NULL;
	char *text = NULL;
	double since;
	int rc = -1;

	/* the slow part, while the run is still in progress */
	if (record == NULL)
		bk_fail_memory(e);
	else if (bk_chain_prepare(e) == 0 && (base = defaults(e)) != NULL &&
	    gather(record, &since, e) == 0 &&
	    (text = compose(base, record, since, e)) != NULL)
		rc = bk_chain_append(log, text, strlen(text), e);
	free(text);
	json_decref(base);
	json_decref(record);
	return rc;
}
