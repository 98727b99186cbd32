/* The arithmetic of parts: total capacity and the size of each. */
#include "s3/parts.h"
#include "tap.h"

#define TIB (1ULL << 40)
#define GIB (1ULL << 30)
#define MIB (1ULL << 20)

static uint64_t
reach(const struct bk_s3_parts *p, uint64_t *largest)
{
	uint64_t sum = 0, last = 0, size;
	unsigned n;

	*largest = 0;
	for (n = 1; n <= p->max; n++) {
		size = bk_s3_part_size(p, n);
		if (size < last)
			return 0;	/* they must not shrink */
		last = *largest = size;
		sum += size;
	}
	return sum;
}

static void
limits(void)
{
	static const uint64_t sizes[] = { 5 * MIB, 8 * MIB, 64 * MIB, GIB,
	    5 * GIB };
	struct bk_s3_parts p;
	uint64_t largest;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bk_s3_parts_plan(&p, sizes[i], 10000);
		ok(reach(&p, &largest) >= 5 * TIB, "10,000 parts from %ju MiB "
		    "reach 5 TiB", (uintmax_t)(sizes[i] / MIB));
		ok(largest <= 5 * GIB, "none is larger than 5 GiB");
		bk_s3_parts_plan(&p, sizes[i], 1000);
		ok(reach(&p, &largest) >= TIB, "1,000 parts reach 1 TiB");
		ok(largest <= 5 * GIB, "none is larger than 5 GiB");
		is_int((intmax_t)bk_s3_part_size(&p, 1), (intmax_t)sizes[i],
		    "the first has the size that was asked for");
	}
	bk_s3_parts_plan(&p, 8 * MIB, 1);
	is_int((intmax_t)bk_s3_part_size(&p, 1), 8 * MIB, "one part");
	bk_s3_parts_plan(&p, 5 * GIB, 10000);
	is_int(p.step, 10000, "parts that reach it do not grow");
}

/* The table of bk-s3put(1). */
static void
documented(void)
{
	struct bk_s3_parts p;
	uint64_t sum = 0;
	unsigned n;

	bk_s3_parts_plan(&p, 8 * MIB, 10000);
	is_int(p.step, 1000, "8 MiB and 10,000: doubled every 1,000");
	for (n = 1; n <= 1000; n++)
		sum += bk_s3_part_size(&p, n);
	is_int((intmax_t)sum, 8000 * (intmax_t)MIB, "8 MiB up to 7.8 GiB");
	for (; n <= 4000; n++)
		sum += bk_s3_part_size(&p, n);
	is_int((intmax_t)sum, 120000 * (intmax_t)MIB, "64 MiB up to 117 GiB");
	is_int((intmax_t)bk_s3_part_size(&p, 4000), 64 * MIB, "64 MiB");
	is_int((intmax_t)bk_s3_part_size(&p, 10000), 4 * GIB, "4 GiB at last");
	is_int((intmax_t)bk_s3_part_size(&p, 10001), 5 * GIB, "behind the end");
}

static void
text(void)
{
	static const char *const bad[] = { "", "x", "8388608", "8388608x",
	    "x1000", "1x1000", "8388608x0", "8388608x10001", "8388608x1000 ",
	    "-8388608x1000", "99999999999999999999999999x1", "8388608x1000x1" };
	struct bk_s3_parts p, q;
	char s[BK_S3_PARTS_TEXT];
	size_t i;

	bk_s3_parts_plan(&p, 8 * MIB, 1000);
	bk_s3_parts_format(&p, s);
	ok(bk_s3_parts_parse(s, &q) == 0 && q.size == p.size &&
	    q.step == p.step, "'%s' there and back", s);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(bk_s3_parts_parse(bad[i], &q) == -1, "'%s' is none",
		    bad[i]);
}

int
main(void)
{
	limits();
	documented();
	text();
	return tap_done();
}
