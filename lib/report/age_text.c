/* bk-age: status lines as monitoring plugins print them */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "report/age_report.h"

/*
 * Bytes.  Monitoring systems cut off what is more than 4 kB or 8 kB, and with
 * it the performance data.
 */
#define OUTPUT_MAX 4096
#define REST_MAX 128		/* the last line: how many more */
#define TEXT_MAX 1024
#define NUMBERS_MAX 2304

/* v for people; exact where two numbers would look the same. */
static void
format(enum bk_metric metric, uint64_t v, int exact, char out[BK_NUM_TEXT])
{
	switch (bk_metric_row(metric)->unit) {
	case BK_UNIT_SECONDS:
		(exact ? bk_duration_exact : bk_duration_format)(v, out);
		break;
	case BK_UNIT_BYTES:
		if (!exact)
			bk_size_format(v, out);
		else
			(void)snprintf(out, BK_NUM_TEXT, "%" PRIu64 "B", v);
		break;
	case BK_UNIT_PERCENT:
		(void)snprintf(out, BK_NUM_TEXT, exact ? "%" PRIu64 ".%02"
		    PRIu64 "%%" : "%" PRIu64 "%%", v / 100, v % 100);
		break;
	case BK_UNIT_NUMBER:
		(void)snprintf(out, BK_NUM_TEXT, "%" PRIu64, v);
		break;
	}
}

/* The limit that found exceeds. */
static uint64_t
limit_of(const struct bk_finding *found, const struct bk_limit *l)
{
	return found->state == BK_STATE_CRITICAL ? l->critical : l->warning;
}

/* The value and its limit as text, told apart even if they nearly agree. */
static void
format_both(const struct bk_subject *s, enum bk_metric metric, uint64_t v,
    const struct bk_fresh *f, char value[BK_NUM_TEXT], char limit[BK_NUM_TEXT])
{
	const struct bk_finding *found = &s->found[metric];
	uint64_t most = limit_of(found, &f->limit[metric]);

	format(metric, v, 0, value);
	format(metric, most, 0, limit);
	if (found->state != BK_STATE_OK && strcmp(value, limit) == 0)
		format(metric, v, 1, value);
}

/* A finding as text; nothing if it is not worth showing. */
static int
add_finding(struct bk_buf *b, const struct bk_subject *s, enum bk_metric metric,
    const struct bk_fresh *f, struct bk_err *e)
{
	const struct bk_finding *found = &s->found[metric];
	uint64_t v = found->value, ago = 0;
	const char *suffix = "";
	char usual[BK_NUM_TEXT], value[BK_NUM_TEXT], limit[BK_NUM_TEXT];

	switch (metric) {
	case BK_METRIC_AGE:
		suffix = " old";
		break;
	case BK_METRIC_PROOF:
		if (s->refuted != 0) {
			(void)bk_fresh_age(f, s->refuted, &ago);
			v = ago;
		} else if (s->proven == 0)
			return bk_buf_puts(b, "never proven", e);
		if (bk_buf_puts(b, s->refuted != 0 ? "found not restorable "
		    : "proven ", e) == -1)
			return -1;
		suffix = " ago";
		break;
	case BK_METRIC_SHRINK:
	case BK_METRIC_GROWTH:
		bk_size_format(s->usual, usual);
		format_both(s, metric, v, f, value, limit);
		return bk_buf_printf(b, e, "%s %s than the usual %s", value,
		    metric == BK_METRIC_SHRINK ? "smaller" : "larger", usual);
	case BK_METRIC_GAP:
		suffix = " between two";
		break;
	case BK_METRIC_COUNT:
		suffix = s->kind == BK_SUBJECT_WAL ?
		    v == 1 ? " segment" : " segments" :
		    v == 1 ? " backup" : " backups";
		break;
	case BK_METRIC_MISSING:
		suffix = v == 1 ? " segment missing" : " segments missing";
		break;
	case BK_METRIC_FAILURES:
		if (v == 0)
			return bk_buf_puts(b, "succeeded", e);
		suffix = v == 1 ? " failure" : " failures in a row";
		break;
	case BK_METRIC_FREE:
	case BK_METRIC_FREE_BYTES:
		suffix = " free";
		break;
	case BK_METRIC_SIZE:	/* its unit says it */
	case BK_METRICS:
		break;
	}
	format_both(s, metric, v, f, value, limit);
	return bk_buf_printf(b, e, "%s%s", value, suffix);
}

/* A state in lower case: the line has one in capitals, its own. */
static const char *
lower(enum bk_state state)
{
	static const char *const names[] =
	    { "ok", "warning", "critical", "unknown" };

	return names[state];
}

