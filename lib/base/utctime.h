#ifndef BK_BASE_UTCTIME_H
#define BK_BASE_UTCTIME_H
/*
 * Instants in UTC, as seconds since 1970 (time_t) and as text: RFC 3339 with
 * a Z, "2026-11-21T05:27:19Z".  Years 1970 to 9999; leap seconds (:60) are
 * read as the next second.
 */
#include <stdint.h>
#include <time.h>

#include "base/err.h"

#define BK_UTCTIME_TEXT 32

/* RFC 3339; "" for a time outside the years above. */
void bk_utctime_format(time_t t, char out[BK_UTCTIME_TEXT]);

/* The same with nanoseconds. */
void bk_utctime_exact(const struct timespec *t, char out[BK_UTCTIME_TEXT]);

/* The same compact, for file names: 20261121T052719Z. */
void bk_utctime_compact(time_t t, char out[BK_UTCTIME_TEXT]);

/*
 * Parse the n characters at s: RFC 3339 with Z or a numeric offset, 'T', 't' or
 * a blank between date and time, a fraction of a second is dropped; or a date
 * alone (midnight UTC).  0, or -1 if it is anything else.
 */
int bk_utctime_parse(const char *s, size_t n, time_t *t);

/*
 * As gmtime_r(), without reading the time zone's file, for which memory may be
 * lacking.  NULL for a time outside the years above.
 */
struct tm *bk_utctime_civil(const time_t *t, struct tm *out);

/*
 * A moment as a person gives it, who must say in which zone, by the grammar in
 * bk(7): a date; a time of day after T or blanks, with or without seconds and a
 * fraction, midnight if there is none; Z, UTC, GMT or an offset up to 15:59
 * (+02, +0200, +02:00), also after blanks.  "2026-11-21 14:30 utc",
 * "2026-11-21T14:30:05.25+02".
 */
struct bk_moment {
	time_t t;
	uint32_t micros;		/* of a fraction of a second */
};

/*
 * Parse s, the value of label.  wall is localtime_r() or the like: a time
 * without a zone is taken to be of its zone if assume is set; else it is
 * refused with the readings that it could have, UTC's and wall's.  0; -1
 * with BK_USAGE: also where clocks were turned back, as two moments have that
 * time, or forward, as none has.
 */
int bk_moment_parse(const char *s, const char *label,
    struct tm *(*wall)(const time_t *, struct tm *), int assume,
    struct bk_moment *m, struct bk_err *e);

/* Days since 1970-01-01 of a proleptic Gregorian date, month 1 to 12. */
long bk_utctime_days(long year, unsigned month, unsigned day);

/* Seconds on a clock that never steps, for durations. */
double bk_monotonic(void);

#endif
