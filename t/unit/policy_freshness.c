/* Monitoring a listing of backups: states, arithmetic, series, WAL. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/freshness.h"
#include "policy/series.h"
#include "policy/wal_missing.h"
#include "tap.h"

#define NOW ((time_t)1800000000)
#define SEGMENT ((uint64_t)16 << 20)

static uint64_t seed = 88172645463325252u;

/* xorshift: the same numbers in every run */
static uint64_t
rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void
states(void)
{
	static const enum bk_state order[] = { BK_STATE_OK, BK_STATE_WARNING,
	    BK_STATE_UNKNOWN, BK_STATE_CRITICAL };
	struct bk_subjects none = {0};
	int i, j, good = 1;

	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++)
			good &= bk_state_worse(order[i], order[j]) ==
			    order[i > j ? i : j];
	ok(good, "the worse of two states");
	is_int(bk_subjects_state(&none), BK_STATE_UNKNOWN,
	    "nothing known is UNKNOWN");
}

static void
ages(void)
{
	struct bk_fresh f;
	uint64_t age = 1;

	bk_fresh_init(&f, NOW);
	ok(bk_fresh_age(&f, NOW - 60, &age) == 0 && age == 60, "a minute");
	ok(bk_fresh_age(&f, NOW + BK_FRESH_AHEAD, &age) == 0 && age == 0,
	    "slightly ahead is now");
	is_int(bk_fresh_age(&f, NOW + BK_FRESH_AHEAD + 1, &age), -1,
	    "the future");
	ok(bk_fresh_age(&f, 0, &age) == 0 && age == (uint64_t)NOW, "1970");
	f.now = INT64_MAX;
	ok(bk_fresh_age(&f, INT64_MIN, &age) == 0 && age == UINT64_MAX,
	    "all of time");
	f.now = INT64_MIN;
	is_int(bk_fresh_age(&f, INT64_MAX, &age), -1, "and back");
}

/* Each limit at its edge: "more than", "less than". */
static void
limits(void)
{
	struct bk_fresh f;
	enum bk_metric c;
	uint64_t v;
	int good = 1;

	bk_fresh_init(&f, NOW);
	for (c = 0; c < BK_METRICS; c++) {
		struct bk_subject none = {0};

		bk_subject_set(&none, c, 0, &f);
		bk_subject_set(&none, c, UINT64_MAX, &f);
		good &= none.state == BK_STATE_OK;
		f.limit[c] = bk_metric_is_floor(c) ?
		    (struct bk_limit){ 20, 10 } : (struct bk_limit){ 10, 20 };
		for (v = 0; v < 30; v++) {
			struct bk_subject s = {0};
			enum bk_state want = bk_metric_is_floor(c) ?
			    v < 10 ? BK_STATE_CRITICAL : v < 20 ?
			    BK_STATE_WARNING : BK_STATE_OK :
			    v > 20 ? BK_STATE_CRITICAL : v > 10 ?
			    BK_STATE_WARNING : BK_STATE_OK;

			bk_subject_set(&s, c, v, &f);
			good &= s.found[c].state == want && s.state == want &&
			    s.found[c].known && s.found[c].value == v;
		}
	}
	ok(good, "limits at their edges, and none that is never reached");
}

static void
medians(void)
{
	uint64_t v[64], m, below, above, equal;
	int round, good = 1;
	size_t n, i;

	for (round = 0; round < 20000; round++) {
		n = 1 + (size_t)(rnd() % 64);
		for (i = 0; i < n; i++)
			v[i] = round % 3 == 0 ? rnd() % 5 : rnd();
		m = bk_fresh_median(v, n);
		below = above = equal = 0;
		for (i = 0; i < n; i++) {
			below += v[i] < m;
			above += v[i] > m;
			equal += v[i] == m;
		}
		/* at least half are <= it, at least half >= it */
		good &= below <= n / 2 && above <= n / 2 &&
		    (equal > 0 || below == above);
	}
	ok(good, "a median has half of the numbers on each side");
	v[0] = UINT64_MAX;
	v[1] = UINT64_MAX - 2;
	ok(bk_fresh_median(v, 2) == UINT64_MAX - 1, "the greatest numbers");
	ok(bk_fresh_median(v, 1) == UINT64_MAX - 2, "of one");
}

