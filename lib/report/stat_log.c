/* bk-stat: when databases were last backed up, by the audit log */
#include <string.h>

#include "audit/runs.h"
#include "base/utctime.h"
#include "listing/template.h"
#include "policy/series.h"
#include "report/stat_report.h"

/* The last success of each, in seconds since 1970, by name. */
struct seen {
	json_t *dumped;		/* by database */
	json_t *stored;		/* by the name of the series */
};

static int
remember(json_t *when, const char *name, time_t t, struct bk_err *e)
{
	/* logs of several hosts may have been merged */
	if (json_integer_value(json_object_get(when, name)) >= (json_int_t)t)
		return 0;
	return json_object_set_new(when, name, json_integer(t)) == -1 ?
	    bk_fail_memory(e) : 0;
}

/* bk-tee's sinks have lines of their own. */
static int
take(void *arg, const struct bk_run *r, struct bk_err *e)
{
	struct seen *seen = arg;
	struct bk_buf key = {0}, name = {0};
	int rc = -1;

	if (r->failed)
		return 0;
	if (strcmp(r->operation, "bk-dump") == 0)
		return remember(seen->dumped, r->source, r->ended, e);
	if (strcmp(r->operation, "bk-s3put") != 0 &&
	    strcmp(r->operation, "bk-save") != 0)
		return 0;
	if (bk_series_of(r->destination, &key, e) == 0 &&
	    bk_series_name(key.data, &name, e) == 0)
		rc = remember(seen->stored, name.data, r->ended, e);
	bk_buf_free(&key);
	bk_buf_free(&name);
	return rc;
}

static int
set_time(json_t *o, const char *key, const json_t *t, struct bk_err *e)
{
	char text[BK_UTCTIME_TEXT] = "";

	if (t != NULL)
		bk_utctime_format((time_t)json_integer_value(t), text);
	return json_object_set_new(o, key, *text == '\0' ? json_null() :
	    json_string(text)) == -1 ? bk_fail_memory(e) : 0;
}

/* Add what was found about database to o. */
static int
add(json_t *o, const char *database, const struct seen *seen,
    struct bk_err *e)
{
	struct bk_template_vars vars = { .db = database };
	struct bk_buf name = {0};
	int rc = -1;

	/* as encoded in names of objects and files */
	if (bk_template_expand("{db}", &vars, &name, e) == 0 &&
	    set_time(o, "dumped", json_object_get(seen->dumped, database),
	    e) == 0)
		rc = set_time(o, "stored", json_object_get(seen->stored,
		    name.data), e);
	bk_buf_free(&name);
	return rc;
}

int
bk_stat_log(json_t *doc, const char *path, struct bk_err *e)
{
	struct seen seen = { json_object(), json_object() };
	json_t *backup = json_object(), *o;
	size_t i;
	int rc = -1;

	if (seen.dumped == NULL || seen.stored == NULL || backup == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (bk_runs_read(path, take, &seen, e) == -1 ||
	    add(backup, bk_stat_string(json_object_get(doc, "server"),
	    "database"), &seen, e) == -1)
		goto done;
	json_array_foreach(json_object_get(doc, "databases"), i, o)
		if (add(o, bk_stat_string(o, "name"), &seen, e) == -1)
			goto done;
	rc = json_object_set(doc, "backup", backup) == -1 ?
	    bk_fail_memory(e) : 0;
 done:
	json_decref(seen.dumped);
	json_decref(seen.stored);
	json_decref(backup);
	return rc;
}
