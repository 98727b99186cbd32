#include "s3/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define PART_USUAL (8ULL << 20)
#define PER_PART (540ULL << 20)	/* allowed, that all of them reach on average */
#define MAX_STEPS 32
#define MIB (1ULL << 20)

/* The capacity of all parts together, or a value beyond every limit. */
static uint64_t
reach(const struct bk_s3_parts *p)
{
	uint64_t sum = 0, n;
	unsigned first;

	for (first = 1; first <= p->max && sum < BK_S3_OBJECT_MAX;
	    first += p->step) {
		n = p->max - first + 1;
		if (n > p->step)
			n = p->step;
		sum += n * bk_s3_part_size(p, first);
	}
	return sum;
}

/* Let parts grow as late as possible, for a stream of any size. */
static void
plan_growth(struct bk_s3_parts *p)
{
	uint64_t goal = p->max * PER_PART;
	unsigned d;

	if (goal > BK_S3_OBJECT_MAX)
		goal = BK_S3_OBJECT_MAX;
	for (d = 1; d <= MAX_STEPS; d++) {
		p->step = (p->max + d - 1) / d;
		if (reach(p) >= goal)
			break;
	}
}

/* The size of n parts that hold bytes, a whole number of MiB. */
static uint64_t
share(uint64_t bytes, unsigned n)
{
	return (bytes / n / MIB + 1) * MIB;
}

int
bk_s3_parts_plan(struct bk_s3_parts *p, const struct bk_s3_parts_wish *w,
    struct bk_err *e)
{
	unsigned half = (w->max + 1) / 2;
	uint64_t least = 0;

	*p = (struct bk_s3_parts){ .size = w->size, .max = w->max };
	if (w->expected > BK_S3_OBJECT_MAX)
		return bk_fail(e, BK_USAGE, "--expected-size: an object has 5 "
		    "TiB at most");
	if (p->size == 0 && w->fixed && w->expected == 0 &&
	    w->share > PART_USUAL)
		p->size = w->share < BK_S3_PART_GROWN ? w->share / MIB * MIB :
		    BK_S3_PART_GROWN;
	if (p->size == 0)
		p->size = PART_USUAL;
	if (w->expected > 0)
		least = w->fixed ? share(w->expected / 4 * 5, w->max) :
		    share(w->expected, half);
	if (least > BK_S3_PART_MAX)
		return bk_fail(e, BK_USAGE, "--expected-size: too much for %u "
		    "parts", w->max);
	if (p->size < least)
		p->size = least;
	p->step = w->fixed ? w->max : half;
	if (!w->fixed && w->expected == 0)
		plan_growth(p);
	return 0;
}

uint64_t
bk_s3_part_size(const struct bk_s3_parts *p, unsigned number)
{
	uint64_t size = p->size;
	unsigned d;

	for (d = (number - 1) / p->step; d > 0 && size < BK_S3_PART_GROWN; d--)
		size *= 2;
	/* one that was larger from the start stays as it is */
	return size < BK_S3_PART_GROWN || p->size > BK_S3_PART_GROWN ? size :
	    BK_S3_PART_GROWN;
}

void
bk_s3_parts_format(const struct bk_s3_parts *p, char out[BK_S3_PARTS_TEXT])
{
	(void)snprintf(out, BK_S3_PARTS_TEXT, "%" PRIu64 "x%u", p->size,
	    p->step);
}

int
bk_s3_parts_parse(const char *s, struct bk_s3_parts *p)
{
	struct bk_err ignored = {0};
	char size[24];
	uint64_t step;
	size_t n = strcspn(s, "x");

	if (s[n] != 'x' || n >= sizeof(size))
		return -1;
	memcpy(size, s, n);
	size[n] = '\0';
	*p = (struct bk_s3_parts){ .max = BK_S3_PARTS_MAX };
	if (bk_num_parse(size, BK_S3_PART_MIN, BK_S3_PART_MAX, "", &p->size,
	    &ignored) == -1 ||
	    bk_num_parse(s + n + 1, 1, BK_S3_PARTS_MAX, "", &step,
	    &ignored) == -1)
		return -1;
	p->step = (unsigned)step;
	return 0;
}
