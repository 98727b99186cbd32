#include "policy/tiers.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "policy/group.h"
#include "policy/retention.h"

int
bk_tier_usual(const char *s, size_t n)
{
	const char *tier;
	int rule;

	for (rule = BK_KEEP_HOURLY; rule < BK_RULES; rule++) {
		tier = bk_rule_name((enum bk_rule)rule);
		if (strlen(tier) == n && strncmp(tier, s, n) == 0)
			return rule;
	}
	return 0;
}

/* The last directory of item's name that is called as a tier. */
static void
find_directory(struct bk_listed *item)
{
	const char *part = item->r.name, *slash;

	for (; (slash = strchr(part, '/')) != NULL; part = slash + 1)
		if (bk_tier_usual(part, (size_t)(slash - part))) {
			item->tier = part;
			item->tier_len = (size_t)(slash - part);
		}
}

void
bk_tier_find(struct bk_listed *item, const char *pattern)
{
	if (pattern != NULL && strstr(pattern, "{tier}") != NULL)
		bk_group_tier(pattern, item->r.name, &item->tier,
		    &item->tier_len);
	else
		find_directory(item);
}

void
bk_tier_proof(const struct bk_listed *item, time_t *proven, time_t *refuted)
{
	if (item->proof > 0 && item->proof_time > *proven) {
		*proven = item->proof_time;
		if (*refuted < *proven)
			*refuted = 0;
	}
	if (item->proof < 0 && item->proof_time >= *proven &&
	    item->proof_time > *refuted)
		*refuted = item->proof_time;
}

static int
compare(const void *a, const void *b)
{
	const struct bk_listed *x = *(const struct bk_listed *const *)a;
	const struct bk_listed *y = *(const struct bk_listed *const *)b;
	size_t least = x->tier_len < y->tier_len ? x->tier_len : y->tier_len;
	int p, q, c;

	if (x->tier == NULL || y->tier == NULL)
		return (x->tier == NULL) - (y->tier == NULL);
	p = bk_tier_usual(x->tier, x->tier_len);
	q = bk_tier_usual(y->tier, y->tier_len);
	if (p != q)
		return p == 0 || (q != 0 && p > q) ? 1 : -1;
	c = strncmp(x->tier, y->tier, least);
	return c != 0 ? c : (x->tier_len > y->tier_len) -
	    (x->tier_len < y->tier_len);
}

/* The first of v[0] to v[n - 1] are of one tier: their number, or 0: memory. */
static size_t
add_one(struct bk_subject *s, const struct bk_listed *const v[], size_t n,
    struct bk_err *e)
{
	struct bk_tier new = { .newest = v[0]->r.time,
	    .oldest = v[0]->r.time }, *more;
	size_t i;

	more = bk_grow(s->tier, s->ntiers, NULL, sizeof(*more), e);
	if (more == NULL)
		return 0;
	s->tier = more;
	for (i = 0; i < n && compare(&v[0], &v[i]) == 0; i++) {
		new.count++;
		if (__builtin_add_overflow(new.bytes, v[i]->r.bytes,
		    &new.bytes))
			new.bytes = UINT64_MAX;
		if (v[i]->r.time > new.newest)
			new.newest = v[i]->r.time;
		if (v[i]->r.time < new.oldest)
			new.oldest = v[i]->r.time;
		bk_tier_proof(v[i], &new.proven, &new.refuted);
	}
	if (v[0]->tier != NULL && (new.name = strndup(v[0]->tier,
	    v[0]->tier_len)) == NULL) {
		bk_fail_memory(e);
		return 0;
	}
	s->tier[s->ntiers++] = new;
	return i;
}

int
bk_tiers_add(struct bk_subject *s, const struct bk_listed *item, size_t n,
    struct bk_err *e)
{
	const struct bk_listed **v = calloc(n, sizeof(*v));
	size_t i, one;

	if (v == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < n; i++)
		v[i] = &item[i];
	qsort(v, n, sizeof(*v), compare);
	for (i = 0; i < n && (one = add_one(s, &v[i], n - i, e)) > 0; i += one)
		continue;
	free(v);
	return i == n ? 0 : -1;
}