static void
shares(void)
{
	uint64_t part, whole, got;
	int round, good = 1;
	double want;

	is_int((intmax_t)bk_fresh_share(1, 3), 3333, "a third");
	is_int((intmax_t)bk_fresh_share(5, 5), 10000, "all");
	is_int((intmax_t)bk_fresh_share(0, 0), 0, "nothing of nothing");
	ok(bk_fresh_share(1, 0) == BK_FRESH_NEVER, "something of nothing");
	ok(bk_fresh_share(UINT64_MAX, 1) == BK_FRESH_NEVER, "too much");
	is_int((intmax_t)bk_fresh_share(UINT64_MAX, UINT64_MAX), 10000,
	    "all of the greatest");
	for (round = 0; round < 200000; round++) {
		part = rnd() >> rnd() % 64;
		whole = rnd() >> rnd() % 64;
		if (whole == 0)
			continue;
		got = bk_fresh_share(part, whole);
		want = (double)part / (double)whole * 10000;
		if (want < 1e15)
			good &= (double)got <= want * (1 + 1e-9) &&
			    (double)got >= want - 2 - want * 1e-9;
	}
	ok(good, "shares are near what division says, and never above");
}

static void
gaps(void)
{
	static const time_t t[] = { NOW, NOW - 10, NOW - 10, NOW - 110 };
	static const time_t all[] = { INT64_MAX, INT64_MIN };

	is_int((intmax_t)bk_fresh_gap(t, 4), 100, "the longest gap");
	is_int((intmax_t)bk_fresh_gap(t, 1), 0, "one has none");
	is_int((intmax_t)bk_fresh_gap(t, 0), 0, "none has none");
	ok(bk_fresh_gap(all, 2) == UINT64_MAX, "all of time");
}

/* --- WAL */

/* Random sets of segments of one timeline, against a bitmap. */
static void
missing_one_timeline(void)
{
	struct bk_wal_segment v[64], first;
	uint64_t want, lowest, got;
	int round, i, low, high, good = 1;
	char there[48];
	size_t n;

	for (round = 0; round < 20000; round++) {
		uint64_t base = 250;	/* across a 4 GiB boundary */

		memset(there, 0, sizeof(there));
		for (n = 0; n < 1 + (size_t)round % 60; n++) {
			i = (int)(rnd() % sizeof(there));
			there[i] = 1;
			v[n] = (struct bk_wal_segment){ 7, base + (uint64_t)i,
			    0 };
		}
		for (low = 0; !there[low]; low++)
			continue;
		for (high = sizeof(there) - 1; !there[high]; high--)
			continue;
		for (want = lowest = 0, i = high; i > low; i--)
			if (!there[i]) {
				want++;
				lowest = base + (uint64_t)i;
			}
		got = bk_wal_missing_count(v, n, &first);
		good &= got == want && (want == 0 ||
		    (first.number == lowest && first.timeline == 7));
	}
	ok(good, "what is missing, and the first of it");
}

static uint64_t
count(const struct bk_wal_segment *of, size_t n)
{
	struct bk_wal_segment v[16], first;

	memcpy(v, of, n * sizeof(*v));
	return bk_wal_missing_count(v, n, &first);
}

static void
missing_timelines(void)
{
	static const struct bk_wal_segment
	    same[] = { { 1, 5, 0 }, { 1, 6, 1 }, { 2, 6, 0 }, { 2, 7, 0 } },
	    next[] = { { 1, 5, 0 }, { 2, 6, 0 } },
	    hole[] = { { 1, 5, 0 }, { 2, 8, 0 } },
	    went_on[] = { { 1, 5, 0 }, { 1, 6, 0 }, { 1, 7, 0 }, { 2, 6, 0 } },
	    pruned[] = { { 1, 9, 0 }, { 2, 8, 0 }, { 2, 9, 0 } },
	    last[] = { { 1, 5, 0 }, { 1, 6, 0 }, { 1, 6, 1 }, { 1, 7, 1 } },
	    cut[] = { { 1, 5, 0 }, { 1, 6, 1 }, { 1, 7, 0 }, { 1, 8, 1 } },
	    none[] = { { 1, 0, 1 }, { 1, 1, 0 } },
	    third[] = { { 1, 5, 0 }, { 2, 6, 0 }, { 3, 5, 0 }, { 3, 6, 0 } },
	    ends[] = { { 1, 0, 0 }, { UINT32_MAX, UINT64_MAX, 0 } };

	is_int((intmax_t)count(same, 4), 0, "a timeline begins in a segment");
	is_int((intmax_t)count(next, 2), 0, "and right behind one");
	is_int((intmax_t)count(hole, 2), 2, "but not later");
	is_int((intmax_t)count(went_on, 4), 0, "the old one went on");
	is_int((intmax_t)count(pruned, 3), 0, "its beginning was pruned");
	is_int((intmax_t)count(last, 4), 0, "the last one is partial so far");
	is_int((intmax_t)count(cut, 4), 1, "not one that others follow");
	is_int((intmax_t)count(none, 2), 1, "be it the first");
	is_int((intmax_t)count(third, 4), 0, "from one before the last");
	ok(count(ends, 2) == UINT64_MAX - 1, "all that can be missing");
	is_int((intmax_t)count(same, 1), 0, "one");
	is_int((intmax_t)count(same, 0), 0, "none");
}

