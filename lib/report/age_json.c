/* bk-age: findings for programs; see report/age_report.h */
#include <inttypes.h>

#include "base/utctime.h"
#include "report/age_report.h"

/* ,"key":123 or null */
static int
add_number(struct bk_buf *b, const char *key, uint64_t v, int known,
    struct bk_err *e)
{
	return known ? bk_buf_printf(b, e, ",\"%s\":%" PRIu64, key, v) :
	    bk_buf_printf(b, e, ",\"%s\":null", key);
}

/* ,"key":1.234 or null */
static int
add_seconds(struct bk_buf *b, const char *key, double v, struct bk_err *e)
{
	return v > 0 ? bk_buf_printf(b, e, ",\"%s\":%.3f", key, v) :
	    bk_buf_printf(b, e, ",\"%s\":null", key);
}

/* ,"key":"2026-11-21T05:27:19Z" or null */
static int
add_time(struct bk_buf *b, const char *key, time_t t, struct bk_err *e)
{
	char text[BK_UTCTIME_TEXT] = "";

	if (t != 0)
		bk_utctime_format(t, text);
	return *text != '\0' ?
	    bk_buf_printf(b, e, ",\"%s\":\"%s\"", key, text) :
	    bk_buf_printf(b, e, ",\"%s\":null", key);
}

/* ,"key":"text" or null */
static int
add_text(struct bk_buf *b, const char *key, const char *text,
    struct bk_err *e)
{
	if (bk_buf_printf(b, e, ",\"%s\":", key) == -1)
		return -1;
	return text == NULL ? bk_buf_puts(b, "null", e) :
	    bk_buf_json(b, text, e);
}

static int
add_checks(struct bk_buf *b, const struct bk_subject *s,
    const struct bk_fresh *f, struct bk_err *e)
{
	const char *comma = "";
	uint64_t none;
	int i;

	for (i = 0; i < BK_METRICS; i++) {
		const struct bk_finding *found = &s->found[i];
		const struct bk_limit *l = &f->limit[i];

		if (!found->known)
			continue;
		none = bk_metric_is_floor((enum bk_metric)i) ? 0 :
		    BK_FRESH_NEVER;
		if (bk_buf_printf(b, e, "%s\"%s\":{\"status\":\"%s\"", comma,
		    bk_metric_row((enum bk_metric)i)->name,
		    bk_state_name(found->state)) == -1 ||
		    add_number(b, "value", found->value, found->value !=
		    BK_FRESH_NEVER, e) == -1 ||
		    add_number(b, "warning", l->warning, l->warning != none,
		    e) == -1 ||
		    add_number(b, "critical", l->critical, l->critical != none,
		    e) == -1 || bk_buf_puts(b, "}", e) == -1)
			return -1;
		comma = ",";
	}
	return 0;
}

static int
add_subject(struct bk_buf *b, const struct bk_subject *s,
    const struct bk_fresh *f, struct bk_err *e)
{
	if (bk_buf_printf(b, e, "{\"kind\":\"%s\"",
	    bk_subject_kind_name(s->kind)) == -1 ||
	    add_text(b, "name", s->name, e) == -1 ||
	    add_text(b, "series", s->series, e) == -1 ||
	    add_text(b, "status", bk_state_name(s->state), e) == -1 ||
	    add_text(b, "note", s->note, e) == -1 ||
	    add_time(b, "newest", s->newest, e) == -1 ||
	    add_time(b, "proven", s->proven, e) == -1 ||
	    add_time(b, "refuted", s->refuted, e) == -1 ||
	    add_number(b, "stored_bytes", s->stored, s->kind ==
	    BK_SUBJECT_BACKUP, e) == -1 ||
	    add_number(b, "usual_bytes", s->usual,
	    s->found[BK_METRIC_SHRINK].known, e) == -1 ||
	    add_seconds(b, "restore_test_seconds", s->restored, e) == -1 ||
	    bk_buf_puts(b, ",\"checks\":{", e) == -1 ||
	    add_checks(b, s, f, e) == -1)
		return -1;
	return bk_buf_puts(b, "}}", e);
}

int
bk_age_json(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	enum bk_state state = bk_subjects_state(s);
	size_t i;

	if (bk_buf_printf(out, e, "{\"status\":\"%s\",\"code\":%d",
	    bk_state_name(state), (int)state) == -1 ||
	    add_time(out, "time", f->now, e) == -1 ||
	    bk_buf_puts(out, ",\"subjects\":[", e) == -1)
		return -1;
	for (i = 0; i < s->n; i++)
		if ((i > 0 && bk_buf_puts(out, ",", e) == -1) ||
		    add_subject(out, &s->v[i], f, e) == -1)
			return -1;
	return bk_buf_puts(out, "]}\n", e);
}
