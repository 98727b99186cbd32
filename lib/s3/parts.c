#include "s3/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#define MAX_DOUBLINGS 12	/* 5 MiB * 2^10 is 5 GiB */

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

void
bk_s3_parts_plan(struct bk_s3_parts *p, uint64_t size, unsigned max)
{
	uint64_t goal = (uint64_t)max * ((11ULL << 30) / 10);
	unsigned d;

	if (goal > BK_S3_OBJECT_MAX)
		goal = BK_S3_OBJECT_MAX;
	*p = (struct bk_s3_parts){ .size = size, .max = max };
	for (d = 1; d <= MAX_DOUBLINGS; d++) {
		p->step = (max + d - 1) / d;
		if (reach(p) >= goal)
			break;
	}
}

uint64_t
bk_s3_part_size(const struct bk_s3_parts *p, unsigned number)
{
	uint64_t size = p->size;
	unsigned d;

	for (d = (number - 1) / p->step; d > 0 && size < BK_S3_PART_MAX; d--)
		size *= 2;
	return size < BK_S3_PART_MAX ? size : BK_S3_PART_MAX;
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
