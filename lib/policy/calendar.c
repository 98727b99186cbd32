#include "policy/calendar.h"

#include "base/utctime.h"

int64_t
bk_calendar_period(enum bk_period p, const struct tm *wall)
{
	long year = wall->tm_year + 1900L;
	int64_t days = bk_utctime_days(year, (unsigned)wall->tm_mon + 1,
	    (unsigned)wall->tm_mday);

	switch (p) {
	case BK_HOUR: return days * 24 + wall->tm_hour;
	case BK_DAY: return days;
	/* 1970-01-01 was a Thursday; + 7: no negative dividend */
	case BK_WEEK: return (days + 3 + 7) / 7;
	case BK_MONTH: return year * 12 + wall->tm_mon;
	case BK_YEAR: break;
	}
	return year;
}

uint64_t
bk_calendar_seconds(enum bk_period p)
{
	static const uint64_t hours[] = { 1, 24, 7 * 24, 31 * 24, 365 * 24 };

	return hours[p] * 3600;
}
