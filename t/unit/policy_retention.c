/*
 * policy/retention.h and policy/calendar.h against an independent model: the
 * definition taken literally, with strftime(3)'s names of the periods.
 */
#include <stdlib.h>

#include "base/utctime.h"
#include "policy/retention.h"
#include "tap.h"

#define MOST 2000

static bk_calendar_fn *wall = gmtime_r;

static time_t
at(const char *text)
{
	time_t t = -1;

	if (bk_utctime_parse(text, strlen(text), &t) == -1)
		ok(0, "a time: %s", text);
	return t;
}

/* Those of time[], all of which were stored late, or none. */
static void
retain(const struct bk_policy *p, const time_t time[], size_t n, int late,
    struct bk_kept kept[])
{
	static struct bk_dated b[MOST];
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = (struct bk_dated){ time[i], late };
	bk_retention(p, b, n, kept);
}

/* The name of t's period; of the i-th backup for "last". */
static void
label(enum bk_rule rule, time_t t, size_t i, char out[32])
{
	static const char *const fmt[BK_RULES] = { NULL, "%Y-%m-%d %H",
	    "%Y-%m-%d", "%G-%V", "%Y-%m", "%Y" };
	struct tm tm;

	if (rule == BK_KEEP_LAST)
		(void)snprintf(out, 32, "%zu", i);
	else if (strftime(out, 32, fmt[rule], wall(&t, &tm)) == 0)
		out[0] = '\0';
}

/* The definition, for one rule: the first of each of the newest N periods. */
static void
model(enum bk_rule rule, int64_t count, const time_t time[], size_t n,
    unsigned char keep[])
{
	char here[32], before[32] = "";
	int64_t periods = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		label(rule, time[i], i, here);
		if (strcmp(here, before) == 0)
			continue;
		periods++;
		if (count == BK_KEEP_ALL || periods <= count)
			keep[i] = 1;
		memcpy(before, here, sizeof(before));
	}
	if (n > 0 && (count == BK_KEEP_ALL || periods < count))
		keep[n - 1] = 1;
}

/* 1 if policy and model keep the same backups of time[], late or not. */
static int
agrees(const struct bk_policy *p, const time_t time[], size_t n)
{
	static struct bk_kept kept[MOST], all_late[MOST];
	static unsigned char keep[MOST];
	size_t i;
	int rule;

	memset(keep, 0, n);
	for (rule = 0; rule < BK_RULES; rule++)
		model((enum bk_rule)rule, p->count[rule], time, n, keep);
	for (i = 0; i < n; i++)
		if (p->within > 0 &&
		    time[i] > time[0] - (time_t)p->within)
			keep[i] = 1;
	retain(p, time, n, 0, kept);
	retain(p, time, n, 1, all_late);
	for (i = 0; i < n; i++)
		if (bk_retention_keeps(&kept[i]) != keep[i] ||
		    memcmp(&kept[i], &all_late[i], sizeof(*kept)) != 0)
			return 0;
	return 1;
}

/* Around the ends of hours, days, weeks, months and years. */
static const char *const corners[] = {
	"2021-03-01T00:00:00Z", "2021-02-28T23:59:59Z", "2021-01-04T00:00:00Z",
	"2021-01-03T23:30:00Z", "2021-01-03T23:00:00Z", "2021-01-01T00:00:00Z",
	"2020-12-31T23:59:59Z", "2020-12-31T00:00:00Z", "2020-12-28T12:00:00Z",
	"2020-12-27T12:00:00Z", "2020-02-29T12:00:00Z", "2019-12-31T12:00:00Z",
};
#define CORNERS (sizeof(corners) / sizeof(corners[0]))

/* The n backups of corners selected by the bits of set. */
static size_t
pick(unsigned set, time_t time[])
{
	size_t i, n = 0;

	for (i = 0; i < CORNERS; i++)
		if (set & 1U << i)
			time[n++] = at(corners[i]);
	return n;
}

