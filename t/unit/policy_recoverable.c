/* policy/recoverable.h: how far back a cluster can be recovered; tiers. */
#include <stdio.h>
#include <stdlib.h>

#include "policy/recoverable.h"
#include "policy/series.h"
#include "policy/tiers.h"
#include "policy/wal_missing.h"
#include "tap.h"

#define NOW ((time_t)1800000000)
#define DAY(n) "2027-01-" #n "T00:00:00Z\t9\t"
#define BASE(place, name, n, chain) DAY(n) place "/" name "-202701" #n \
	"T000000Z-" chain ".tar\n"
#define WAL(place, n, timeline, number) DAY(n) place "/" timeline "00000000" \
	"000000" number "\n"

/* Base backups of three days, and WAL of five. */
#define FULL(place, name) BASE(place, name, 01, "full.0-2000028") \
	BASE(place, name, 03, "full.0-4000028") \
	BASE(place, name, 05, "full.0-6000028")
#define SIX(place) WAL(place, 01, "00000001", "02") \
	WAL(place, 02, "00000001", "03") WAL(place, 03, "00000001", "04") \
	WAL(place, 04, "00000001", "05") WAL(place, 05, "00000001", "06") \
	WAL(place, 06, "00000001", "07")

/* The days of each cluster, in the order of series: "1-6 -". */
static const char *
ranges(const char *listing, const char *pattern, uint64_t segment)
{
	static char out[200];
	struct bk_listing items = {0};
	struct bk_subjects s = {0};
	struct bk_fresh f;
	struct bk_err e = {0};
	FILE *in = fmemopen((void *)(uintptr_t)listing, strlen(listing), "r");
	struct tm from, to;
	size_t i, n = 0;

	bk_fresh_init(&f, NOW);
	f.segment = segment;
	if (in == NULL || bk_listing_read(&items, in, "listing", &e) == -1 ||
	    bk_series_group(&items, pattern, &e) == -1 ||
	    bk_series_judge(&s, &items, &f, &e) == -1 ||
	    bk_recoverable_find(s.v, s.n, &items, &f, &e) == -1)
		(void)snprintf(out, sizeof(out), "%.99s", e.msg);
	for (i = 0; e.code == BK_OK && i < s.n; i++) {
		(void)gmtime_r(&s.v[i].recoverable_from, &from);
		(void)gmtime_r(&s.v[i].recoverable_to, &to);
		n += (size_t)snprintf(out + n, sizeof(out) - n,
		    s.v[i].recoverable_to == 0 ? "%s-" : "%s%d-%d",
		    i > 0 ? " " : "", from.tm_mday, to.tm_mday);
	}
	if (in != NULL)
		(void)fclose(in);
	bk_listing_free(&items);
	bk_subjects_free(&s);
	return out;
}

static void
are(const char *listing, const char *want, const char *what)
{
	is_str(ranges(listing, NULL, 16 << 20), want, what);
}

