#include "policy/wal_missing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "policy/wal.h"

#define XLOG_ID_BYTES ((uint64_t)1 << 32) /* the last 8 digits wrap here */

int
bk_wal_missing_parse(const char *name, uint64_t segment,
    struct bk_wal_segment *s)
{
	static const char partial[] = ".partial";
	const char *slash = strrchr(name, '/');
	const char *base = slash == NULL ? name : slash + 1;
	uint64_t each = XLOG_ID_BYTES / segment, position, timeline;

	if (bk_wal_parse(name, &position) != BK_WAL_SEGMENT ||
	    bk_hex_number(base, 8, &timeline) == -1)
		return 0;
	if ((position & UINT32_MAX) >= each)
		return -1;
	s->timeline = (uint32_t)timeline;
	s->number = (position >> 32) * each + (position & UINT32_MAX);
	s->partial = strncmp(base + 24, partial, strlen(partial)) == 0;
	return 1;
}

void
bk_wal_missing_format(const struct bk_wal_segment *s, uint64_t segment,
    char out[BK_WAL_MISSING_NAME])
{
	uint64_t each = XLOG_ID_BYTES / segment;

	(void)snprintf(out, BK_WAL_MISSING_NAME, "%08" PRIX32 "%08" PRIX32 "%08"
	    PRIX32, s->timeline, (uint32_t)(s->number / each),
	    (uint32_t)(s->number % each));
}

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
