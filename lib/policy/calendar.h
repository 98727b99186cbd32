#ifndef BK_POLICY_CALENDAR_H
#define BK_POLICY_CALENDAR_H
/*
 * Calendar hours, days, ISO 8601 weeks (from Monday), months and years, each
 * as a number: two instants are in the same period if and only if their
 * numbers are equal, and a later period has the greater number.
 *
 * Periods follow the wall clock: the hour repeated when daylight saving time
 * ends counts as one hour, and its day as one day of 25 hours.
 */
#include <stdint.h>
#include <time.h>

enum bk_period { BK_HOUR, BK_DAY, BK_WEEK, BK_MONTH, BK_YEAR };

/* Converts an instant to wall-clock time: bk_utctime_civil or localtime_r. */
typedef struct tm *bk_calendar_fn(const time_t *t, struct tm *wall);

/* The number of wall's period p; uses year, month, day and hour only. */
int64_t bk_calendar_period(enum bk_period p, const struct tm *wall);

/* The nominal length in seconds: a month has 31 days, a year 365. */
uint64_t bk_calendar_seconds(enum bk_period p);

#endif
