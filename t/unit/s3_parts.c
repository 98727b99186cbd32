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

static struct bk_err err;

static int
plan(struct bk_s3_parts *p, uint64_t size, unsigned max)
{
	struct bk_s3_parts_wish w = { .size = size, .max = max };

	return bk_s3_parts_plan(p, &w, &err);
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
		plan(&p, sizes[i], 10000);
		ok(reach(&p, &largest) >= 5 * TIB, "10,000 parts from %ju MiB "
		    "reach 5 TiB", (uintmax_t)(sizes[i] / MIB));
		ok(largest <= GIB || largest == sizes[i], "none grows beyond "
		    "1 GiB");
		plan(&p, sizes[i], 1000);
		ok(reach(&p, &largest) >= 527 * GIB, "1,000 reach 527 GiB");
		ok(largest <= GIB || largest == sizes[i], "none grows beyond "
		    "1 GiB");
		is_int((intmax_t)bk_s3_part_size(&p, 1), (intmax_t)sizes[i],
		    "the first has the size that was asked for");
	}
	plan(&p, 8 * MIB, 1);
	is_int((intmax_t)bk_s3_part_size(&p, 1), 8 * MIB, "one part");
	plan(&p, 5 * GIB, 10000);
	is_int(p.step, 10000, "parts that reach it do not grow");
}

/* The table of bk-s3put(1). */
static void
documented(void)
{
	struct bk_s3_parts p;
	uint64_t sum = 0;
	unsigned n;

	plan(&p, 8 * MIB, 10000);
	is_int(p.step, 770, "8 MiB and 10,000: doubled every 770");
	for (n = 1; n <= 770; n++)
		sum += bk_s3_part_size(&p, n);
	is_int((intmax_t)(sum / GIB), 6, "8 MiB up to 6 GiB");
	for (; n <= 4 * 770; n++)
		sum += bk_s3_part_size(&p, n);
	is_int((intmax_t)(sum / GIB), 90, "64 MiB up to 90 GiB");
	is_int((intmax_t)bk_s3_part_size(&p, 4 * 770), 64 * MIB, "64 MiB");
	for (; n <= 6 * 770; n++)
		sum += bk_s3_part_size(&p, n);
	is_int((intmax_t)(sum / GIB), 378, "256 MiB up to 378 GiB");
	is_int((intmax_t)bk_s3_part_size(&p, 10000), GIB, "1 GiB at last");
	is_int((intmax_t)bk_s3_part_size(&p, 10001), GIB, "and no more");
}

/* One size for all, or for as much as is expected. */
static void
known(void)
{
	struct bk_s3_parts_wish w = { .max = 10000, .fixed = 1,
	    .share = 64 * MIB };
	struct bk_s3_parts p;
	uint64_t largest;

	is_int(bk_s3_parts_plan(&p, &w, &err), 0, "a plan");
	is_int((intmax_t)p.size, 64 * MIB, "fixed: as large as memory allows");
	is_int((intmax_t)bk_s3_part_size(&p, 10000), 64 * MIB, "all of them");
	w.share = MIB;
	(void)bk_s3_parts_plan(&p, &w, &err);
	is_int((intmax_t)p.size, 8 * MIB, "but not less than 8 MiB");
	w.expected = TIB;
	(void)bk_s3_parts_plan(&p, &w, &err);
	ok(reach(&p, &largest) >= TIB / 4 * 5 && largest == p.size,
	    "fixed and expected: a quarter more");
	is_int((intmax_t)(p.size / MIB), 132, "in parts as small as that");
	w.fixed = 0;
	(void)bk_s3_parts_plan(&p, &w, &err);
	ok(p.step * p.size >= TIB, "expected: that much in parts of one size");
	ok(reach(&p, &largest) >= 3 * TIB, "and three times that in all");
	w.expected = GIB;
	w.size = 16 * MIB;
	(void)bk_s3_parts_plan(&p, &w, &err);
	is_int((intmax_t)p.size, 16 * MIB, "a size that is enough stays");
	w.max = 1000;
	w.expected = 5 * TIB;
	is_int(bk_s3_parts_plan(&p, &w, &err), -1, "too much for 1,000");
	is_int(err.code, BK_USAGE, "is the caller's fault");
	err = (struct bk_err){0};
	w.max = 10000;
	is_int(bk_s3_parts_plan(&p, &w, &err), 0, "5 TiB is not for 10,000");
	w.fixed = 1;
	is_int(bk_s3_parts_plan(&p, &w, &err), 0, "nor if all are alike");
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

	plan(&p, 8 * MIB, 1000);
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
	known();
	text();
	return tap_done();
}
