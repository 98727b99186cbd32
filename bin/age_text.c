/* bk-age: status lines as monitoring plugins print them; see age_report.h */
#include <inttypes.h>
#include <string.h>

#include "age_report.h"
#include "base/num.h"

/* How the numbers of a check are written: for people, and for graphs. */
enum unit { SECONDS, BYTES, PERCENT, NUMBER };

static const enum unit units[BK_METRICS] = {
	[BK_METRIC_AGE] = SECONDS,
	[BK_METRIC_PROOF] = SECONDS,
	[BK_METRIC_SIZE] = BYTES,
	[BK_METRIC_SHRINK] = PERCENT,
	[BK_METRIC_GROWTH] = PERCENT,
	[BK_METRIC_GAP] = SECONDS,
	[BK_METRIC_COUNT] = NUMBER,
	[BK_METRIC_MISSING] = NUMBER,
	[BK_METRIC_FAILURES] = NUMBER,
	[BK_METRIC_FREE] = PERCENT,
};

static int
add_human(struct bk_buf *b, enum bk_metric check, uint64_t v, struct bk_err *e)
{
	char text[BK_NUM_TEXT];

	switch (units[check]) {
	case SECONDS:
		bk_duration_format(v, text);
		return bk_buf_puts(b, text, e);
	case BYTES:
		bk_size_format(v, text);
		return bk_buf_puts(b, text, e);
	case PERCENT:
		return bk_buf_printf(b, e, "%" PRIu64 "%%", v / 100);
	default:
		return bk_buf_printf(b, e, "%" PRIu64, v);
	}
}

/* A finding as text; nothing if it is not worth showing. */
static int
add_finding(struct bk_buf *b, const struct bk_subject *s, enum bk_metric check,
    const struct bk_fresh *f, struct bk_err *e)
{
	const struct bk_finding *found = &s->found[check];
	uint64_t v = found->value, ago = 0;
	const char *suffix = "";
	char usual[BK_NUM_TEXT];

	switch (check) {
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
		return add_human(b, check, v, e) == -1 ? -1 :
		    bk_buf_printf(b, e, " %s than the usual %s", check ==
		    BK_METRIC_SHRINK ? "smaller" : "larger", usual);
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
		suffix = " free";
		break;
	default:
		break;
	}
	return add_human(b, check, v, e) == -1 ? -1 : bk_buf_puts(b, suffix, e);
}

/* " (CRITICAL, over 2d1h)" */
static int
add_verdict(struct bk_buf *b, const struct bk_subject *s, enum bk_metric check,
    const struct bk_fresh *f, struct bk_err *e)
{
	const struct bk_finding *found = &s->found[check];
	const struct bk_limit *l = &f->limit[check];
	uint64_t limit = found->state == BK_STATE_CRITICAL ? l->critical :
	    l->warning;

	if (found->state == BK_STATE_OK)
		return 0;
	if (bk_buf_printf(b, e, " (%s", bk_state_name(found->state)) == -1)
		return -1;
	/* "never" exceeds no limit; "over 0" says nothing */
	if (limit != BK_FRESH_NEVER && limit != 0 && !(check ==
	    BK_METRIC_PROOF && (s->proven == 0 || s->refuted != 0)))
		if (bk_buf_puts(b, bk_metric_is_floor(check) ? ", under " :
		    ", over ", e) == -1 || add_human(b, check, limit, e) == -1)
			return -1;
	return bk_buf_puts(b, ")", e);
}

/* 1 if the finding is shown; some are only when not OK. */
static int
is_shown(const struct bk_subject *s, enum bk_metric check)
{
	if (!s->found[check].known)
		return 0;
	switch (check) {
	case BK_METRIC_SHRINK:
	case BK_METRIC_GROWTH:
	case BK_METRIC_GAP:
		return s->found[check].state != BK_STATE_OK;
	case BK_METRIC_COUNT:
		return s->found[check].state != BK_STATE_OK ||
		    s->kind == BK_SUBJECT_WAL;
	default:
		return 1;
	}
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
	const char *comma = " ";
	size_t start = b->len;
	int i;

	if (bk_buf_printf(b, e, "BACKUP %s - %s", bk_state_name(s->state),
	    s->name) == -1)
		return -1;
	for (i = 0; i < BK_METRICS; i++) {
		if (!is_shown(s, (enum bk_metric)i))
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
add_number(struct bk_buf *b, enum bk_metric check, uint64_t v, const char *unit,
    struct bk_err *e)
{
	if (units[check] == PERCENT)
		return bk_buf_printf(b, e, "%" PRIu64 ".%02" PRIu64 "%s",
		    v / 100, v % 100, unit);
	return bk_buf_printf(b, e, "%" PRIu64 "%s", v, unit);
}

/* ";90000", or ";1048576:" where less is worse. */
static int
add_limit(struct bk_buf *b, enum bk_metric check, uint64_t limit,
    struct bk_err *e)
{
	int floor = bk_metric_is_floor(check);

	if (bk_buf_puts(b, ";", e) == -1)
		return -1;
	if (limit == (floor ? 0 : BK_FRESH_NEVER))
		return 0;
	return add_number(b, check, limit, floor ? ":" : "", e);
}

/* 'shop.age'=; the name only where there are several subjects. */
static int
add_label(struct bk_buf *b, const struct bk_subjects *all,
    const struct bk_subject *s, enum bk_metric check, struct bk_err *e)
{
	size_t at;

	if (all->n == 1)
		return bk_buf_printf(b, e, " %s=", bk_metric_name(check));
	if (bk_buf_puts(b, " '", e) == -1)
		return -1;
	at = b->len;
	if (bk_buf_puts(b, s->name, e) == -1)
		return -1;
	for (; at < b->len; at++)
		if (strchr("'=", b->data[at]) != NULL)
			b->data[at] = '_';
	return bk_buf_printf(b, e, ".%s'=", bk_metric_name(check));
}

static int
add_numbers(struct bk_buf *b, const struct bk_subjects *all,
    const struct bk_subject *s, const struct bk_fresh *f, struct bk_err *e)
{
	static const char *const names[] = { "s", "B", "%", "" };
	int i;

	for (i = 0; i < BK_METRICS; i++) {
		const struct bk_finding *found = &s->found[i];
		const struct bk_limit *l = &f->limit[i];
		enum bk_metric check = (enum bk_metric)i;

		if (!found->known)
			continue;
		if (add_label(b, all, s, check, e) == -1 ||
		    (found->value == BK_FRESH_NEVER ? bk_buf_puts(b, "U", e) :
		    add_number(b, check, found->value, names[units[check]],
		    e)) == -1 || add_limit(b, check, l->warning, e) == -1 ||
		    add_limit(b, check, l->critical, e) == -1 ||
		    bk_buf_puts(b, ";0", e) == -1)
			return -1;
	}
	return 0;
}

int
age_text(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	size_t i, j, numbers;

	for (i = 0; i < s->n; i++) {
		if (add_subject(out, &s->v[i], f, e) == -1)
			return -1;
		if (i == 0) {
			if (bk_buf_puts(out, " |", e) == -1)
				return -1;
			numbers = out->len;
			for (j = 0; j < s->n; j++)
				if (add_numbers(out, s, &s->v[j], f, e) == -1)
					return -1;
			clean(out->data + numbers, out->len - numbers);
			if (out->len == numbers)
				out->len -= strlen(" |");
		}
		if (bk_buf_puts(out, "\n", e) == -1)
			return -1;
	}
	return 0;
}