/* " (critical, over 2d1h)" */
static int
add_verdict(struct bk_buf *b, const struct bk_subject *s, enum bk_metric metric,
    const struct bk_fresh *f, struct bk_err *e)
{
	const struct bk_finding *found = &s->found[metric];
	const struct bk_limit *l = &f->limit[metric];
	uint64_t limit = limit_of(found, l);
	char text[BK_NUM_TEXT];

	if (found->state == BK_STATE_OK)
		return 0;
	if (bk_buf_printf(b, e, " (%s", lower(found->state)) == -1)
		return -1;
	/* "never" exceeds no limit; "over 0" says nothing */
	if (limit != BK_FRESH_NEVER && limit != 0 && !(metric ==
	    BK_METRIC_PROOF && (s->proven == 0 || s->refuted != 0))) {
		format(metric, limit, 0, text);
		if (bk_buf_printf(b, e, ", %s %s", bk_metric_is_floor(metric) ?
		    "under" : "over", text) == -1)
			return -1;
	}
	return bk_buf_puts(b, ")", e);
}

/* 1 if the finding is shown; some are only when not OK. */
static int
is_shown(const struct bk_subject *s, enum bk_metric metric,
    const struct bk_fresh *f)
{
	if (!s->found[metric].known)
		return 0;
	switch (metric) {
	case BK_METRIC_SHRINK:
	case BK_METRIC_GROWTH:
	case BK_METRIC_GAP:
		return s->found[metric].state != BK_STATE_OK;
	case BK_METRIC_COUNT:
		return s->found[metric].state != BK_STATE_OK ||
		    s->kind == BK_SUBJECT_WAL;
	case BK_METRIC_FREE:
		return f->limit[BK_METRIC_FREE_BYTES].warning == 0;
	case BK_METRIC_FREE_BYTES:
		return f->limit[metric].warning != 0;
	case BK_METRIC_AGE:
	case BK_METRIC_PROOF:
	case BK_METRIC_SIZE:
	case BK_METRIC_MISSING:
	case BK_METRIC_FAILURES:
	case BK_METRICS:
		break;
	}
	return 1;
}

