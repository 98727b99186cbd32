#ifndef BK_BASE_UTCTIME_H
#define BK_BASE_UTCTIME_H
/*
 * Instants in UTC, as seconds since 1970 (time_t) and as text: RFC 3339 with
 * a Z, "2026-11-21T05:27:19Z".  Years 1970 to 9999; leap seconds (:60) are
 * read as the next second.
 */
#include <time.h>

#define BK_UTCTIME_TEXT 32

/* RFC 3339; "" for a time outside the years above. */
void bk_utctime_format(time_t t, char out[BK_UTCTIME_TEXT]);

/* The same compact, for file names: 20261121T052719Z. */
void bk_utctime_compact(time_t t, char out[BK_UTCTIME_TEXT]);

/*
 * Parse the n characters at s: RFC 3339 with Z or a numeric offset, 'T', 't' or
 * a blank between date and time, a fraction of a second is dropped; or a date
 * alone (midnight UTC).  0, or -1 if it is anything else.
 */
int bk_utctime_parse(const char *s, size_t n, time_t *t);

/* Days since 1970-01-01 of a proleptic Gregorian date, month 1 to 12. */
long bk_utctime_days(long year, unsigned month, unsigned day);

/* Seconds on a clock that never steps, for durations. */
double bk_monotonic(void);

#endif
