/* bk-age: what there is, for people; see report/age_report.h */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "report/age_report.h"

#define WIDE 48		/* a longer cell does not widen its column */

enum column { DATABASE, TIER, NEWEST, AT, OLDEST, COUNT, BYTES, PROVEN,
	RECOVERABLE, COLUMNS };

static const struct { const char *head; int right; } columns[COLUMNS] = {
	[DATABASE] = { "DATABASE", 0 },
	[TIER] = { "TIER", 0 },
	[NEWEST] = { "NEWEST", 1 },
	[AT] = { "AT", 0 },
	[OLDEST] = { "OLDEST", 1 },
	[COUNT] = { "COUNT", 1 },
	[BYTES] = { "BYTES", 1 },
	[PROVEN] = { "PROVEN", 1 },
	[RECOVERABLE] = { "RECOVERABLE", 0 },
};

struct table {
	struct bk_buf cells;	/* each with its NUL, row by row */
	size_t width[COLUMNS], n;
	const struct bk_fresh *f;
	struct bk_err *e;
};

static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += !bk_utf8_inside(*s);
	return n;
}

/* The next cell of a row. */
static int
add(struct table *t, const char *text)
{
	size_t start = t->cells.len, width, *column;

	if (bk_buf_add(&t->cells, text, strlen(text) + 1, t->e) == -1)
		return -1;
	bk_utf8_clean(t->cells.data + start, t->cells.len - start - 1);
	width = width_of(t->cells.data + start);
	column = &t->width[t->n++ % COLUMNS];
	if (width > *column && width <= WIDE)
		*column = width;
	return 0;
}

static int
add_head(struct table *t)
{
	int c;

	for (c = 0; c < COLUMNS; c++)
		if (add(t, columns[c].head) == -1)
			return -1;
	return 0;
}

static void
age_of(const struct table *t, time_t then, char out[BK_NUM_TEXT])
{
	uint64_t age;

	if (bk_fresh_age(t->f, then, &age) == -1)
		(void)snprintf(out, BK_NUM_TEXT, "future");
	else
		bk_duration_format(age, out);
}

/* Without receipts nothing is known of proofs. */
static int
add_proof(struct table *t, const struct bk_subject *s,
    const struct bk_tier *tier)
{
	char age[BK_NUM_TEXT];

	if (tier->refuted != 0)
		return add(t, "refuted");
	if (tier->proven == 0)
		return add(t, s->found[BK_METRIC_PROOF].known ? "never" : "-");
	age_of(t, tier->proven, age);
	return add(t, age);
}

/* "20d3h .. 12m ago" */
static int
add_range(struct table *t, const struct bk_subject *s)
{
	char from[BK_NUM_TEXT], to[BK_NUM_TEXT], text[2 * BK_NUM_TEXT + 16];

	uint64_t age;

	if (s->recoverable_to == 0 ||
	    bk_fresh_age(t->f, s->recoverable_to, &age) == -1)
		return add(t, "-");
	age_of(t, s->recoverable_from, from);
	age_of(t, s->recoverable_to, to);
	(void)snprintf(text, sizeof(text), "%s .. %s ago", from, to);
	return add(t, text);
}

static int
add_row(struct table *t, const struct bk_subject *s,
    const struct bk_tier *tier)
{
	char newest[BK_NUM_TEXT], oldest[BK_NUM_TEXT], bytes[BK_NUM_TEXT];
	char at[BK_UTCTIME_TEXT], count[BK_NUM_TEXT];

	age_of(t, tier->newest, newest);
	bk_utctime_format(tier->newest, at);
	age_of(t, tier->oldest, oldest);
	(void)snprintf(count, sizeof(count), "%zu", tier->count);
	bk_size_format(tier->bytes, bytes);
	if (add(t, s->name) == -1 ||
	    add(t, tier->name == NULL ? "-" : tier->name) == -1 ||
	    add(t, newest) == -1 || add(t, at) == -1 ||
	    add(t, oldest) == -1 || add(t, count) == -1 ||
	    add(t, bytes) == -1 || add_proof(t, s, tier) == -1)
		return -1;
	return add_range(t, s);
}

static int
compare(const void *a, const void *b)
{
	const struct bk_subject *x = *(const struct bk_subject *const *)a;
	const struct bk_subject *y = *(const struct bk_subject *const *)b;
	int c = strcmp(x->name, y->name);

	return c != 0 ? c : strcmp(x->series, y->series);
}

static int
add_rows(struct table *t, const struct bk_subjects *all)
{
	const struct bk_subject **v = calloc(all->n + 1, sizeof(*v));
	size_t i, j;
	int rc = v == NULL ? bk_fail_memory(t->e) : 0;

	for (i = 0; rc == 0 && i < all->n; i++)
		v[i] = &all->v[i];
	if (rc == 0)
		qsort(v, all->n, sizeof(*v), compare);
	for (i = 0; rc == 0 && i < all->n; i++)
		for (j = 0; rc == 0 && j < v[i]->ntiers; j++) {
			if (t->n == 0)
				rc = add_head(t);
			if (rc == 0)
				rc = add_row(t, v[i], &v[i]->tier[j]);
		}
	free(v);
	return rc;
}

/* Two blanks between columns, and none at the end of a line. */
static int
print_rows(const struct table *t, struct bk_buf *out)
{
	const char *cell = t->cells.data;
	size_t i, c, width, pad;

	for (i = 0; i < t->n; i++, cell += strlen(cell) + 1) {
		c = i % COLUMNS;
		width = width_of(cell);
		pad = width < t->width[c] ? t->width[c] - width : 0;
		if (bk_buf_printf(out, t->e, "%*s%s%*s%s",
		    columns[c].right ? (int)pad : 0, "", cell,
		    columns[c].right || c == RECOVERABLE ? 0 : (int)pad, "",
		    c == RECOVERABLE ? "\n" : "  ") == -1)
			return -1;
	}
	return 0;
}

/* What is odd about a subject, or why a source cannot be read. */
static int
print_note(const struct table *t, const struct bk_subject *s,
    struct bk_buf *out)
{
	const struct bk_finding *missing = &s->found[BK_METRIC_MISSING];
	size_t start = out->len;

	if (s->note == NULL)
		return 0;
	if (bk_buf_printf(out, t->e, "%s: ", s->name) == -1 ||
	    (missing->known && missing->value > 0 && bk_buf_printf(out, t->e,
	    "%" PRIu64 " segment%s missing: ", missing->value,
	    missing->value == 1 ? "" : "s") == -1) ||
	    bk_buf_printf(out, t->e, "%s\n", s->note) == -1)
		return -1;
	bk_utf8_clean(out->data + start, out->len - start - 1);
	return 0;
}

int
bk_age_table(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e)
{
	struct table t = { .f = f, .e = e };
	size_t i;
	int rc = add_rows(&t, s);

	if (rc == 0)
		rc = print_rows(&t, out);
	for (i = 0; rc == 0 && i < s->n; i++)
		rc = print_note(&t, &s->v[i], out);
	bk_buf_free(&t.cells);
	return rc;
}