static void
test_exhaustive(void)
{
	static const int64_t counts[] = { 1, 2, 3, 4, 5, BK_KEEP_ALL };
	static const struct bk_policy unions[] = {
		{ .count = { 1, 1, 1, 1, 1, 1 }, .wall = gmtime_r },
		{ .count = { 0, 0, 2, 2, 2, 2 }, .wall = gmtime_r },
		{ .count = { 3, 0, 1, 0, 2, 0 }, .wall = gmtime_r },
		{ .count = { 0, 2, 0, 1, 0, -1 }, .wall = gmtime_r },
		{ .count = { 0, 0, 0, 2 }, .within = 3600, .wall = gmtime_r },
		{ .within = 86400 * 4, .wall = gmtime_r },
		{ .wall = gmtime_r },
	};
	time_t time[CORNERS];
	unsigned set, bad = 0;
	size_t n, i;
	int rule;

	for (set = 0; set < 1U << CORNERS; set++) {
		n = pick(set, time);
		for (rule = 0; rule < BK_RULES; rule++)
			for (i = 0; i < 6; i++) {
				struct bk_policy p = { .wall = gmtime_r };

				p.count[rule] = counts[i];
				bad += !agrees(&p, time, n);
			}
		for (i = 0; i < sizeof(unions) / sizeof(unions[0]); i++)
			bad += !agrees(&unions[i], time, n);
	}
	is_int(bad, 0, "all 4096 subsets of 12 backups, 43 policies each");
}

/* 1 if rule keeps the late backup i of b[], by the definition. */
static int
late_model(enum bk_rule rule, int64_t count, const struct bk_dated b[],
    size_t n, size_t i)
{
	char own[32], here[32], before[32] = "";
	int64_t periods = 0;
	int first = 1;
	size_t j;

	label(rule, b[i].time, i, own);
	for (j = 0; j < n; j++) {
		label(rule, b[j].time, j, here);
		if (strcmp(here, own) == 0)
			first &= j >= i && (j == i || b[j].late);
		periods += strcmp(here, before) != 0 && (j <= i || i == n - 1);
		memcpy(before, here, sizeof(before));
	}
	return (first && (count == BK_KEEP_ALL || periods <= count)) ||
	    (i == n - 1 && (count == BK_KEEP_ALL || periods < count));
}

/*
 * 1 if those of b[] that are not late are kept as they are without the others,
 * and the late ones by the definition.
 */
static int
is_fair(const struct bk_policy *p, const struct bk_dated b[], size_t n)
{
	struct bk_dated timely[CORNERS];
	struct bk_kept kept[CORNERS], alone[CORNERS];
	size_t i, m = 0;
	int rule, keep;

	for (i = 0; i < n; i++)
		if (!b[i].late)
			timely[m++] = b[i];
	bk_retention(p, b, n, kept);
	bk_retention(p, timely, m, alone);
	for (m = i = 0; i < n; i++) {
		if (!b[i].late) {
			if (memcmp(&kept[i], &alone[m++], sizeof(*kept)) != 0)
				return 0;
			continue;
		}
		keep = p->within > 0 &&
		    b[i].time > b[0].time - (time_t)p->within;
		for (rule = 0; rule < BK_RULES; rule++)
			keep |= p->count[rule] != 0 && late_model(
			    (enum bk_rule)rule, p->count[rule], b, n, i);
		if (bk_retention_keeps(&kept[i]) != keep)
			return 0;
	}
	return 1;
}

/* Each of 8 backups is not there, stored in time, or late. */
static void
test_late(void)
{
	static const int64_t counts[] = { 1, 2, 3, 4, BK_KEEP_ALL };
	static const struct bk_policy both = { .count = { 0, 0, 2, 0, 1, 1 },
	    .within = 86400 * 2, .wall = gmtime_r };
	struct bk_dated b[CORNERS];
	unsigned set, rest, bad = 0;
	size_t n, i;
	int rule;

	for (set = 0; set < 6561; set++) {
		for (n = i = 0, rest = set; i < 8; i++, rest /= 3)
			if (rest % 3 > 0)
				b[n++] = (struct bk_dated){ at(corners[i + 2]),
				    rest % 3 == 2 };
		for (rule = 0; rule < BK_RULES; rule++)
			for (i = 0; i < 5; i++) {
				struct bk_policy p = { .wall = gmtime_r };

				p.count[rule] = counts[i];
				bad += !is_fair(&p, b, n);
			}
		bad += !is_fair(&both, b, n);
	}
	is_int(bad, 0, "a late backup takes the place of none but late ones");
}

static uint64_t seed = 20261121;

