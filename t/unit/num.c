/* Numbers, sizes and durations: read, refused, printed. */
#include "base/num.h"
#include "tap.h"

#define MAX_TEXT "18446744073709551615"

static void
test_num(void)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "0x10",
	    "1e3", "1.5", "ten", "99", "4", "18446744073709551616",
	    "99999999999999999999999" };
	struct bk_err e;
	uint64_t v = 7;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_num_parse(bad[i], 5, 98, "-j", &v, &e) == -1 &&
		    e.code == BK_USAGE && v == 7, "'%s' is no number of 5..98",
		    bad[i]);
	}
	is_str(e.msg, "-j: '99999999999999999999999' is not a number from 5 "
	    "to 98", "the message names option, value and range");
	e = (struct bk_err){0};
	ok(bk_num_parse("5", 5, 98, "-j", &v, &e) == 0 && v == 5, "least");
	ok(bk_num_parse("98", 5, 98, "-j", &v, &e) == 0 && v == 98, "most");
	ok(bk_num_parse(MAX_TEXT, 0, UINT64_MAX, "-j", &v, &e) == 0 &&
	    v == UINT64_MAX, "64 bits");
	ok(bk_num_parse("007", 0, 9, "-j", &v, &e) == 0 && v == 7, "zeros");
}

static void
test_size(void)
{
	static const struct { const char *text; uint64_t bytes; } good[] = {
		{ "0", 0 }, { "512", 512 }, { "512B", 512 }, { "1k", 1024 },
		{ "64K", 65536 }, { "1M", 1 << 20 }, { "1MiB", 1 << 20 },
		{ "2G", 2ull << 30 }, { "5T", 5ull << 40 },
		{ "1P", 1ull << 50 }, { "15E", 15ull << 60 },
		{ "1kB", 1000 }, { "1KB", 1000 }, { "3MB", 3000000 },
		{ "2GB", 2000000000 }, { "1TB", 1000000000000 },
		{ "1KiB", 1024 }, { MAX_TEXT, UINT64_MAX },
	};
	static const char *const bad[] = { "", "K", "-1K", "1 K", "1.5G",
	    "1KK", "1Kb", "1ki", "1iB", "1BB", "1Q", "16E", "1m", "1g",
	    "20000P", "1KiBs", "18446744073709551616" };
	struct bk_err e = {0};
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(bk_size_parse(good[i].text, "size", &v, &e) == 0 &&
		    v == good[i].bytes, "size %s", good[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_size_parse(bad[i], "size", &v, &e) == -1 &&
		    e.code == BK_USAGE, "no size: '%s'", bad[i]);
	}
}

static void
test_duration(void)
{
	static const struct { const char *text; uint64_t seconds; } good[] = {
		{ "0", 0 }, { "90", 90 }, { "90s", 90 }, { "15m", 900 },
		{ "25h", 90000 }, { "30d", 2592000 }, { "8w", 4838400 },
		{ "1y", 31536000 }, { "1h30m", 5400 }, { "1w1d1h1m1s", 694861 },
		{ "0s", 0 }, { "100m", 6000 },
	};
	static const char *const bad[] = { "", "s", "-1s", "1 h", "1.5h", "1M",
	    "1H", "30m1h", "1h1h", "1h30", "h1", "1hh", "1ms", "1h ",
	    "999999999999999999y", "18446744073709551615s1" };
	struct bk_err e = {0};
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ok(bk_duration_parse(good[i].text, "age", &v, &e) == 0 &&
		    v == good[i].seconds, "duration %s", good[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_duration_parse(bad[i], "age", &v, &e) == -1 &&
		    e.code == BK_USAGE, "no duration: '%s'", bad[i]);
	}
}

static void
test_share(void)
{
	static const char *const bad[] = { "", "%", "pc", "20", "20p", "20%%",
	    "-1%", "1.5%", "101%", "20 %", "99999999999999999999%" };
	struct bk_err e = {0};
	uint64_t v;
	size_t i;

	ok(bk_fraction_parse("20%", 100, "x", &v, &e) == 0 && v == 20, "20%%");
	ok(bk_fraction_parse("100pc", 100, "x", &v, &e) == 0 && v == 100,
	    "a share without the sign");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_fraction_parse(bad[i], 100, "x", &v, &e) == -1 &&
		    e.code == BK_USAGE, "no share: '%s'", bad[i]);
	}
}

static void
test_format(void)
{
	static const struct { uint64_t v; const char *text; } sizes[] = {
		{ 0, "0B" }, { 1023, "1023B" }, { 1024, "1.0KiB" },
		{ 1536, "1.5KiB" }, { (1 << 20) - 1, "1.0MiB" },
		{ 1 << 20, "1.0MiB" }, { 1932735283, "1.8GiB" },
		{ UINT64_MAX, "16.0EiB" },
	}, durations[] = {
		{ 0, "0s" }, { 59, "59s" }, { 60, "1m" }, { 61, "1m1s" },
		{ 3600, "1h" }, { 3601, "1h" }, { 11520, "3h12m" },
		{ 86399, "23h59m" }, { 86400, "1d" }, { 172800, "2d" },
		{ 90061, "1d1h" }, { UINT64_MAX, "213503982334601d7h" },
	};
	char text[BK_NUM_TEXT];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bk_size_format(sizes[i].v, text);
		is_str(text, sizes[i].text, "a size for people");
	}
	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		bk_duration_format(durations[i].v, text);
		is_str(text, durations[i].text, "a duration for people");
	}
	bk_duration_exact(90059, text);
	is_str(text, "1d1h59s", "to the second");
	bk_duration_exact(0, text);
	is_str(text, "0s", "none");
	bk_duration_exact(UINT64_MAX, text);
	is_str(text, "213503982334601d7h15s", "all that there are");
}

static void
test_lsn(void)
{
	static const char *const bad[] = { "", "/", "0", "0/", "/0", "0/0/0",
	    "0x1/0", "+1/0", " 1/0", "1/0 ", "1/ 0", "1/-1", "123456789/0",
	    "0/123456789", "G/0", "0-0" };
	char text[BK_LSN_TEXT];
	uint64_t v = 7;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!bk_lsn_parse(bad[i], &v) && v == 7, "no LSN: '%s'", bad[i]);
	ok(bk_lsn_parse("0/0", &v) && v == 0, "the first");
	ok(bk_lsn_parse("16/B374D848", &v) && v == 0x16b374d848, "an LSN");
	ok(bk_lsn_parse("16/b374d848", &v) && v == 0x16b374d848, "small");
	bk_lsn_format(v, text);
	is_str(text, "16/B374D848", "and back");
	bk_lsn_format(UINT64_MAX, text);
	is_str(text, "FFFFFFFF/FFFFFFFF", "the last");
	ok(bk_lsn_parse(text, &v) && v == UINT64_MAX, "and back");
}

int
main(void)
{
	test_num();
	test_lsn();
	test_size();
	test_duration();
	test_share();
	test_format();
	return tap_done();
}