static void
test_one(void)
{
	are(FULL("b", "pg1") SIX("wal"), "1-6", "all of it");
	are(SIX("wal") FULL("b", "pg1"), "1-6", "in any order");
	are(FULL("b", "pg1"), "-", "no WAL");
	are(DAY(01) "b/pg1-20270101T000000Z.tar\n" SIX("wal"), "-",
	    "a name that does not tell where its WAL begins");
	are(DAY(01) "b/pg1-20270101T000000Z-000000010000000000000002.tar\n"
	    SIX("wal"), "1-6", "a segment in the name tells it");
	are(FULL("b", "pg1") DAY(02) "a/shop-20270102.bk\n" SIX("wal"), "- 1-6",
	    "a database has no WAL");
	are(BASE("b", "pg1", 01, "full.0-1000028") FULL("c", "pg1")
	    SIX("wal"), "- -", "two series, one archive: whose?");
	is_str(ranges(FULL("b", "pg1") SIX("wal"), NULL, 64 << 20), "-",
	    "segments of another size");
	is_str(ranges(BASE("b", "pg1", 01, "full.0-8000028") SIX("wal"), NULL,
	    64 << 20), "1-6", "segments of 64 MiB");
	is_str(ranges(BASE("b", "pg1", 01, "full.0-8000028") SIX("wal")
	    "2026-01-01T00:00:00Z\t9\twal/0000000100000000000000FF\n", NULL,
	    64 << 20), "-",
	    "of which one has no such name");
	is_str(ranges(BASE("b", "pg1", 01, "full.1-4000028")
	    DAY(02) "wal/000000010000000100000001\n", NULL, 64 << 20), "1-2",
	    "and of that size, past 4 GiB");
	is_str(ranges(DAY(01) "b/pg1-000000010000000100000001.tar\n"
	    DAY(02) "wal/000000010000000100000001\n", NULL, 64 << 20), "1-2",
	    "in both ways");
	is_str(ranges(FULL("b", "pg1") SIX("wal"), "b/{db}-{utc}-{chain}.tar",
	    16 << 20), "1-6", "by a pattern");
}

static void
test_holes(void)
{
	are(BASE("a/b", "pg1", 01, "full.0-1000028") FULL("c/b", "pg1")
	    SIX("c/wal"), "- 1-6", "the archive next to it");
	are(BASE("b", "pg1", 01, "full.0-1000028")
	    BASE("b", "pg1", 03, "full.0-4000028") SIX("wal"), "3-6",
	    "the oldest lacks its first segment");
	are(FULL("b", "pg1") WAL("wal", 02, "00000001", "03")
	    WAL("wal", 03, "00000001", "04") WAL("wal", 05, "00000001", "06")
	    WAL("wal", 06, "00000001", "07"), "5-6", "a hole");
	are(FULL("b", "pg1") WAL("wal", 01, "00000001", "02")
	    WAL("wal", 02, "00000001", "03"), "1-2", "WAL ended early");
	are(BASE("b", "pg1", 05, "full.0-6000028")
	    WAL("wal", 06, "00000001", "05"), "-", "before the base backup");
	are(BASE("b", "pg1", 05, "full.0-2000028") WAL("wal", 01, "00000001",
	    "02"), "-", "it was not there yet");
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 09, "00000001",
	    "08.partial"), "1-6", "the last whole segment counts");
	are(FULL("b", "pg1") WAL("wal", 01, "00000001", "02.partial"), "-",
	    "there is none");
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 07, "00000001",
	    "09.partial"), "-", "what is partial has no hole before it");
}

/* A base backup is of use only with all that it builds on. */
static void
test_increments(void)
{
	are(BASE("b", "pg1", 01, "incr.0-2000028.0-1000028")
	    BASE("b", "pg1", 03, "incr.0-4000028.0-2000028") SIX("wal"), "-",
	    "no full one");
	are(BASE("b", "pg1", 01, "full.0-2000028")
	    BASE("b", "pg1", 03, "incr.0-4000028.0-2000028")
	    BASE("b", "pg1", 05, "incr.0-6000028.0-4000028")
	    WAL("wal", 05, "00000001", "06"), "5-5", "two increments");
	are(BASE("b", "pg1", 01, "full.0-2000028")
	    BASE("b", "pg1", 05, "incr.0-6000028.0-4000028")
	    WAL("wal", 05, "00000001", "06"), "-", "the first is gone");
}

static void
test_timelines(void)
{
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 07, "00000002", "08")
	    WAL("wal", 08, "00000002", "09"), "1-8", "a new primary");
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 07, "00000002", "07")
	    WAL("wal", 08, "00000002", "08"), "1-8",
	    "the old one wrote on, less than a segment");
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 07, "00000002", "05")
	    WAL("wal", 08, "00000002", "06"), "-",
	    "it wrote on: whose are the base backups?");
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 07, "00000002", "05")
	    WAL("wal", 07, "00000002", "06") WAL("wal", 07, "00000002", "07")
	    WAL("wal", 07, "00000002", "08") WAL("wal", 09, "00000002", "09")
	    BASE("b", "pg1", 07, "full.0-8000028"), "7-9",
	    "of the new one, later");
	are(FULL("b", "pg1") SIX("wal") WAL("wal", 08, "00000002", "0A"),
	    "-", "what is between the two is missing");
}