/* A "|" would begin the performance data, a control byte confuse a terminal. */
static void
clean(char *s, size_t n)
{
	for (; n > 0; n--, s++)
		if (*s == '|')
			*s = '/';
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static int
add_subject(struct bk_buf *b, const struct bk_subject *s,
    const struct bk_fresh *f, struct bk_err *e)
{
	const char *comma = ": ";
	size_t start = b->len;
	int i;

	if (bk_buf_printf(b, e, "BACKUP %s - %s", bk_state_name(s->state),
	    s->name) == -1)
		return -1;
	for (i = 0; i < BK_METRICS; i++) {
		if (!is_shown(s, (enum bk_metric)i, f))
			continue;
		if (bk_buf_puts(b, comma, e) == -1 ||
		    add_finding(b, s, (enum bk_metric)i, f, e) == -1 ||
		    add_verdict(b, s, (enum bk_metric)i, f, e) == -1)
			return -1;
		comma = ", ";
	}
	if (s->note != NULL && bk_buf_printf(b, e, ": %s", s->note) == -1)
		return -1;
	clean(b->data + start, b->len - start);
	return 0;
}

/* A number for graphs, with its unit. */
static int
add_number(struct bk_buf *b, enum bk_metric metric, uint64_t v,
    const char *unit, struct bk_err *e)
{
	if (bk_metric_row(metric)->unit == BK_UNIT_PERCENT)
		return bk_buf_printf(b, e, "%" PRIu64 ".%02" PRIu64 "%s",
		    v / 100, v % 100, unit);
	return bk_buf_printf(b, e, "%" PRIu64 "%s", v, unit);
}

/* ";90000", or ";1048576:" where less is worse. */
static int
add_limit(struct bk_buf *b, enum bk_metric metric, uint64_t limit,
    struct bk_err *e)
{
	int floor = bk_metric_is_floor(metric);

	if (bk_buf_puts(b, ";", e) == -1)
		return -1;
	if (limit == (floor ? 0 : BK_FRESH_NEVER))
		return 0;
	return add_number(b, metric, limit, floor ? ":" : "", e);
}

/* 'shop.age'=, however much else is watched: graphs go by it. */
static int
add_label(struct bk_buf *b, const struct bk_subject *s, enum bk_metric metric,
    struct bk_err *e)
{
	size_t at;

	if (bk_buf_puts(b, " '", e) == -1)
		return -1;
	at = b->len;
	if (bk_buf_puts(b, s->name, e) == -1)
		return -1;
	for (; at < b->len; at++)
		if (strchr("'=", b->data[at]) != NULL)
			b->data[at] = '_';
	return bk_buf_printf(b, e, ".%s'=", bk_metric_row(metric)->name);
}

static int
add_numbers(struct bk_buf *b, const struct bk_subject *s,
    const struct bk_fresh *f, struct bk_err *e)
{
	static const char *const names[] = { [BK_UNIT_SECONDS] = "s",
	    [BK_UNIT_BYTES] = "B", [BK_UNIT_PERCENT] = "%",
	    [BK_UNIT_NUMBER] = "" };
	size_t start = b->len;
	int i;

	for (i = 0; i < BK_METRICS; i++) {
		const struct bk_finding *found = &s->found[i];
		const struct bk_limit *l = &f->limit[i];
		enum bk_metric metric = (enum bk_metric)i;

		if (!found->known)
			continue;
		if (add_label(b, s, metric, e) == -1 ||
		    (found->value == BK_FRESH_NEVER ? bk_buf_puts(b, "U", e) :
		    add_number(b, metric, found->value,
		    names[bk_metric_row(metric)->unit], e)) == -1 ||
		    add_limit(b, metric, l->warning, e) == -1 ||
		    add_limit(b, metric, l->critical, e) == -1 ||
		    bk_buf_puts(b, ";0", e) == -1)
			return -1;
	}
	clean(b->data + start, b->len - start);
	return 0;
}

static int
compare_series(const void *a, const void *b)
{
	const struct bk_subject *const *x = a, *const *y = b;

	if ((*x)->kind != (*y)->kind)
		return (*x)->kind < (*y)->kind ? -1 : 1;
	return strcmp((*x)->series, (*y)->series);
}

/*
 * Performance data in an order that does not depend on states, so that of too
 * many the same are there each time.  *left_out is the number of the others.
 */
static int
add_all_numbers(struct bk_buf *b, const struct bk_subjects *s,
    const struct bk_fresh *f, size_t *left_out, struct bk_err *e)
{
	const struct bk_subject **v = calloc(s->n + 1, sizeof(*v));
	size_t i, start = b->len, at;
	int rc = v == NULL ? bk_fail_memory(e) : bk_buf_puts(b, " |", e);

	*left_out = 0;
	for (i = 0; rc == 0 && i < s->n; i++)
		v[i] = &s->v[i];
	if (rc == 0)
		qsort(v, s->n, sizeof(*v), compare_series);
	for (i = 0; rc == 0 && i < s->n; i++) {
		at = b->len;
		rc = add_numbers(b, v[i], f, e);
		if (rc == 0 && b->len - start > NUMBERS_MAX) {
			b->len = at;
			*left_out = s->n - i;
			break;
		}
	}
	if (b->len == start + strlen(" |"))
		b->len = start;
	free(v);
	return rc;
}

/* "and 60 more: 20 CRITICAL, 40 OK": those from n on, the worst first. */
static int
add_rest(struct bk_buf *b, const struct bk_subjects *s, size_t n,
    size_t left_out, struct bk_err *e)
{
	static const enum bk_state order[] = { BK_STATE_CRITICAL,
	    BK_STATE_UNKNOWN, BK_STATE_WARNING, BK_STATE_OK };
	size_t i, count[BK_STATE_UNKNOWN + 1] = {0};
	const char *comma = ": ";

	for (i = n; i < s->n; i++)
		count[s->v[i].state]++;
	if (n < s->n && bk_buf_printf(b, e, "and %zu more%s", s->n - n,
	    count[BK_STATE_OK] == s->n - n ? ", all OK" : "") == -1)
		return -1;
	for (i = 0; i < 4 && count[BK_STATE_OK] < s->n - n; i++) {
		if (count[order[i]] == 0)
			continue;
		if (bk_buf_printf(b, e, "%s%zu %s", comma, count[order[i]],
		    bk_state_name(order[i])) == -1)
			return -1;
		comma = ", ";
	}
	if (left_out > 0 && bk_buf_printf(b, e, "%sno performance data of %zu",
	    n < s->n ? "; " : "", left_out) == -1)
		return -1;
	return n < s->n || left_out > 0 ? bk_buf_puts(b, "\n", e) : 0;
}

static int
add_all(struct bk_buf *out, const struct bk_subjects *s,
    const struct bk_fresh *f, int numbers, struct bk_err *e)
{
	size_t i, left_out = 0;
	struct bk_buf line = {0};
	int rc = 0;

	for (i = 0; rc == 0 && i < s->n; i++) {
		line.len = 0;
		if ((rc = add_subject(&line, &s->v[i], f, e)) == -1)
			break;
		if (line.len > TEXT_MAX)
			line.len = bk_utf8_cut(line.data, TEXT_MAX);
		if (i > 0 && out->len + line.len > OUTPUT_MAX - REST_MAX)
			break;
		if (bk_buf_add(out, line.data, line.len, e) == -1 ||
		    (i == 0 && numbers && add_all_numbers(out, s, f,
		    &left_out, e) == -1) ||
		    bk_buf_puts(out, "\n", e) == -1)
			rc = -1;
	}
	bk_buf_free(&line);
	return rc == -1 ? -1 : add_rest(out, s, i, left_out, e);
}

int
bk_age_text(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	return add_all(out, s, f, 1, e);
}

int
bk_age_lines(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	return add_all(out, s, f, 0, e);
}
