/* policy/group.h: the series of a name */
#include "policy/group.h"
#include "tap.h"

static struct bk_buf key;

/* The series, "-" if none. */
static const char *
group(const char *pattern, const char *name)
{
	struct bk_err e = {0};
	int rc = bk_group_of(pattern, name, &key, &e);

	return rc == 1 ? key.data : rc == 0 ? "-" : "failed";
}

static void
test_by_time(void)
{
	static const char *const cases[][2] = {
		{ "s3://b/shop/daily/shop-20261121T021503Z.bk",
		    "s3://b/shop/daily/shop-*.bk" },
		{ "s3://b/shop/weekly/shop-20261121T021503Z.bk",
		    "s3://b/shop/weekly/shop-*.bk" },
		{ "shop-20261121.sql.gz", "shop-*.sql.gz" },
		{ "a-20261121.bk?versionId=x", "a-*.bk?versionId=x" },
		{ "shop-2026-11-21.sql.gz", "shop-*.sql.gz" },
		{ "shop-2026-11-21_02-15.sql.gz", "shop-*.sql.gz" },
		{ "shop-2026-11-21T02:15:03.sql.gz", "shop-*.sql.gz" },
		{ "shop-2026-11-21T02:15:03+01:00.gz", "shop-*.gz" },
		{ "shop-2026-11-21T02:15:03+0100.gz", "shop-*.gz" },
		{ "shop_20261121_021503", "shop_*" },
		{ "shop_20261121021503.bk", "shop_*.bk" },
		{ "2026.11.21", "*" },
		/* text after the time distinguishes them, too */
		{ "20261121T021503Z-shop.bk", "*-shop.bk" },
		{ "20261121T021503Z-blog.bk", "*-blog.bk" },
		{ "shop-20261121.bk.age", "shop-*.bk.age" },
		/* and text that only looks like a time */
		{ "db-20261121-5432.bk", "db-*-5432.bk" },
		{ "db-20261121-5433.bk", "db-*-5433.bk" },
		{ "tenant20011231-20261121T021503Z.bk",
		    "tenant20011231-*.bk" },
		{ "shop1-20261121.bk", "shop1-*.bk" },
		{ "shop-20261321.bk", "-" },
		{ "shop-20261132.bk", "-" },
		{ "shop-120261121.bk", "-" },
		{ "shop-202611211.bk", "-" },
		{ "b/base-000000010000000A20261121.bk", "b/base-*.bk" },
		{ "base-20261121-000000010000000A000000FF.bk",
		    "base-*-*.bk" },
		{ "base-000000010000000a000000ff.bk", "-" },
		{ "baseX000000010000000A000000FF.bk", "-" },
		{ "b/pg1-20261121T021503Z-full.0-2000028.tar",
		    "b/pg1-*-*.tar" },
		{ "b/pg1-20261121T021503Z-incr.1A-5000028.0-2000028.tar",
		    "b/pg1-*-*.tar" },
		/* a position may look like a date */
		{ "b/full.0-20261121@20261122T021503Z", "b/*@*" },
		{ "b/20261122T021503Z_incr.0-20261122.0-20261121.bk",
		    "b/*_*.bk" },
		{ "b/full.0-20261121-20261122.bk", "b/*-*.bk" },
		/* and these are no such words */
		{ "b/full.0-2000028x20261122.bk", "b/full.0-2000028x*.bk" },
		{ "b/xfull.0-2000028-20261122.bk", "b/xfull.0-2000028-*.bk" },
		{ "b/incr.0-2000028-20261122.bk", "b/incr.0-2000028-*.bk" },
		{ "b/incr.0-2000028.0-2000028-20261122.bk",
		    "b/incr.0-2000028.0-2000028-*.bk" },
		{ "b/full.0-02000028-20261122.bk", "b/full.0-02000028-*.bk" },
		{ "db1.bk", "-" },
		{ "dir/db1", "-" },
		/* a directory for each day, or for each backup */
		{ "2026-11-21/shop.bk", "*/shop.bk" },
		{ "b/2026-11-21/shop_daily_20261121T021503Z.bk",
		    "b/*/shop_daily_*.bk" },
		{ "b/2026-11-21/shop_daily_20261120T235903Z.bk",
		    "b/*/shop_daily_*.bk" },
		{ "full_20261121T021503Z/full_shop_20261121T021503Z.gz",
		    "full_*/full_shop_*.gz" },
		{ "full_20261121/full_shop_2026-11-21_021503.gz",
		    "full_*/full_shop_*.gz" },
		{ "full_20261121T021503Z/shop.bk", "full_*/shop.bk" },
		{ "20261121/shop-20261121T021503Z.bk", "*/shop-*.bk" },
		{ "2026-11-21/shop-021503.bk", "*/shop-*.bk" },
		{ "2026-11-21/021503/shop.bk", "*/*/shop.bk" },
		{ "shop/2026-11-21021503.bk", "shop/*.bk" },
		/* a date of its own is a tenant's */
		{ "t-2001-12-31/20261121T021503Z.bk", "t-2001-12-31/*.bk" },
		{ "20011231/20261121T021503Z.bk", "20011231/*.bk" },
		{ "20011231/shop.bk", "-" },
		{ "t-2001-12-31/shop.bk", "-" },
		{ "t120261121/shop-20261121T021503Z.bk",
		    "t120261121/shop-*.bk" },
		{ "s17", "*" },
		{ "test-1", "*" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(group(NULL, cases[i][0]), cases[i][1], cases[i][0]);
}

static void
test_by_pattern(void)
{
	const char *stored = "s3://b/{db}/{tier}/{db}-{utc}.bk";
	const char *tiers = "s3://b/{db}_{tier}_{utc}.bk";
	static char stars[64] = "*a*a*a*a*a*a*a*a*a*a*a*a*b", as[200];
	struct bk_err e = {0};

	is_str(group(stored, "s3://b/shop/daily/shop-20261121T021503Z.bk"),
	    "shop/daily", "the template that it was stored under");
	is_str(group(stored, "s3://b/a-b/daily/a-b-20261121T021503Z.bk"),
	    "a-b/daily", "a name with a dash");
	is_str(group(stored, "s3://b/shop/daily/blog-20261121T021503Z.bk"),
	    "-", "{db} is the same everywhere");
	is_str(group(stored, "s3://b/shop/daily/shop-2026112T021503Z.bk"),
	    "-", "{utc} is a time");
	is_str(group(tiers, "s3://b/crm_daily_20261121T021503Z.bk"),
	    "crm/daily", "one reading");
	is_str(group("{db}{utc}", "shop20261121T021503Z"), "shop",
	    "a time is never empty");
	is_int(bk_group_of(tiers, "s3://b/uvis_gps_daily_20261121T021503Z.bk",
	    &key, &e), -1, "two readings are refused");
	ok(e.code == BK_DATA && strstr(e.msg, "two ways, {db} uvis {tier} "
	    "gps_daily or {db} uvis_gps {tier} daily; ") != NULL,
	    "and both are named");
	is_str(group("{db}-*-{utc}", "shop-eu-daily-20261121T021503Z"),
	    "failed", "with a star, too");
	is_str(group("{db}-daily-{utc}", "shop-eu-daily-20261121T021503Z"),
	    "shop-eu", "but not once the tier is written out");
	is_str(group("*/{db}/*", "s3://b/shop/x"), "failed",
	    "a star before a variable");
	is_str(group("*/shop/*/*", "s3://shop/shop/shop/shop/x"), "*",
	    "many ways with the same result are one");
	is_str(group("s3://b/{db}/*", "s3://b/shop/daily/x"), "shop",
	    "{db} stops at a slash");
	is_str(group("{db}-{date}-{time}.sql", "a-b-2026-11-21-021503.sql"),
	    "a-b", "{date} and {time}");
	is_str(group("{db}-{date}.sql", "a-20261121.sql"), "-",
	    "{date} has dashes");
	is_str(group("{host}.{db}.*", "h.d.1"), "d/h", "{host} too");
	is_str(group("*", "anything/at all.bk"), "*", "all are one");
	is_str(group("a*", "b"), "-", "others are of none");
	is_str(group("a", "ab"), "-", "all of the name");
	is_str(group("ab", "a"), "-", "all of the pattern");
	is_str(group("{db}", ""), "-", "one character at least");
	is_int(bk_group_db("{db}-{utc}.bk", "shop.bk", &key, &e), 0,
	    "a name of no database");
	is_int(bk_group_db("*-{utc}.bk", "shop-20261121T021503Z.bk", &key, &e),
	    0, "nor a pattern");
	memset(as, 'a', sizeof(as) - 1);
	is_str(group(stars, as), "failed", "a pattern that would take years");
}

static void
test_check(void)
{
	struct bk_err e = {0};

	is_int(bk_group_check("{db}/{host}/{tier}/{utc}{date}{time}*", &e), 0,
	    "all variables");
	is_int(bk_group_check("x{db", &e), -1, "an open brace");
	is_str(e.msg, "x{db: unmatched {", "says so");
	e = (struct bk_err){0};
	is_int(bk_group_check("{name}", &e), -1, "an unknown variable");
	is_int(e.code, BK_USAGE, "is a usage error");
}

int
main(void)
{
	test_by_time();
	test_by_pattern();
	test_check();
	bk_buf_free(&key);
	return tap_done();
}
