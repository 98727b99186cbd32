/* A backup's name against its label. */
#include "policy/named.h"
#include "tap.h"

#define AT 1763691303		/* 2025-11-21T02:15:03Z */

int
main(void)
{
	static const struct { const char *name, *database; int denies; } t[] = {
		{ "s3://b/shop/daily/shop-20251121T021503Z.bk", "shop", 0 },
		{ "s3://b/shop/daily/shop-20251121T021504Z.bk", "shop", 1 },
		{ "s3://b/shop/daily/shop-20251121T021503Z.bk", "crm", 1 },
		{ "s3://b/shop/daily/shop-20251121T021503Z.bk", "sho", 1 },
		{ "s3://b/shop/daily/shop-20251121T021503Z.bk", NULL, 0 },
		{ "s3://b/shop/daily/shop-20251121T021504Z.bk", NULL, 1 },
		{ "s3://b/my%20shop-20251121T021503Z.bk", "my shop", 0 },
		{ "/srv/2025-11-21/crm-021503.gz", "crm", 0 },
		{ "/srv/2025-11-21/crm-021503.gz", "shop", 1 },
		{ "/srv/crm_2025-11-20_02-15.sql.gz", "crm", 0 },
		{ "/srv/crm_2025-11-20_02-15.sql.gz", "shop", 1 },
		{ "2025-11-20.bk", "shop", 0 },
		{ "20251121T021503Z.bk", "shop", 0 },
		{ "nightly/shop", "crm", 0 },
		{ "s17", "crm", 0 },
		{ "", "crm", 0 },
	};
	struct bk_err e = {0};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ok(bk_name_denies(NULL, t[i].name, t[i].database, AT, &e) ==
		    t[i].denies, "%s, of %s", t[i].name,
		    t[i].database == NULL ? "?" : t[i].database);
	is_int(bk_name_denies("{db}/{utc}", "crm/20251121T021503Z", "shop", AT,
	    &e), 1, "by a pattern");
	is_int(bk_name_denies(NULL, "shop-20251121T021503Z", "shop", 0, &e), 0,
	    "an instant that is not known");
	ok(bk_name_has("a-b", "b") && !bk_name_has("ab", "b") &&
	    !bk_name_has("a", ""), "words");
	return tap_done();
}
