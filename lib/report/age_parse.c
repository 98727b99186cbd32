/* bk-age: findings read from its JSON, which says all that its lines say */
#include <string.h>

#include "base/utctime.h"
#include "json/json_parse.h"
#include "report/age_report.h"

static int
state_of(const json_t *o, enum bk_state *state)
{
	const char *s = json_string_value(json_object_get(o, "status"));
	int i;

	for (i = BK_STATE_OK; s != NULL && i <= BK_STATE_UNKNOWN; i++)
		if (strcmp(s, bk_state_name((enum bk_state)i)) == 0) {
			*state = (enum bk_state)i;
			return 1;
		}
	return 0;
}

/* The time at key of o; 0 if that is null. */
static time_t
time_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	time_t t;

	return s != NULL && bk_utctime_parse(s, strlen(s), &t) == 0 ? t : 0;
}

/* The number at key of o; none if that is null. */
static uint64_t
number_of(const json_t *o, const char *key, uint64_t none)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (uint64_t)json_integer_value(v) : none;
}

static int
kind_of(const json_t *o, enum bk_subject_kind *kind)
{
	const char *s = json_string_value(json_object_get(o, "kind"));
	int i;

	for (i = 0; s != NULL && i < BK_SUBJECT_KINDS; i++)
		if (strcmp(s, bk_subject_kind_name((enum bk_subject_kind)i)) ==
		    0) {
			*kind = (enum bk_subject_kind)i;
			return 1;
		}
	return 0;
}

/* Its findings, and the limits, which are the same for every subject. */
static int
read_checks(const json_t *checks, struct bk_subject *s, struct bk_fresh *f)
{
	uint64_t none;
	int i;

	for (i = 0; i < BK_METRICS; i++) {
		enum bk_metric metric = (enum bk_metric)i;
		const json_t *o = json_object_get(checks,
		    bk_metric_row(metric)->name);

		if (o == NULL)
			continue;
		if (!state_of(o, &s->found[i].state))
			return 0;
		s->found[i].known = 1;
		s->found[i].value = number_of(o, "value", BK_FRESH_NEVER);
		none = bk_metric_is_floor(metric) ? 0 : BK_FRESH_NEVER;
		f->limit[i].warning = number_of(o, "warning", none);
		f->limit[i].critical = number_of(o, "critical", none);
	}
	return 1;
}

/* 1, 0 if o is not a subject, -1 */
static int
read_subject(const json_t *o, struct bk_subjects *all, struct bk_fresh *f,
    struct bk_err *e)
{
	const char *name = json_string_value(json_object_get(o, "name"));
	const char *series = json_string_value(json_object_get(o, "series"));
	const char *note = json_string_value(json_object_get(o, "note"));
	enum bk_subject_kind kind;
	enum bk_state state;
	struct bk_subject *s;

	if (name == NULL || series == NULL || !kind_of(o, &kind) ||
	    !state_of(o, &state))
		return 0;
	if ((s = bk_subjects_add(all, kind, name, series, e)) == NULL ||
	    (note != NULL && bk_subject_note(s, e, "%s", note) == -1))
		return -1;
	s->state = state;
	s->newest = time_of(o, "newest");
	s->proven = time_of(o, "proven");
	s->refuted = time_of(o, "refuted");
	s->usual = number_of(o, "usual_bytes", 0);
	s->stored = number_of(o, "stored_bytes", 0);
	s->restored = json_number_value(json_object_get(o,
	    "restore_test_seconds"));
	return read_checks(json_object_get(o, "checks"), s, f);
}

int
bk_age_parse(const char *text, size_t n, struct bk_subjects *s,
    struct bk_fresh *f, struct bk_err *e)
{
	struct bk_err reason = {0};
	json_t *doc = bk_json_parse(text, n, 0, NULL, &reason);
	const json_t *all = json_object_get(doc, "subjects"), *o;
	int rc = json_is_array(all);
	size_t i;

	if (doc == NULL)
		return reason.code == BK_OK ? 0 : bk_fail_memory(e);
	bk_fresh_init(f, time_of(doc, "time"));
	json_array_foreach(all, i, o)
		if (rc == 1)
			rc = read_subject(o, s, f, e);
	json_decref(doc);
	if (rc != 1)
		bk_subjects_free(s);
	return rc;
}
