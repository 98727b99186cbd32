/*
 * Listings: records, which printed again parse the same; what to keep of them,
 * their series and freshness; as an archive of WAL; as the names of holds.
 */
#include "fuzz.h"

#include <stdio.h>

#include "base/utf8.h"
#include "policy/holds.h"
#include "policy/prune.h"
#include "policy/recoverable.h"
#include "policy/series.h"
#include "policy/wal.h"

#define NOW 1795353255		/* 2026-11-22 */

static void
refuse(const char *text)
{
	CHECK(*text != '\0');
}

static void
check_record(const struct bk_record *r)
{
	struct bk_buf line = {0};
	struct bk_record again;
	struct bk_err e = {0};
	size_t i;

	CHECK(bk_record_format(&line, r, &e) == 0);
	for (i = 0; i + 1 < line.len; i++)
		CHECK(line.data[i] == '\t' || bk_utf8_inside(line.data[i]) ||
		    bk_utf8_hidden(line.data + i) == 0);
	CHECK(strstr(line.data, "?versionId=") == NULL);
	CHECK(line.len > 0 && line.data[line.len - 1] == '\n');
	line.data[line.len - 1] = '\0';
	CHECK(bk_record_parse(line.data, &again, &e) == 0);
	CHECK(again.time == r->time && again.nanos == r->nanos &&
	    again.bytes == r->bytes && again.bare == r->bare &&
	    (r->bare || again.stored == r->stored) &&
	    strcmp(again.name, r->name) == 0);
	for (i = 0; i < (r->bare ? BK_RECORD_IDS : BK_RECORD_FIELDS); i++)
		CHECK((again.field[i] == NULL) == (r->field[i] == NULL) &&
		    (r->field[i] == NULL ||
		    strcmp(again.field[i], r->field[i]) == 0));
	CHECK(bk_record_copy(&again, r, &e) == 0 && !bk_record_compare(&again,
	    r) && bk_record_is_same(&again, r));
	free(again.name);
	bk_buf_free(&line);
}

static FILE *
open_input(const uint8_t *p, size_t n)
{
	FILE *f = fopen(fuzz_path(0, p, n), "r");

	CHECK(f != NULL);
	return f;
}

static void
read_records(FILE *f)
{
	struct bk_record r;
	struct bk_err e = {0};
	char *line = NULL;
	size_t cap = 0;
	int rc;

	while ((rc = bk_record_read(f, &line, &cap, &r, &e)) == 1)
		check_record(&r);
	fuzz_agree(rc, &e);
	free(line);
}

/* 1 if x is kept, of y's series and not older. */
static int
is_newer(const struct bk_listed *x, const struct bk_listed *y)
{
	return !x->expired && x->group != NULL && y->group != NULL &&
	    strcmp(x->group, y->group) == 0 && x->r.time >= y->r.time;
}

/* A policy never lets the newest of a series go. */
static void
prune(struct bk_listing *items, const char *pattern)
{
	struct bk_policy keep = { .count = { [BK_KEEP_DAILY] = 2,
	    [BK_KEEP_MONTHLY] = 1 }, .wall = gmtime_r };
	struct bk_guards g = { .now = NOW, .max_ahead = 3600,
	    .max_share = 100, .min_keep = 1, .refuse = refuse };
	struct bk_err e = {0};
	size_t i, k;

	if (bk_listing_group(items, pattern, &e) == -1 ||
	    bk_prune_judge(items, &keep, &g, &e) == -1)
		return;
	for (i = 0; i < items->n; i++) {
		if (!items->item[i].expired)
			continue;
		for (k = 0; k < items->n; k++)
			if (is_newer(&items->item[k], &items->item[i]))
				break;
		CHECK(k < items->n);
	}
}

static void
judge(struct bk_listing *items, const char *pattern)
{
	struct bk_subjects subjects = {0};
	struct bk_subject *s;
	size_t i, n;
	struct bk_fresh f;
	struct bk_err e = {0};

	bk_fresh_init(&f, NOW);
	f.last = 3;
	f.segment = 16 << 20;
	if (bk_series_group(items, pattern, &e) == 0 &&
	    bk_series_judge(&subjects, items, &f, &e) == 0 &&
	    bk_recoverable_find(subjects.v, subjects.n, items, &f, &e) == 0)
		for (s = subjects.v; s < subjects.v + subjects.n; s++) {
			for (i = n = 0; i < s->ntiers; i++)
				n += s->tier[i].count;
			CHECK(n == s->found[BK_METRIC_COUNT].value);
			CHECK(s->recoverable_from <= s->recoverable_to);
		}
	bk_subjects_free(&subjects);
}

static void
as_wal(const uint8_t *p, size_t n)
{
	struct bk_listing wal = {0}, bases = {0};
	struct bk_guards g = { .now = NOW, .max_ahead = 3600, .max_share = 100,
	    .refuse = refuse };
	struct bk_subjects subjects = {0};
	struct bk_fresh fresh;
	struct bk_err e = {0}, again = {0};
	FILE *f = open_input(p, n);

	if (bk_listing_read(&wal, f, "fuzz", &e) == 0) {
		(void)rewind(f);
		CHECK(bk_listing_read(&bases, f, "fuzz", &e) == 0);
		(void)bk_wal_judge(&wal, &bases, 86400, &g, &e);
		bk_fresh_init(&fresh, NOW);
		fresh.segment = 16 << 20;
		(void)bk_series_judge_wal(&subjects, &wal, &fresh, &again);
	}
	bk_subjects_free(&subjects);
	bk_listing_free(&wal);
	bk_listing_free(&bases);
	(void)fclose(f);
}

FUZZ(160 << 10, 200)
{
	struct bk_listing items = {0};
	struct bk_holds holds = {0};
	struct bk_err e[3] = {{0}};
	const char *pattern = fuzz_pick(2) == 0 ? NULL :
	    "s3://b/{db}/{tier}/{db}-{utc}.bk";
	FILE *f = open_input(p, n);

	read_records(f);
	rewind(f);
	if (bk_listing_read(&items, f, "fuzz", &e[0]) == 0) {
		rewind(f);
		if (bk_holds_read(&holds, f, "fuzz", &e[1]) == 0)
			bk_holds_apply(&holds, &items);
		prune(&items, pattern);
		bk_listing_free(&items);
		rewind(f);
		items = (struct bk_listing){0};
		CHECK(bk_listing_read(&items, f, "fuzz", &e[2]) == 0);
		judge(&items, pattern);
	}
	bk_holds_free(&holds);
	bk_listing_free(&items);
	(void)fclose(f);
	as_wal(p, n);
}
