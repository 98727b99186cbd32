#include "policy/series.h"

#include <stdlib.h>
#include <string.h>

#include "policy/group.h"
#include "policy/tiers.h"

/* Replace each tier directory in key by "*", in place. */
static void
fold_tiers(char *key)
{
	char *part = key, *slash;
	size_t n;

	while ((slash = strchr(part, '/')) != NULL) {
		n = (size_t)(slash - part);
		if (bk_tier_usual(part, n)) {
			*part = '*';
			memmove(part + 1, slash, strlen(slash) + 1);
			slash = part + 1;
		}
		part = slash + 1;
	}
}

/* Append pattern with each {tier} replaced by "*". */
static int
without_tier(const char *pattern, struct bk_buf *out, struct bk_err *e)
{
	static const char tier[] = "{tier}";
	const char *p;

	while ((p = strstr(pattern, tier)) != NULL) {
		if (bk_buf_add(out, pattern, (size_t)(p - pattern), e) == -1 ||
		    bk_buf_puts(out, "*", e) == -1)
			return -1;
		pattern = p + strlen(tier);
	}
	return bk_buf_puts(out, pattern, e);
}

int
bk_series_group(struct bk_listing *items, const char *pattern, struct bk_err *e)
{
	struct bk_listed *item, *end = items->item + items->n;
	struct bk_buf p = {0};
	size_t of_series = 0;
	int rc = -1;

	if (pattern != NULL && without_tier(pattern, &p, e) == -1)
		goto done;
	if (bk_listing_group(items, pattern == NULL ? NULL : p.data, e) == -1)
		goto done;
	for (item = items->item; item < end; item++) {
		if (item->group == NULL)
			continue;
		of_series++;
		bk_tier_find(item, pattern);
		if (pattern == NULL)
			fold_tiers(item->group);
	}
	if (of_series == 0) {
		bk_fail(e, BK_DATA, pattern != NULL ? "no name in the listing "
		    "matches --group" : "no name in the listing has a time in "
		    "it, so its series is unknown; give a pattern with "
		    "--group");
		goto done;
	}
	rc = 0;
 done:
	bk_buf_free(&p);
	return rc;
}

int
bk_series_of(const char *name, struct bk_buf *key, struct bk_err *e)
{
	int rc = bk_group_of(NULL, name, key, e);

	if (rc == 0 || (rc == 1 && strcmp(key->data, "*") == 0)) {
		key->len = 0;
		rc = bk_buf_puts(key, name, e);
	}
	if (rc == -1)
		return -1;
	fold_tiers(key->data);
	key->len = strlen(key->data);
	return 0;
}

/* By series, without a series last; then as bk_record_compare(). */
static int
compare_items(const void *a, const void *b)
{
	const struct bk_listed *x = a, *y = b;
	int c = bk_listing_compare(x, y);

	return c != 0 ? c : strcmp(y->r.name, x->r.name);
}

/* Set *name to the n characters at s without separators at either end. */
static int
trim(const char *s, size_t n, struct bk_buf *name, struct bk_err *e)
{
	static const char separators[] = "-_.@ ";

	while (n > 0 && strchr(separators, *s) != NULL) {
		s++;
		n--;
	}
	while (n > 0 && strchr(separators, s[n - 1]) != NULL)
		n--;
	name->len = 0;
	return bk_buf_add(name, s, n, e);
}

int
bk_series_name(const char *key, struct bk_buf *name, struct bk_err *e)
{
	const char *slash = strrchr(key, '/'), *base, *star, *s;

	base = slash == NULL ? key : slash + 1;
	if ((star = strchr(base, '*')) == NULL)
		star = base + strlen(base);
	if (trim(base, (size_t)(star - base), name, e) == -1)
		return -1;
	if (name->len == 0 && *star != '\0' && star[1] != '\0' &&
	    strchr("-_", star[1]) != NULL &&
	    trim(star + 1, strcspn(star + 1, "."), name, e) == -1)
		return -1;
	while (name->len == 0 && slash != NULL && slash > key) {
		for (s = slash; s > key && s[-1] != '/'; s--)
			continue;
		if (*s != '*' && trim(s, (size_t)(slash - s), name, e) == -1)
			return -1;
		slash = s > key ? s - 1 : NULL;
	}
	return name->len > 0 ? 0 : bk_buf_puts(name, key, e);
}

