#include "base/utctime.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LAST INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

static void
format(time_t t, const char *fmt, char out[BK_UTCTIME_TEXT])
{
	struct tm tm;

	out[0] = '\0';
	if (t < 0 || t > LAST || gmtime_r(&t, &tm) == NULL)
		return;
	if (strftime(out, BK_UTCTIME_TEXT, fmt, &tm) == 0)
		out[0] = '\0';
}

void
bk_utctime_format(time_t t, char out[BK_UTCTIME_TEXT])
{
	format(t, "%Y-%m-%dT%H:%M:%SZ", out);
}

void
bk_utctime_compact(time_t t, char out[BK_UTCTIME_TEXT])
{
	format(t, "%Y%m%dT%H%M%SZ", out);
}

/* Count days from 1 March of year 0: a leap day is then a year's last. */
long
bk_utctime_days(long year, unsigned month, unsigned day)
{
	long y = month <= 2 ? year - 1 : year;
	long m = (long)(month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 +
	    (m * 153 + 2) / 5 + (long)day - 1 - 719468;
}

/* n digits at *s within lo..hi; -1 if they are not that. */
static int
field(const char **s, const char *end, int n, int lo, int hi)
{
	int v = 0;

	if (end - *s < n)
		return -1;
	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v < lo || v > hi ? -1 : v;
}

static int
literal(const char **s, const char *end, const char *any)
{
	if (*s == end || **s == '\0' || strchr(any, **s) == NULL)
		return -1;
	(*s)++;
	return 0;
}

/* "Z" or "+hh:mm" at *s, in seconds east of UTC. */
static int
offset(const char **s, const char *end, long *east)
{
	int h, m, sign;

	*east = 0;
	if (literal(s, end, "Zz") == 0)
		return 0;
	if (*s == end || (**s != '+' && **s != '-'))
		return -1;
	sign = *(*s)++ == '-' ? -1 : 1;
	if ((h = field(s, end, 2, 0, 23)) == -1 || literal(s, end, ":") == -1 ||
	    (m = field(s, end, 2, 0, 59)) == -1)
		return -1;
	*east = sign * (h * 3600L + m * 60L);
	return 0;
}

static int
days_in_month(int year, int month)
{
	static const int days[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int
bk_utctime_parse(const char *s, size_t n, time_t *t)
{
	const char *end = s + n;
	int y, mo, d, h = 0, mi = 0, sec = 0;
	long east = 0;
	int64_t v;

	if ((y = field(&s, end, 4, 1970, 9999)) == -1 ||
	    literal(&s, end, "-") == -1 ||
	    (mo = field(&s, end, 2, 1, 12)) == -1 ||
	    literal(&s, end, "-") == -1 ||
	    (d = field(&s, end, 2, 1, days_in_month(y, mo))) == -1)
		return -1;
	if (s != end) {
		if (literal(&s, end, "Tt ") == -1 ||
		    (h = field(&s, end, 2, 0, 23)) == -1 ||
		    literal(&s, end, ":") == -1 ||
		    (mi = field(&s, end, 2, 0, 59)) == -1 ||
		    literal(&s, end, ":") == -1 ||
		    (sec = field(&s, end, 2, 0, 60)) == -1)
			return -1;
		if (literal(&s, end, ".") == 0) {
			if (field(&s, end, 1, 0, 9) == -1)
				return -1;
			while (s != end && *s >= '0' && *s <= '9')
				s++;
		}
		if (offset(&s, end, &east) == -1 || s != end)
			return -1;
	}
	v = (int64_t)bk_utctime_days(y, (unsigned)mo, (unsigned)d) * 86400 +
	    h * 3600 + mi * 60 + sec - east;
	if (v < 0 || v > LAST)
		return -1;
	*t = (time_t)v;
	return 0;
}

double
bk_monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
