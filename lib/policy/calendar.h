#ifndef BK_POLICY_CALENDAR_H
#define BK_POLICY_CALENDAR_H
/*
 * Calendar hours, days, ISO 8601 weeks (from Monday), months and years, each
 * as one number: two instants are in the same period when and only when their
 * numbers are equal, and a later period has the greater number.
 *
 * They are those of a wall clock: the hour that the end of daylight saving
 * time repeats is one hour, and the day with it one day of 25 hours.
 */
#include <stdint.h>
#include <time.h>

enum bk_period { BK_HOUR, BK_DAY, BK_WEEK, BK_MONTH, BK_YEAR };

/* What turns an instant into a wall clock: gmtime_r or localtime_r. */
typedef struct tm *bk_calendar_fn(const time_t *t, struct tm *wall);

/* The number of wall's period p; reads its year, month, day and hour. */
int64_t bk_calendar_period(enum bk_period p, const struct tm *wall);

/* Its usual length in seconds: a month has 31 days, a year 365. */
uint64_t bk_calendar_seconds(enum bk_period p);

#endif