int
bk_series_owner(const char *pattern, const char *name, struct bk_buf *owner,
    struct bk_err *e)
{
	struct bk_buf key = {0};
	int rc;

	if (pattern != NULL && strstr(pattern, "{db}") != NULL)
		return bk_group_db(pattern, name, owner, e);
	rc = bk_group_of(NULL, name, &key, e);
	if (rc == 1 && bk_series_name(key.data, owner, e) == -1)
		rc = -1;
	bk_buf_free(&key);
	return rc;
}

/* The newest one that is not an increment, whose size tells little; n: none. */
static size_t
newest_full(const struct bk_listed *item, size_t n)
{
	size_t i = 0;

	while (i < n && item[i].chain.parent != 0)
		i++;
	return i;
}

/* Compare the newest size with the usual one, of full backups alone. */
static int
compare_sizes(struct bk_subject *s, const struct bk_listed *item, size_t n,
    const struct bk_fresh *f, struct bk_err *e)
{
	size_t max = n - 1 < f->last ? n - 1 : f->last, i, before = 0;
	uint64_t *size = calloc(max + 1, sizeof(*size)), now;
	const size_t newest = newest_full(item, n);

	if (size == NULL)
		return bk_fail_memory(e);
	for (i = newest + 1; i < n && before < max; i++)
		if (item[i].chain.parent == 0)
			size[before++] = item[i].r.bytes;
	if (before >= BK_SERIES_HISTORY) {
		now = item[newest].r.bytes;
		s->usual = bk_fresh_median(size, before);
		bk_subject_set(s, BK_METRIC_SHRINK, now >= s->usual ? 0 :
		    bk_fresh_share(s->usual - now, s->usual), f);
		bk_subject_set(s, BK_METRIC_GROWTH, now <= s->usual ? 0 :
		    bk_fresh_share(now - s->usual, s->usual), f);
	}
	free(size);
	return 0;
}

/* The longest gap between the newest ones. */
static int
find_gap(struct bk_subject *s, const struct bk_listed *item, size_t n,
    const struct bk_fresh *f, struct bk_err *e)
{
	size_t before = n - 1 < f->last ? n - 1 : f->last, i;
	time_t *t = calloc(before + 1, sizeof(*t));

	if (t == NULL)
		return bk_fail_memory(e);
	for (i = 0; i <= before; i++)
		t[i] = item[i].r.time;
	if (before > 0)
		bk_subject_set(s, BK_METRIC_GAP, bk_fresh_gap(t, before + 1),
		    f);
	free(t);
	return 0;
}

/* Can each increment be used?  n items, the newest first. */
static int
judge_chain(struct bk_subject *s, const struct bk_listed *item, size_t n,
    struct bk_err *e)
{
	const struct bk_listed **v = calloc(n, sizeof(*v));
	size_t i;
	int rc = 0;

	if (v == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < n; i++)
		v[i] = &item[i];
	for (i = 0; rc == 0 && i < n; i++) {
		if (item[i].chain.parent == 0 || bk_listing_parent(v, n, i) < n)
			continue;
		s->state = BK_STATE_CRITICAL;
		rc = bk_subject_note(s, e, "%s is an increment on a base "
		    "backup that is missing", item[i].base);
		break;
	}
	free(v);
	return rc;
}

/* The newest proof, and whether a later receipt says "not proven". */
static int
judge_proof(struct bk_subject *s, const struct bk_listed *item, size_t n,
    const struct bk_fresh *f, struct bk_err *e)
{
	uint64_t age = BK_FRESH_NEVER;
	size_t i;

	for (i = 0; i < n; i++)
		bk_tier_proof(&item[i], &s->proven, &s->refuted);
	if (s->proven != 0 && bk_fresh_age(f, s->proven, &age) == -1) {
		s->state = bk_state_worse(s->state, BK_STATE_UNKNOWN);
		return bk_subject_note(s, e, "a receipt dated in the future");
	}
	bk_subject_set(s, BK_METRIC_PROOF, age, f);
	if (age == BK_FRESH_NEVER || s->refuted != 0)
		s->state = s->found[BK_METRIC_PROOF].state = BK_STATE_CRITICAL;
	return 0;
}