static uint64_t
random_below(uint64_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (seed >> 33) % n;
}

/* Newest first, from seconds to weeks apart, some at the same second. */
static size_t
random_times(time_t time[])
{
	static const uint64_t gaps[] = { 1, 60, 3600, 86400, 40 * 86400 };
	size_t n = 1 + random_below(MOST), i;
	time_t t = at("2037-01-01T00:00:00Z") - (time_t)random_below(400000000);

	for (i = 0; i < n && t > 0; i++) {
		time[i] = t;
		t -= (time_t)random_below(2 * gaps[random_below(random_below(5)
		    + 1)]);
	}
	return i;
}

static struct bk_policy
random_policy(void)
{
	struct bk_policy p = { .wall = wall };
	int rule;

	for (rule = 0; rule < BK_RULES; rule++)
		if (random_below(2))
			p.count[rule] = (int64_t)random_below(60) - 1;
	if (random_below(4) == 0)
		p.within = random_below(90 * 86400);
	return p;
}

/* Only what is kept, as the next run sees it. */
static size_t
survivors(const struct bk_policy *p, time_t time[], size_t n)
{
	static struct bk_kept kept[MOST];
	size_t i, left = 0;

	retain(p, time, n, 0, kept);
	for (i = 0; i < n; i++)
		if (bk_retention_keeps(&kept[i]))
			time[left++] = time[i];
	return left;
}

/* 1 if no backup expires in part of a listing but is kept in all of it. */
static int
part_loses_nothing(const struct bk_policy *p, const time_t time[], size_t n)
{
	static struct bk_kept whole[MOST], kept[MOST];
	static time_t part[MOST];
	static size_t from[MOST];
	size_t i, m = 0, one_in = 1 + random_below(10);

	for (i = 0; i < n; i++)
		if (random_below(one_in) == 0) {
			from[m] = i;
			part[m++] = time[i];
		}
	retain(p, time, n, 0, whole);
	retain(p, part, m, 0, kept);
	for (i = 0; i < m; i++)
		if (bk_retention_keeps(&whole[from[i]]) &&
		    !bk_retention_keeps(&kept[i]))
			return 0;
	return 1;
}

static void
test_properties(const char *zone)
{
	static time_t time[MOST], more[MOST];
	unsigned i, model_bad = 0, again_bad = 0, fewer = 0, lost = 0;
	size_t n, left, richer;

	for (i = 0; i < 300; i++) {
		struct bk_policy p = random_policy(), q;

		n = random_times(time);
		memcpy(more, time, n * sizeof(*time));
		model_bad += !agrees(&p, time, n);
		lost += !part_loses_nothing(&p, time, n);
		left = survivors(&p, time, n);
		again_bad += survivors(&p, time, left) != left;
		q = p;
		q.count[random_below(BK_RULES)] = BK_KEEP_ALL;
		richer = survivors(&q, more, n);
		fewer += richer < left;
	}
	is_int(model_bad, 0, zone);
	is_int(again_bad, 0, "a second run finds nothing more");
	is_int(lost, 0, "a listing that is cut makes nothing else go");
	is_int(fewer, 0, "a greater count never keeps less");
}

/* How many of n backups, step seconds apart from first on, rule keeps. */
static size_t
count_kept(enum bk_rule rule, const char *first, long step, size_t n)
{
	static time_t time[MOST];
	struct bk_policy p = { .wall = wall };
	size_t i;

	p.count[rule] = 1000;
	for (i = 0; i < n; i++)
		time[n - 1 - i] = at(first) + (time_t)i * step;
	/* the oldest is kept beside the newest of its period */
	return survivors(&p, time, n);
}

/* Switch the calendar to zone: 1, or 0 if the system does not know it. */
static int
use_zone(const char *zone)
{
	time_t summer = at("2026-07-01T00:00:00Z");
	struct tm tm;

	setenv("TZ", zone, 1);
	tzset();
	wall = localtime_r;
	return wall(&summer, &tm) != NULL && tm.tm_isdst > 0;
}