/* --- series */

/* Judge a listing grouped by pattern. */
static int
judge(const char *listing, const char *pattern, const struct bk_fresh *f,
    struct bk_subjects *out, struct bk_err *e)
{
	struct bk_listing items = {0};
	FILE *in = fmemopen((void *)(uintptr_t)listing, strlen(listing), "r");
	int rc = -1;

	if (in != NULL && bk_listing_read(&items, in, "listing", e) == 0 &&
	    bk_series_group(&items, pattern, e) == 0)
		rc = bk_series_judge(out, &items, f, e);
	if (in != NULL)
		fclose(in);
	bk_listing_free(&items);
	bk_subjects_sort(out);
	return rc;
}

#define AT(day) "2027-01-" day "T01:00:00Z\t"

static void
names_of_series(void)
{
	static const struct { const char *key, *name, *pattern; } cases[] = {
		{ AT("01") "9\ts3://b/shop/daily/shop-20270101T010000Z.bk\n",
		    "shop", NULL },
		{ AT("01") "9\t2027-01-01_02-15_shop.sql.gz\n", "shop", NULL },
		{ AT("01") "9\ts3://b/shop/daily/20270101.bk\n", "shop", NULL },
		{ AT("01") "9\t/20270101.bk\n", "/*.bk", NULL },
		{ AT("01") "9\td1\n", "*", NULL },
		{ AT("01") "9\ta/b/c\n", "b", "a/{db}/{tier}" },
	};
	struct bk_fresh f;
	size_t i;

	bk_fresh_init(&f, NOW);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bk_subjects s = {0};
		struct bk_err e = {0};

		(void)judge(cases[i].key, cases[i].pattern, &f, &s, &e);
		is_str(s.n == 1 ? s.v[0].name : e.msg, cases[i].name,
		    cases[i].name);
		bk_subjects_free(&s);
	}
}

static void
series(void)
{
	static const char listing[] =
	    AT("01") "100\tb/daily/shop-20270101.bk\n"
	    AT("04") "40\tb/daily/shop-20270104.bk\n"
	    AT("02") "100\tb/weekly/shop-20270102.bk\n"
	    AT("03") "120\tb/daily/shop-20270103.bk\n"
	    AT("09") "7\tb/wal/000000010000000A000000FF\n"
	    AT("09") "7\tb/shop-20270103.receipt.json\n"
	    AT("09") "7\tb/README\n"
	    AT("04") "90\tc/daily/shop-20270104.bk\n";
	struct bk_subjects s = {0};
	struct bk_err e = {0};
	struct bk_fresh f;
	struct bk_subject *b;

	bk_fresh_init(&f, NOW);
	f.last = 7;
	is_int(judge(listing, NULL, &f, &s, &e), 0, "a listing");
	if (!is_int((intmax_t)s.n, 2, "two series; other files are none"))
		return;
	b = &s.v[0];
	is_str(b->name, "b/*/shop-*.bk", "two shops are told apart");
	is_int((intmax_t)b->found[BK_METRIC_COUNT].value, 4, "all tiers count");
	is_int((intmax_t)b->found[BK_METRIC_SIZE].value, 40, "the newest");
	is_int((intmax_t)b->usual, 100, "the median of those before");
	is_int((intmax_t)b->found[BK_METRIC_SHRINK].value, 6000, "shrinkage");
	is_int((intmax_t)b->found[BK_METRIC_GROWTH].value, 0, "no growth");
	is_int((intmax_t)b->found[BK_METRIC_GAP].value, 86400, "the gap");
	b = &s.v[1];
	ok(!b->found[BK_METRIC_SHRINK].known && !b->found[BK_METRIC_GAP].known,
	    "one backup has no past to compare with");
	ok(!b->found[BK_METRIC_PROOF].known, "no receipts, no proof expected");
	bk_subjects_free(&s);

	f.limit[BK_METRIC_PROOF] = (struct bk_limit){ 1, 2 };
	f.receipts = 1;
	f.now = 1799000000 - 40 * 86400;	/* before the listing's times */
	is_int(judge(listing, NULL, &f, &s, &e), 0, "from the future");
	is_int(s.v[0].state, BK_STATE_CRITICAL, "never proven");
	ok(!s.v[0].found[BK_METRIC_AGE].known && s.v[0].note != NULL,
	    "no age in the future");
	bk_subjects_free(&s);
}

int
main(void)
{
	states();
	ages();
	limits();
	medians();
	shares();
	gaps();
	missing_one_timeline();
	missing_timelines();
	names_of_series();
	series();
	return tap_done();
}