/* What there is of it in all, how fast it was restored, what are copies. */
static int
add_up(struct bk_subject *s, const struct bk_listed *item, size_t all,
    size_t n, struct bk_err *e)
{
	time_t last = 0;
	size_t i, late = 0;

	for (i = 0; i < all; i++) {
		if (__builtin_add_overflow(s->stored, item[i].r.bytes,
		    &s->stored))
			s->stored = UINT64_MAX;
		late += i < n && bk_record_stored(&item[i].r) -
		    item[i].r.time > BK_RECORD_LATE;
		if (item[i].restored_time > last) {
			last = item[i].restored_time;
			s->restored = item[i].restored_seconds;
		}
	}
	return late == 0 ? 0 : bk_subject_note(s, e, "%zu of %zu stored over "
	    "a day after they were made", late, n);
}

/* Of all items of a series, how many are backups of their own. */
static size_t
count_backups(const struct bk_listed *item, size_t all)
{
	size_t n = 0;

	while (n < all && !item[n].replaces)
		n++;
	return n;
}

/* All items of one series, the newest first; last what replaces others. */
static int
judge_one(struct bk_subjects *out, const struct bk_listed *item, size_t all,
    const struct bk_fresh *f, struct bk_err *e)
{
	const size_t n = count_backups(item, all);
	struct bk_subject *s;
	struct bk_buf name = {0};
	size_t i;
	int rc = -1;

	if (bk_series_name(item[0].group, &name, e) == -1 ||
	    (s = bk_subjects_add(out, BK_SUBJECT_BACKUP, name.data,
	    item[0].group, e)) == NULL)
		goto done;
	i = newest_full(item, n);
	if (i < n)
		bk_subject_set(s, BK_METRIC_SIZE, item[i].r.bytes, f);
	bk_subject_set(s, BK_METRIC_COUNT, n, f);
	if (add_up(s, item, all, n, e) == -1 ||
	    bk_tiers_add(s, item, n, e) == -1 ||
	    bk_subject_date(s, item[0].r.time, f, e) == -1 ||
	    compare_sizes(s, item, n, f, e) == -1 ||
	    find_gap(s, item, n, f, e) == -1 ||
	    judge_chain(s, item, n, e) == -1)
		goto done;
	rc = f->receipts ? judge_proof(s, item, all, f, e) : 0;
 done:
	bk_buf_free(&name);
	return rc;
}

static int
compare_names(const void *a, const void *b)
{
	const struct bk_subject *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Subjects with the same name get their full series key as name. */
static int
disambiguate(struct bk_subjects *s, struct bk_err *e)
{
	struct bk_subject **v = calloc(s->n + 1, sizeof(*v));
	size_t i, j, k;
	char *whole;
	int rc = 0;

	if (v == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < s->n; i++)
		v[i] = &s->v[i];
	qsort(v, s->n, sizeof(*v), compare_names);
	for (i = 0; i < s->n; i = j) {
		for (j = i + 1; j < s->n && compare_names(&v[i], &v[j]) == 0;
		    j++)
			continue;
		for (k = i; j > i + 1 && k < j; k++) {
			if ((whole = strdup(v[k]->series)) == NULL) {
				rc = bk_fail_memory(e);
				goto done;
			}
			free(v[k]->name);
			v[k]->name = whole;
		}
	}
 done:
	free(v);
	return rc;
}

int
bk_series_judge(struct bk_subjects *out, struct bk_listing *items,
    const struct bk_fresh *f, struct bk_err *e)
{
	struct bk_listed *v = items->item;
	size_t i, j;

	/* invalidates items->by_base */
	qsort(v, items->n, sizeof(*v), compare_items);
	for (i = 0; (j = bk_listing_group_end(items, i)) > i; i = j)
		if (judge_one(out, &v[i], j - i, f, e) == -1)
			return -1;
	return disambiguate(out, e);
}
