#include "policy/freshness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"

void
bk_fresh_init(struct bk_fresh *f, time_t now)
{
	int i;

	*f = (struct bk_fresh){ .now = now };
	for (i = 0; i < BK_METRICS; i++)
		if (!bk_metric_is_floor((enum bk_metric)i))
			f->limit[i].warning = f->limit[i].critical =
			    BK_FRESH_NEVER;
}

const char *
bk_state_name(enum bk_state state)
{
	static const char *const names[] =
	    { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

	return names[state];
}

static int
rank(enum bk_state state)
{
	static const int ranks[] = { 0, 1, 3, 2 };

	return ranks[state];
}

enum bk_state
bk_state_worse(enum bk_state a, enum bk_state b)
{
	return rank(a) >= rank(b) ? a : b;
}

int
bk_fresh_age(const struct bk_fresh *f, time_t then, uint64_t *seconds)
{
	if (then > f->now && (uint64_t)then - (uint64_t)f->now >
	    BK_FRESH_AHEAD)
		return -1;
	/* unsigned: the difference cannot overflow */
	*seconds = then > f->now ? 0 : (uint64_t)f->now - (uint64_t)then;
	return 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t
bk_fresh_median(uint64_t v[], size_t n)
{
	uint64_t low, high;

	qsort(v, n, sizeof(*v), compare_numbers);
	low = v[(n - 1) / 2];
	high = v[n / 2];
	return low + (high - low) / 2;
}

uint64_t
bk_fresh_share(uint64_t part, uint64_t whole)
{
	uint64_t rest, share;

	if (whole == 0)
		return part == 0 ? 0 : BK_FRESH_NEVER;
	rest = part % whole;
	/* if it would overflow, its last digits are negligible */
	rest = whole > UINT64_MAX / 10000 ? rest / (whole / 10000 + 1)
	    : rest * 10000 / whole;
	return __builtin_mul_overflow(part / whole, (uint64_t)10000, &share) ||
	    __builtin_add_overflow(share, rest, &share) ? BK_FRESH_NEVER :
	    share;
}

uint64_t
bk_fresh_gap(const time_t t[], size_t n)
{
	uint64_t gap = 0, d;
	size_t i;

	for (i = 1; i < n; i++) {
		d = (uint64_t)t[i - 1] - (uint64_t)t[i];
		if (d > gap)
			gap = d;
	}
	return gap;
}

struct bk_subject *
bk_subjects_add(struct bk_subjects *s, enum bk_subject_kind kind,
    const char *name, const char *series, struct bk_err *e)
{
	struct bk_subject *new, *more = bk_grow(s->v, s->n, &s->cap,
	    sizeof(*more), e);

	if (more == NULL)
		return NULL;
	s->v = more;
	new = &s->v[s->n];
	*new = (struct bk_subject){ .kind = kind };
	new->name = strdup(name);
	new->series = strdup(series);
	if (new->name == NULL || new->series == NULL) {
		free(new->name);
		free(new->series);
		bk_fail_memory(e);
		return NULL;
	}
	s->n++;
	return new;
}

void
bk_subject_set(struct bk_subject *s, enum bk_metric metric, uint64_t value,
    const struct bk_fresh *f)
{
	const struct bk_limit *l = &f->limit[metric];
	int floor = bk_metric_is_floor(metric);
	enum bk_state state = BK_STATE_OK;

	if (floor ? value < l->critical : value > l->critical)
		state = BK_STATE_CRITICAL;
	else if (floor ? value < l->warning : value > l->warning)
		state = BK_STATE_WARNING;
	s->found[metric] = (struct bk_finding){ 1, value, state };
	s->state = bk_state_worse(s->state, state);
}

int
bk_subject_date(struct bk_subject *s, time_t newest, const struct bk_fresh *f,
    struct bk_err *e)
{
	uint64_t age;

	s->newest = newest;
	if (bk_fresh_age(f, newest, &age) == 0) {
		bk_subject_set(s, BK_METRIC_AGE, age, f);
		return 0;
	}
	s->state = bk_state_worse(s->state, BK_STATE_UNKNOWN);
	return bk_subject_note(s, e, "dated in the future, or this host's "
	    "clock is slow");
}

int
bk_subject_note(struct bk_subject *s, struct bk_err *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);	/* may truncate */
	va_end(ap);
	free(s->note);
	return (s->note = strdup(text)) != NULL ? 0 : bk_fail_memory(e);
}

enum bk_state
bk_subjects_state(const struct bk_subjects *s)
{
	enum bk_state state = BK_STATE_OK;
	size_t i;

	for (i = 0; i < s->n; i++)
		state = bk_state_worse(state, s->v[i].state);
	return s->n == 0 ? BK_STATE_UNKNOWN : state;
}

static int
compare_subjects(const void *a, const void *b)
{
	const struct bk_subject *x = a, *y = b;

	if (x->state != y->state)
		return rank(y->state) - rank(x->state);
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->series, y->series);
}

void
bk_subjects_sort(struct bk_subjects *s)
{
	if (s->n > 0)
		qsort(s->v, s->n, sizeof(*s->v), compare_subjects);
}

void
bk_subjects_free(struct bk_subjects *s)
{
	size_t i, j;

	for (i = 0; i < s->n; i++) {
		for (j = 0; j < s->v[i].ntiers; j++)
			free(s->v[i].tier[j].name);
		free(s->v[i].tier);
		free(s->v[i].name);
		free(s->v[i].series);
		free(s->v[i].note);
	}
	free(s->v);
	*s = (struct bk_subjects){0};
}
