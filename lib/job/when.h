#ifndef BK_JOB_WHEN_H
#define BK_JOB_WHEN_H
/*
 * The days on which a job runs (bk-run --when): one or more of these, with
 * commas between them, in any case, blanks around them allowed:
 *
 *	mon tue wed thu fri sat sun	a day of the week
 *	1 to 31				a day of the month; where a month has
 *					no such day, it does not run
 *	last day			the last day of the month
 *	first|second|third|fourth|last sun	that one of the month
 */
#include <stdint.h>
#include <time.h>

#include "base/err.h"

struct bk_when {
	uint8_t nth[5];		/* days of the week (1 << tm_wday) in each
				 * seven days of the month */
	uint8_t last;		/* and in its last seven */
	uint32_t days;		/* of the month (1 << tm_mday) */
	int last_day;
};

/* 0, or -1 with *e set: BK_USAGE, label is what spec is the value of. */
int bk_when_parse(const char *spec, const char *label, struct bk_when *w,
    struct bk_err *e);

/* Is the day (tm_year, tm_mon, tm_mday, tm_wday) one of these? */
int bk_when_is(const struct bk_when *w, const struct tm *day);

#endif