static void
test_berlin(void)
{
	if (!ok(use_zone("Europe/Berlin"), "the zone Europe/Berlin"))
		return;
	test_properties("Europe/Berlin: as the model");
	/* quarters of an hour on 2026-03-29 and 2026-10-25, local midnights */
	is_int((intmax_t)count_kept(BK_KEEP_HOURLY, "2026-03-28T23:00:00Z",
	    900, 23 * 4), 23 + 1, "23 hours in the day that loses one");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-03-28T23:00:00Z",
	    900, 23 * 4), 1 + 1, "which is one day");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-03-28T23:00:00Z",
	    900, 23 * 4 + 1), 2 + 1, "and not a quarter of an hour longer");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-10-24T22:00:00Z",
	    900, 25 * 4), 1 + 1, "25 hours are one day in autumn");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-10-24T22:00:00Z",
	    900, 25 * 4 + 1), 2 + 1, "and not a quarter of an hour longer");
	is_int((intmax_t)count_kept(BK_KEEP_HOURLY, "2026-10-24T22:00:00Z",
	    900, 25 * 4), 24 + 1, "the hour that comes twice is one");
	is_int((intmax_t)count_kept(BK_KEEP_YEARLY, "2026-12-31T22:59:59Z",
	    1, 2), 2, "the year ends at local midnight");
}

static void
test_new_york(void)
{
	if (!ok(use_zone("America/New_York"), "the zone America/New_York"))
		return;
	test_properties("America/New_York: as the model");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-03-08T05:00:00Z",
	    900, 23 * 4), 1 + 1, "23 hours are one day in spring");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-03-08T05:00:00Z",
	    900, 23 * 4 + 1), 2 + 1, "and not a quarter of an hour longer");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-11-01T04:00:00Z",
	    900, 25 * 4), 1 + 1, "25 hours are one day in autumn");
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2026-11-01T04:00:00Z",
	    900, 25 * 4 + 1), 2 + 1, "and not a quarter of an hour longer");
}

static void
test_calendar(void)
{
	wall = gmtime_r;
	is_int((intmax_t)count_kept(BK_KEEP_DAILY, "2024-02-28T00:00:00Z",
	    86400, 3), 3, "28 and 29 February and 1 March");
	is_int((intmax_t)count_kept(BK_KEEP_MONTHLY, "2024-02-29T12:00:00Z",
	    86400, 2), 2, "29 February is of February");
	is_int((intmax_t)count_kept(BK_KEEP_WEEKLY, "2020-12-28T00:00:00Z",
	    86400, 7), 1 + 1, "week 53 of 2020 ends on 3 January 2021");
	is_int((intmax_t)count_kept(BK_KEEP_WEEKLY, "2020-12-28T00:00:00Z",
	    86400, 8), 2 + 1, "and not on the 4th");
	is_int((intmax_t)count_kept(BK_KEEP_WEEKLY, "2024-12-30T00:00:00Z",
	    86400, 7), 1 + 1, "week 1 of 2025 begins on 30 December 2024");
}

static void
test_reasons(void)
{
	const time_t time[] = { at("2026-11-21T03:00:00Z"),
	    at("2026-11-21T02:00:00Z"), at("2026-11-20T02:00:00Z"),
	    at("2026-11-20T01:00:00Z") };
	const struct bk_policy p = { .count = { [BK_KEEP_DAILY] = 3 },
	    .within = 3600, .wall = gmtime_r };
	struct bk_kept k[4];

	retain(&p, time, 4, 0, k);
	is_int((intmax_t)k[0].nth[BK_KEEP_DAILY], 1, "the first daily one");
	is_int((intmax_t)k[1].nth[BK_KEEP_DAILY], 0, "not of the same day");
	is_int((intmax_t)k[2].nth[BK_KEEP_DAILY], 2, "the second");
	is_int((intmax_t)k[3].nth[BK_KEEP_DAILY], 3, "the third");
	is_int(k[2].oldest, 0, "by its day");
	is_int(k[3].oldest, 1 << BK_KEEP_DAILY, "as the oldest");
	is_int(k[0].within, 1, "the newest is within");
	is_int(k[1].within, 0, "an hour before it is not within an hour");
	is_int(bk_policy_is_empty(&p), 0, "a policy");
	is_int(bk_policy_is_empty(&(struct bk_policy){0}), 1, "none");
}

int
main(void)
{
	test_exhaustive();
	test_late();
	test_properties("UTC: as the model");
	test_calendar();
	test_reasons();
	test_berlin();
	test_new_york();
	return tap_done();
}
