#include "policy/wal_missing.h"

#include <stdlib.h>

/* By timeline, then number, a complete segment before a partial one. */
static int
compare(const void *a, const void *b)
{
	const struct bk_wal_segment *x = a, *y = b;

	if (x->timeline != y->timeline)
		return x->timeline < y->timeline ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->partial - y->partial;
}

/*
 * Set *found to the greatest number <= number in v[0] to v[n - 1], which are
 * of older timelines: the timeline that begins with number forks there.
 */
static int
find_fork(const struct bk_wal_segment v[], size_t n, uint64_t number,
    uint64_t *found)
{
	int any = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (v[i].number > number || (any && v[i].number <= *found))
			continue;
		*found = v[i].number;
		any = 1;
	}
	return any;
}

/* The number of segments missing between from and to. */
static uint64_t
missing_between(uint32_t timeline, uint64_t from, uint64_t to, uint64_t count,
    struct bk_wal_segment *first)
{
	if (to <= from + 1)
		return 0;
	if (count == 0)
		*first = (struct bk_wal_segment){ timeline, from + 1, 0 };
	return to - from - 1;
}

/* The last number up to v[i]'s of which the timeline has the whole. */
static uint64_t
whole_until(const struct bk_wal_segment v[], size_t i)
{
	int whole = !v[i].partial || (i > 0 && !v[i - 1].partial &&
	    v[i - 1].timeline == v[i].timeline &&
	    v[i - 1].number == v[i].number);

	return whole ? v[i].number : v[i].number - 1;
}

uint64_t
bk_wal_missing_count(struct bk_wal_segment v[], size_t n,
    struct bk_wal_segment *first)
{
	uint64_t count = 0, from = 0;
	size_t i;

	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	for (i = 1; i < n; i++) {
		if (v[i].timeline == v[i - 1].timeline &&
		    v[i].number == v[i - 1].number)
			continue;
		if (v[i].timeline == v[i - 1].timeline)
			count += missing_between(v[i].timeline,
			    whole_until(v, i - 1), v[i].number, count, first);
		/* older timelines may have been pruned up to here */
		else if (find_fork(v, i, v[i].number, &from))
			count += missing_between(v[i].timeline, from,
			    v[i].number, count, first);
	}
	return count;
}

uint64_t
bk_wal_unbroken_from(struct bk_wal_segment v[], size_t n)
{
	uint64_t from, end = 0 /* of older timelines */, before;
	size_t i;

	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	for (i = 1, from = v[0].number; i < n; i++)
		if (v[i].number < from)
			from = v[i].number;
	for (i = 1; i < n; i++) {
		if (!v[i - 1].partial && v[i - 1].number >= end)
			end = v[i - 1].number + 1;
		before = v[i].number;
		if (v[i].timeline != v[i - 1].timeline) {
			if (end > v[i].number + 1 && end > from)
				from = end;
			(void)find_fork(v, i, v[i].number, &before);
		} else if (v[i].number != v[i - 1].number)
			before = whole_until(v, i - 1);
		if (before + 1 < v[i].number && v[i].number > from)
			from = v[i].number;
	}
	return from;
}