static void
test_places(void)
{
	are(FULL("s3://b/base", "pg1") SIX("s3://b/wal/pg1")
	    FULL("/srv/base", "pg1") WAL("/srv/wal/pg1", 05, "00000001", "06"),
	    "5-5 1-6", "the archive in the same place");
	are(FULL("b/base", "pg1") FULL("b/base", "pg2") SIX("b/wal/pg1")
	    WAL("b/wal/pg2", 05, "00000001", "06"), "1-6 5-5",
	    "the one with the name");
	are(FULL("b/base", "pg1") FULL("b/base", "pg2") SIX("b/wal/pg1"),
	    "1-6 -", "not another's");
	are(FULL("b/base", "pg1") FULL("b/base", "pg2") SIX("b/wal"),
	    "- -", "one for two tells nothing");
	are(FULL("b/base", "pg1") SIX("b/x") SIX("b/y"), "-", "nor two for "
	    "one");
	are(FULL("b/pg1/base", "base") FULL("b/pg2/base", "base")
	    SIX("b/pg1/wal") SIX("b/pg2/wal"), "1-6 1-6",
	    "in the cluster's directory");
}

static uint64_t
unbroken(const struct bk_wal_segment *of, size_t n)
{
	struct bk_wal_segment v[16];

	memcpy(v, of, n * sizeof(*v));
	return bk_wal_unbroken_from(v, n);
}

/* Against what is plain to see, of one timeline. */
static void
test_unbroken(void)
{
	static const struct bk_wal_segment
	    first[] = { { 1, 0, 1 }, { 1, 1, 0 } },
	    three[] = { { 1, 1, 0 }, { 1, 9, 0 }, { 2, 2, 0 }, { 2, 3, 0 },
		{ 3, 3, 0 }, { 3, 4, 0 } };
	struct bk_wal_segment v[16];
	uint64_t want;
	unsigned bits;
	size_t i, n;
	int good = 1;

	for (bits = 1; bits < 1 << 16; bits++) {
		for (i = n = 0, want = 0; i < 16; i++) {
			if ((bits >> i & 1) == 0)
				continue;
			if (n == 0 || v[n - 1].number + 1 != i)
				want = i;
			v[n++] = (struct bk_wal_segment){ 7, i, 0 };
		}
		good &= bk_wal_unbroken_from(v, n) == want;
	}
	ok(good, "the end of the last hole");
	is_int((intmax_t)unbroken(first, 0), 0, "of none");
	is_int((intmax_t)unbroken(first, 2), 1, "the first is not whole");
	is_int((intmax_t)unbroken(three, 6), 10, "after all that is not its");
}

