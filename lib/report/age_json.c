/* bk-age: findings for programs; see report/age_report.h */
#include "json/json_write.h"
#include "report/age_report.h"

/* Null for what is not known. */
static int
add_number(struct bk_buf *b, const char *key, uint64_t v, int known,
    struct bk_err *e)
{
	return known ? bk_json_number(b, key, v, e) :
	    bk_json_member(b, key, NULL, e);
}

/* A text that may be empty; null for NULL. */
static int
add_text(struct bk_buf *b, const char *key, const char *text,
    struct bk_err *e)
{
	if (text == NULL)
		return bk_json_member(b, key, NULL, e);
	return bk_json_key(b, key, e) == -1 ? -1 : bk_json_string(b, text, e);
}

static int
add_checks(struct bk_buf *b, const struct bk_subject *s,
    const struct bk_fresh *f, struct bk_err *e)
{
	uint64_t none;
	int i;

	for (i = 0; i < BK_METRICS; i++) {
		const struct bk_finding *found = &s->found[i];
		const struct bk_limit *l = &f->limit[i];

		if (!found->known)
			continue;
		none = bk_metric_is_floor((enum bk_metric)i) ? 0 :
		    BK_FRESH_NEVER;
		if (bk_json_key(b, bk_metric_row((enum bk_metric)i)->name,
		    e) == -1 || bk_buf_puts(b, "{", e) == -1 ||
		    bk_json_member(b, "status", bk_state_name(found->state),
		    e) == -1 ||
		    add_number(b, "value", found->value, found->value !=
		    BK_FRESH_NEVER, e) == -1 ||
		    add_number(b, "warning", l->warning, l->warning != none,
		    e) == -1 ||
		    add_number(b, "critical", l->critical, l->critical != none,
		    e) == -1 || bk_buf_puts(b, "}", e) == -1)
			return -1;
	}
	return 0;
}

static int
add_tiers(struct bk_buf *b, const struct bk_subject *s, struct bk_err *e)
{
	const struct bk_tier *t;

	if (bk_json_key(b, "tiers", e) == -1 || bk_buf_puts(b, "[", e) == -1)
		return -1;
	for (t = s->tier; t < s->tier + s->ntiers; t++)
		if (bk_buf_puts(b, t == s->tier ? "{" : ",{", e) == -1 ||
		    bk_json_member(b, "tier", t->name, e) == -1 ||
		    bk_json_time(b, "newest", t->newest, e) == -1 ||
		    bk_json_time(b, "oldest", t->oldest, e) == -1 ||
		    bk_json_number(b, "count", t->count, e) == -1 ||
		    bk_json_number(b, "bytes", t->bytes, e) == -1 ||
		    bk_json_time(b, "proven", t->proven, e) == -1 ||
		    bk_json_time(b, "refuted", t->refuted, e) == -1 ||
		    bk_buf_puts(b, "}", e) == -1)
			return -1;
	return bk_buf_puts(b, "]", e);
}

static int
add_subject(struct bk_buf *b, const struct bk_subject *s,
    const struct bk_fresh *f, struct bk_err *e)
{
	if (bk_buf_puts(b, "{", e) == -1 ||
	    bk_json_member(b, "kind", bk_subject_kind_name(s->kind), e) == -1 ||
	    add_text(b, "name", s->name, e) == -1 ||
	    add_text(b, "series", s->series, e) == -1 ||
	    add_text(b, "status", bk_state_name(s->state), e) == -1 ||
	    add_text(b, "note", s->note, e) == -1 ||
	    bk_json_time(b, "newest", s->newest, e) == -1 ||
	    bk_json_time(b, "proven", s->proven, e) == -1 ||
	    bk_json_time(b, "refuted", s->refuted, e) == -1 ||
	    add_number(b, "stored_bytes", s->stored, s->kind ==
	    BK_SUBJECT_BACKUP, e) == -1 ||
	    add_number(b, "usual_bytes", s->usual,
	    s->found[BK_METRIC_SHRINK].known, e) == -1 ||
	    (s->restored > 0 ? bk_json_seconds(b, "restore_test_seconds",
	    s->restored, e) : bk_json_member(b, "restore_test_seconds", NULL,
	    e)) == -1 || bk_json_time(b, "recoverable_from",
	    s->recoverable_from, e) == -1 ||
	    bk_json_time(b, "recoverable_to", s->recoverable_to, e) == -1 ||
	    add_tiers(b, s, e) == -1 || bk_json_key(b, "checks", e) == -1 ||
	    bk_buf_puts(b, "{", e) == -1 || add_checks(b, s, f, e) == -1)
		return -1;
	return bk_buf_puts(b, "}}", e);
}

int
bk_age_json(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	enum bk_state state = bk_subjects_state(s);
	size_t i;

	if (bk_buf_puts(out, "{", e) == -1 ||
	    bk_json_member(out, "status", bk_state_name(state), e) == -1 ||
	    bk_json_number(out, "code", (uint64_t)state, e) == -1 ||
	    bk_json_time(out, "time", f->now, e) == -1 ||
	    bk_json_key(out, "subjects", e) == -1 ||
	    bk_buf_puts(out, "[", e) == -1)
		return -1;
	for (i = 0; i < s->n; i++)
		if ((i > 0 && bk_buf_puts(out, ",", e) == -1) ||
		    add_subject(out, &s->v[i], f, e) == -1)
			return -1;
	return bk_buf_puts(out, "]}\n", e);
}
