#include "base/utctime.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LAST INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

/* Count days from 1 March of year 0: a leap day is then a year's last. */
long
bk_utctime_days(long year, unsigned month, unsigned day)
{
	long y = month <= 2 ? year - 1 : year;
	long m = (long)(month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 +
	    (m * 153 + 2) / 5 + (long)day - 1 - 719468;
}

/*
 * The inverse of that for a day from 1970 on.  Not gmtime_r(), which reads the
 * time zone, and without memory for it fails or is wrong.
 */
static void
civil(long days, long *year, int *month, int *day)
{
	long n = days + 719468, era = n / 146097, left = n % 146097;
	long y = (left - left / 1460 + left / 36524 - left / 146096) / 365;
	long m;

	left -= y * 365 + y / 4 - y / 100;	/* days since 1 March */
	m = (5 * left + 2) / 153;
	*day = (int)(left - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = era * 400 + y + (*month <= 2);
}

struct tm *
bk_utctime_civil(const time_t *t, struct tm *out)
{
	const long days = (long)(*t / 86400), second = (long)(*t % 86400);
	long year;

	if (*t < 0 || *t > LAST)
		return NULL;
	*out = (struct tm){ .tm_hour = (int)(second / 3600),
	    .tm_min = (int)(second / 60 % 60), .tm_sec = (int)(second % 60),
	    .tm_wday = (int)((days + 4) % 7) };		/* 1970 began so */
	civil(days, &year, &out->tm_mon, &out->tm_mday);
	out->tm_year = (int)(year - 1900);
	out->tm_mon--;
	out->tm_yday = (int)(days - bk_utctime_days(year, 1, 1));
	return out;
}

/* fmt: year, month, day, hour, minute, second. */
__attribute__((format(printf, 2, 0))) static void
format(time_t t, const char *fmt, char out[BK_UTCTIME_TEXT])
{
	char text[80];		/* for numbers of any size */
	struct tm tm;

	out[0] = '\0';
	if (bk_utctime_civil(&t, &tm) == NULL)
		return;
	(void)snprintf(text, sizeof(text), fmt, tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	(void)snprintf(out, BK_UTCTIME_TEXT, "%.*s", BK_UTCTIME_TEXT - 1,
	    text);
}

void
bk_utctime_format(time_t t, char out[BK_UTCTIME_TEXT])
{
	format(t, "%04d-%02d-%02dT%02d:%02d:%02dZ", out);
}

void
bk_utctime_exact(const struct timespec *t, char out[BK_UTCTIME_TEXT])
{
	size_t n;

	bk_utctime_format(t->tv_sec, out);
	if ((n = strlen(out)) > 0)
		(void)snprintf(out + n - 1, BK_UTCTIME_TEXT - n + 1,
		    ".%09ldZ", t->tv_nsec);
}

void
bk_utctime_compact(time_t t, char out[BK_UTCTIME_TEXT])
{
	format(t, "%04d%02d%02dT%02d%02d%02dZ", out);
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

struct parts {
	int year, month, day, hour, minute, second;
	uint32_t micros;
};

static int
parse_date(const char **s, const char *end, struct parts *p)
{
	return (p->year = field(s, end, 4, 1970, 9999)) == -1 ||
	    literal(s, end, "-") == -1 ||
	    (p->month = field(s, end, 2, 1, 12)) == -1 ||
	    literal(s, end, "-") == -1 ||
	    (p->day = field(s, end, 2, 1,
	    days_in_month(p->year, p->month))) == -1 ? -1 : 0;
}

/* "05:27:19.25"; *seconds: there are any. */
static int
parse_clock(const char **s, const char *end, struct parts *p, int *seconds)
{
	uint32_t unit = 100000;

	*seconds = 0;
	if ((p->hour = field(s, end, 2, 0, 23)) == -1 ||
	    literal(s, end, ":") == -1 ||
	    (p->minute = field(s, end, 2, 0, 59)) == -1)
		return -1;
	if (literal(s, end, ":") == -1)
		return 0;
	*seconds = 1;
	if ((p->second = field(s, end, 2, 0, 60)) == -1)
		return -1;
	if (literal(s, end, ".") == -1)
		return 0;
	if (*s == end || **s < '0' || **s > '9')
		return -1;
	for (; *s != end && **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		p->micros += (uint32_t)(**s - '0') * unit;
	return 0;
}

/* Seconds since 1970 if the parts are UTC's. */
static int64_t
as_utc(const struct parts *p)
{
	return (int64_t)bk_utctime_days(p->year, (unsigned)p->month,
	    (unsigned)p->day) * 86400 + p->hour * 3600 + p->minute * 60 +
	    p->second;
}

int
bk_utctime_parse(const char *s, size_t n, time_t *t)
{
	const char *end = s + n;
	struct parts p = {0};
	long east = 0;
	int seconds;
	int64_t v;

	if (parse_date(&s, end, &p) == -1)
		return -1;
	if (s != end && (literal(&s, end, "Tt ") == -1 ||
	    parse_clock(&s, end, &p, &seconds) == -1 || !seconds ||
	    offset(&s, end, &east) == -1 || s != end))
		return -1;
	v = as_utc(&p) - east;
	if (v < 0 || v > LAST)
		return -1;
	*t = (time_t)v;
	return 0;
}

/* "Z", "UTC", "GMT", "+02", "+0200", "+02:00" is all of s. */
static int
parse_zone(const char *s, long *east)
{
	const char *end = s + strlen(s);
	int h, m = 0, sign = *s == '-' ? -1 : 1;

	*east = 0;
	if (strcasecmp(s, "Z") == 0 || strcasecmp(s, "UTC") == 0 ||
	    strcasecmp(s, "GMT") == 0)
		return 0;
	if (literal(&s, end, "+-") == -1 ||
	    (h = field(&s, end, 2, 0, 15)) == -1)	/* as PostgreSQL */
		return -1;
	if (s != end) {
		(void)literal(&s, end, ":");
		if ((m = field(&s, end, 2, 0, 59)) == -1 || s != end)
			return -1;
	}
	*east = sign * (h * 3600L + m * 60L);
	return 0;
}

/* Seconds by which wall's clock is ahead of UTC at t. */
static int64_t
ahead(struct tm *(*wall)(const time_t *, struct tm *), int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm = {0};
	struct parts p;

	if (wall(&at, &tm) == NULL)
		return 0;
	p = (struct parts){ tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, 0 };
	return as_utc(&p) - t;
}

/*
 * The moments at which wall's clock shows what UTC's shows at utc: 1 of them,
 * 2 where it was turned back, 0 where forward.
 */
static int
readings(struct tm *(*wall)(const time_t *, struct tm *), int64_t utc,
    int64_t out[2])
{
	int64_t a = utc - ahead(wall, utc - 86400);
	int64_t b = utc - ahead(wall, utc + 86400);
	int n = 0;

	if (a + ahead(wall, a) == utc)
		out[n++] = a;
	if (b != a && b + ahead(wall, b) == utc)
		out[n++] = b;
	return n;
}

/* The moment to be copied, with its fraction. */
static const char *
show(int64_t t, uint32_t micros, char out[BK_UTCTIME_TEXT])
{
	size_t n;

	bk_utctime_format((time_t)t, out);
	if (micros != 0 && (n = strlen(out)) > 0)
		(void)snprintf(out + n - 1, BK_UTCTIME_TEXT - n + 1, ".%06uZ",
		    (unsigned)micros);
	return out;
}

/* text is wall's, which shows it at the n moments at: not one. */
static int
ambiguous(const char *text, const char *label, const int64_t at[2], int n,
    uint32_t micros, struct bk_err *e)
{
	char first[BK_UTCTIME_TEXT], second[BK_UTCTIME_TEXT];

	if (n == 0)
		return bk_fail(e, BK_USAGE, "%s '%s': this local time does not "
		    "exist: clocks went forward; write it in UTC, with a Z",
		    label, text);
	return bk_fail(e, BK_USAGE, "%s '%s': this local time occurs twice: "
	    "clocks went back; write %s or %s", label, text,
	    show(at[0], micros, first), show(at[1], micros, second));
}

/* text has no zone: refuse it with all that it could be. */
static int
zoneless(const char *text, const char *label, int64_t utc,
    const int64_t at[2], int n, uint32_t micros, struct bk_err *e)
{
	char zulu[BK_UTCTIME_TEXT], first[BK_UTCTIME_TEXT],
	    second[BK_UTCTIME_TEXT] = "";

	(void)show(utc, micros, zulu);
	if (n == 0 || at[0] == utc)
		return bk_fail(e, BK_USAGE, "%s '%s': no zone; it is %s if "
		    "that is UTC, else write its offset after it: +02:00",
		    label, text, zulu);
	if (n == 2)
		(void)show(at[1], micros, second);
	return bk_fail(e, BK_USAGE, "%s '%s': no zone; write %s if it is UTC, "
	    "%s%s%s if it is this host's local time", label, text, zulu,
	    show(at[0], micros, first), n == 2 ? " or " : "", second);
}

/* A date, and a time of day if there is one, else midnight. */
static int
parse_reading(const char **s, const char *end, struct parts *p)
{
	int seconds;

	*p = (struct parts){0};
	if (parse_date(s, end, p) == -1)
		return -1;
	if (*s == end)
		return 0;
	if (literal(s, end, "Tt ") == -1)
		return -1;
	while (literal(s, end, " ") == 0)
		;
	if (parse_clock(s, end, p, &seconds) == -1)
		return -1;
	while (*s + 1 < end && literal(s, end, " ") == 0)
		;
	return 0;
}

int
bk_moment_parse(const char *s, const char *label,
    struct tm *(*wall)(const time_t *, struct tm *), int assume,
    struct bk_moment *m, struct bk_err *e)
{
	const char *text = s, *end = s + strlen(s);
	struct parts p;
	int64_t utc, at[2] = {0};
	long east = 0;
	int n;

	if (parse_reading(&s, end, &p) == -1)
		return bk_fail(e, BK_USAGE, "%s '%s': not a moment; write it "
		    "as 2026-11-21 14:30Z or 2026-11-21T14:30:05+02:00",
		    label, text);
	utc = as_utc(&p);
	if (s != end) {
		if (parse_zone(s, &east) == -1)
			return bk_fail(e, BK_USAGE, "%s '%s': '%s' is not a "
			    "zone; write Z for UTC, or an offset like +02:00",
			    label, text, s);
	} else {
		n = readings(wall, utc, at);
		if (!assume)
			return zoneless(text, label, utc, at, n, p.micros, e);
		if (n != 1)
			return ambiguous(text, label, at, n, p.micros, e);
		east = (long)(utc - at[0]);
	}
	utc -= east;
	if (utc < 0 || utc > LAST)
		return bk_fail(e, BK_USAGE, "%s '%s': not within the years "
		    "1970 to 9999", label, text);
	*m = (struct bk_moment){ (time_t)utc, p.micros };
	return 0;
}

double
bk_monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}