static void
test_tiers(void)
{
	static const char text[] = DAY(01) "b/daily/a-20270101\n"
	    DAY(03) "b/daily/a-20270103\n" DAY(02) "b/hourly/a-20270102\n"
	    DAY(07) "b/gold/a-20270107\n" DAY(07) "b/go/a-20270107\n"
	    "2027-01-04T00:00:00Z\t9223372036854775807\tb/yearly/a-20270104\n"
	    "2027-01-05T00:00:00Z\t9223372036854775807\tb/yearly/a-20270105\n"
	    "2027-01-06T00:00:00Z\t9223372036854775807\tb/yearly/a-20270106\n";
	static const struct { const char *pattern, *name, *want; } cases[] = {
		{ NULL, "b/weekly/x-20270101.bk", "weekly" },
		{ NULL, "daily/b/weekly/x-20270101.bk", "weekly" },
		{ NULL, "b/weekly-x/x-20270101.bk", "" },
		{ NULL, "b/weekly-20270101.bk", "" },
		{ "b/{db}-*", "b/x-20270101.bk", "" },
		{ "*/{db}-*", "monthly/x-20270101.bk", "monthly" },
		{ "b/{tier}/{db}-*", "b/gold/x-20270101.bk", "gold" },
		{ "b/{tier}/{db}-*", "b/daily/y/x-20270101.bk", "" },
		{ "b/{tier}*/{db}", "b/gold/x", "" },
	};
	struct bk_listing items = {0};
	struct bk_subjects s = {0};
	struct bk_fresh f;
	struct bk_err e = {0};
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	char tier[64];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bk_listed one = { .r.name = strdup(cases[i].name) };

		bk_tier_find(&one, cases[i].pattern);
		(void)snprintf(tier, sizeof(tier), "%.*s", (int)one.tier_len,
		    one.tier == NULL ? "" : one.tier);
		is_str(tier, cases[i].want, cases[i].name);
		free(one.r.name);
	}
	bk_fresh_init(&f, NOW);
	if (in == NULL || bk_listing_read(&items, in, "listing", &e) == -1 ||
	    bk_series_group(&items, "b/{tier}/{db}-*", &e) == -1 ||
	    bk_series_judge(&s, &items, &f, &e) == -1)
		printf("# %s\n", e.msg);
	if (in != NULL)
		(void)fclose(in);
	if (is_int((intmax_t)s.n, 1, "one database") &&
	    is_int((intmax_t)s.v[0].ntiers, 5, "five tiers")) {
		const struct bk_tier *t = s.v[0].tier;

		is_str(t[0].name, "hourly", "the finest first");
		is_str(t[1].name, "daily", "not by the alphabet");
		is_int((intmax_t)t[1].count, 2, "two of them");
		is_int((intmax_t)t[1].bytes, 18, "their bytes");
		is_int((intmax_t)(t[1].newest - t[1].oldest), 2 * 86400,
		    "the newest and the oldest");
		ok(t[2].bytes == UINT64_MAX, "more bytes than there can be");
		is_str(t[3].name, "go", "others by name");
		is_str(t[4].name, "gold", "all of it");
	}
	bk_listing_free(&items);
	bk_subjects_free(&s);
}

/* Receipts in any order: the newest counts, of one second "not proven". */
static void
test_proofs(void)
{
	static const struct { int proof[3]; time_t t[3], proven, refuted; }
	    cases[] = {
		{ { 1, 0, 0 }, { 5, 9, 9 }, 5, 0 },
		{ { 1, -1, 0 }, { 5, 7, 9 }, 5, 7 },
		{ { 1, -1, 1 }, { 5, 7, 8 }, 8, 0 },
		{ { -1, 1, -1 }, { 5, 7, 6 }, 7, 0 },
		{ { -1, 1, -1 }, { 7, 7, 8 }, 7, 8 },
		{ { 1, -1, 1 }, { 7, 7, 6 }, 7, 7 },
		{ { -1, -1, 0 }, { 7, 6, 0 }, 0, 7 },
	};
	static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	size_t i, j, k;
	int good = 1;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (j = 0; j < 6; j++) {
			time_t proven = 0, refuted = 0;

			for (k = 0; k < 3; k++)
				bk_tier_proof(&(struct bk_listed){ .proof =
				    cases[i].proof[order[j][k]], .proof_time =
				    cases[i].t[order[j][k]] }, &proven,
				    &refuted);
			good &= proven == cases[i].proven &&
			    refuted == cases[i].refuted;
		}
	ok(good, "proofs in any order");
}

int
main(void)
{
	test_one();
	test_holes();
	test_increments();
	test_timelines();
	test_places();
	test_unbroken();
	test_tiers();
	test_proofs();
	return tap_done();
}
