/* base/grow: what is in an array stays, and no size is too large. */
#include "base/grow.h"

#include <stdint.h>
#include <stdlib.h>

#include "starve.h"
#include "tap.h"

#define MANY 5000

/* Fill an array; the number of times that it moved or grew, -1: a failure. */
static int
fill(size_t *cap, struct bk_err *e)
{
	uint64_t *v = NULL, *more;
	size_t n, before = 0, bad = 0;
	int grown = 0;

	for (n = 0; n < MANY; n++) {
		if ((more = bk_grow(v, n, cap, sizeof(*v), e)) == NULL) {
			free(v);
			return -1;
		}
		grown += cap != NULL && *cap != before;
		before = cap == NULL ? 0 : *cap;
		v = more;
		v[n] = n;
	}
	for (n = 0; n < MANY; n++)
		bad += v[n] != n;
	free(v);
	return bad > 0 ? -2 : grown;
}

static int
fill_both(void *arg, struct bk_err *e)
{
	size_t cap = 0;

	(void)arg;
	return fill(NULL, e) == 0 && fill(&cap, e) > 0 ? 0 : -1;
}

int
main(void)
{
	struct bk_err e = {0};
	size_t cap = 0, full = SIZE_MAX / 8;
	uint64_t one = 1;

	is_int(fill(NULL, &e), 0, "without a size of its own");
	is_int(fill(&cap, &e), 10, "16, doubled until it is enough");
	is_int((long long)cap, 8192, "and it says how many fit");
	ok(bk_grow(&one, full, &full, sizeof(one), &e) == NULL &&
	    e.code == BK_FAIL && full == SIZE_MAX / 8,
	    "a size that no number has is a lack of memory");
	starve("an array", STARVE_MEMORY, fill_both, NULL);
	return tap_done();
}
