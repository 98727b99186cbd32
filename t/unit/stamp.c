/* listing/stamp.h: the instant in a name */
#include "base/utctime.h"
#include "listing/stamp.h"
#include "tap.h"

/* The instant in name, and which parts of the name said so; "-" if none. */
static const char *
found(const char *name)
{
	static char out[200];
	char when[BK_UTCTIME_TEXT];
	struct bk_stamp s;

	if (!bk_stamp_find(name, &s))
		return "-";
	bk_utctime_format(s.time, when);
	(void)snprintf(out, sizeof(out), "%s %.*s %.*s", when, (int)s.len,
	    name + s.at, (int)s.time_len, name + s.time_at);
	return out;
}

static void
test_find(void)
{
	static const char utc[] = "2026-11-21T02:15:03Z 20261121T021503Z ";
	static const char parts[] = "2026-11-21T02:15:03Z 2026-11-21 021503";
	static const char *const cases[][2] = {
		{ "s3://b/shop/daily/shop-20261121T021503Z.bk", utc },
		{ "20261121T021503Z", utc },
		{ "full_20261121T021503Z/shop.bk", utc },
		{ "a20251231T000000Z-20261121T021503Z-b.bk", utc },
		{ "2025-01-01/000000-20261121T021503Z.bk", utc },
		{ "shop-20261121T021503Z-2027-01-01-000000.bk", utc },
		{ "b/2026-11-21/shop_daily_021503.bk", parts },
		{ "shop-2026-11-21_021503.sql.gz", parts },
		{ "2026-11-21021503", parts },
		{ "2026-11-210-021503", "-" },
		{ "2025-01-01/2026-11-21/021503.bk", parts },
		{ "2026-11-21/123456789/shop123456-021503.bk", parts },
		{ "2026-11-21/021503-999999.bk", parts },
		{ "2026-11-21/021503-shop-2027-01-01.bk", parts },
		{ "021503-2026-11-21.bk", "-" },
		{ "shop-2026-11-21.sql.gz", "-" },
		{ "shop-20261121.sql.gz", "-" },
		{ "shop-20261121_021503.sql.gz", "-" },
		{ "shop-2026-11-21T02:15:03Z.bk", "-" },
		{ "shop-20261121T021503.bk", "-" },
		{ "shop-120261121T021503Z.bk", "-" },
		{ "shop-20261121T0215031Z.bk", "-" },
		{ "shop-20261321T021503Z.bk", "-" },
		{ "shop-20260229T021503Z.bk", "-" },
		{ "shop-20261121T241503Z.bk", "-" },
		{ "shop-20261121T021560Z.bk", "-" },
		{ "shop-2026-02-29-021503.bk", "-" },
		{ "shop-2026-11-21-246060.bk", "-" },
		{ "12026-11-21/021503", "-" },
		{ "", "-" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(found(cases[i][0]), cases[i][1], cases[i][0]);
}

int
main(void)
{
	test_find();
	return tap_done();
}
