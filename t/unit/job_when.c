/* The days on which a job runs. */
#define _DEFAULT_SOURCE		/* timegm */
#include "job/when.h"

#include <stdio.h>
#include <string.h>

#include "base/utctime.h"
#include "tap.h"

#define DAYS (131 * 366L)	/* from 1970 on */

/* The days of 2024, "MMDD " each, that spec means. */
static const char *
days(const char *spec)
{
	static char out[4096];
	struct bk_when w;
	struct bk_err e = {0};
	struct tm tm;
	time_t t;
	size_t n = 0;
	int i;

	out[0] = '\0';
	if (bk_when_parse(spec, "--when", &w, &e) == -1)
		return e.msg[0] != '\0' && e.code == BK_USAGE ? "wrong" : "?";
	for (i = 0; i < 366; i++) {
		t = 1704067200 + i * 86400L;
		if (bk_when_is(&w, bk_utctime_civil(&t, &tm)))
			n += strftime(out + n, sizeof(out) - n, "%m%d ", &tm);
	}
	return out;
}

static void
test_days(void)
{
	is_str(days("31"), "0131 0331 0531 0731 0831 1031 1231 ", "31");
	is_str(days("last day"), "0131 0229 0331 0430 0531 0630 0731 0831 0930 "
	    "1031 1130 1231 ", "last day, of a leap year");
	is_str(days("first sun"), "0107 0204 0303 0407 0505 0602 0707 0804 "
	    "0901 1006 1103 1201 ", "first sun");
	is_str(days(" LAST  Fri , 29"), "0126 0129 0223 0229 0329 0426 0429 "
	    "0529 0531 0628 0629 0726 0729 0829 0830 0927 0929 1025 1029 1129 "
	    "1227 1229 ", "last fri, and the 29th");
	is_str(days("second tue"), "0109 0213 0312 0409 0514 0611 0709 0813 "
	    "0910 1008 1112 1210 ", "second tue");
	ok(strlen(days("mon,thu")) == 5 * (53 + 52), "mon and thu");
	ok(strlen(days("sun,mon,tue,wed,thu,fri,sat")) > 5 * 365, "all");
}

static void
test_wrong(void)
{
	static const char *const specs[] = { "", ",", "mon,", "0", "32", "1-5",
	    "day", "last", "fifth mon", "first day", "last sunday", "monday",
	    "1 mon", "first  ", "mon tue", "first mon of the month", "+1",
	    "1.", "first\tmon" };
	size_t i;

	for (i = 0; i < sizeof(specs) / sizeof(*specs); i++)
		is_str(days(specs[i]), "wrong", specs[i]);
}

/* Each day until 2100, by counting, not by the length of months. */
static void
test_long(void)
{
	static const char *const specs[] = { "first wed", "second wed",
	    "third wed", "fourth wed" };
	struct bk_when w[4], last, end;
	struct bk_err e = {0};
	struct tm tm, in7, next;
	int i, nth, wrong = 0;
	time_t t, later;
	long day;

	for (i = 0; i < 4; i++)
		(void)bk_when_parse(specs[i], "", &w[i], &e);
	(void)bk_when_parse("last wed", "", &last, &e);
	(void)bk_when_parse("last day", "", &end, &e);
	for (day = 0, nth = 0; day < DAYS; day++) {
		t = day * 86400;
		(void)gmtime_r(&t, &tm);
		later = t + 7 * 86400L;
		(void)gmtime_r(&later, &in7);
		later = t + 86400;
		(void)gmtime_r(&later, &next);
		if (tm.tm_mday == 1)
			nth = 0;
		nth += tm.tm_wday == 3;
		for (i = 0; i < 4; i++)
			wrong += bk_when_is(&w[i], &tm) !=
			    (tm.tm_wday == 3 && nth == i + 1);
		wrong += bk_when_is(&last, &tm) != (tm.tm_wday == 3 &&
		    in7.tm_mon != tm.tm_mon);
		wrong += bk_when_is(&end, &tm) != (next.tm_mon != tm.tm_mon);
	}
	is_int(wrong, 0, "each day from 1970 to 2100");
}

int
main(void)
{
	test_days();
	test_wrong();
	test_long();
	return tap_done();
}
