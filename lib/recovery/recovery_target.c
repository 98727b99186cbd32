#include "recovery/recovery_target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/num.h"
#include "base/utctime.h"

#define LAST INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

/* A wall clock's reading, and where it is in force. */
struct clock {
	int year, month, day, hour, minute, second;
	int64_t micros;
	int zoned;
	long east;		/* seconds */
};

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* n digits at *s, within lo..hi; -1 if they are not that. */
static int
field(const char **s, int n, int lo, int hi)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (!is_digit(**s))
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v < lo || v > hi ? -1 : v;
}

/* The next character, if it is one of any. */
static int
skip(const char **s, const char *any)
{
	if (**s == '\0' || strchr(any, **s) == NULL)
		return 0;
	(*s)++;
	return 1;
}

static int
days_in(int year, int month)
{
	static const int days[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static int
parse_date(const char **s, struct clock *c)
{
	if ((c->year = field(s, 4, 1970, 9999)) == -1 || !skip(s, "-") ||
	    (c->month = field(s, 2, 1, 12)) == -1 || !skip(s, "-") ||
	    (c->day = field(s, 2, 1, days_in(c->year, c->month))) == -1)
		return -1;
	return 0;
}

/* ":05.25", of which PostgreSQL's clock has microseconds. */
static int
parse_seconds(const char **s, struct clock *c)
{
	int64_t unit = 100000;

	if (!skip(s, ":"))
		return 0;
	if ((c->second = field(s, 2, 0, 59)) == -1)
		return -1;
	if (!skip(s, "."))
		return 0;
	if (!is_digit(**s))
		return -1;
	for (; is_digit(**s); (*s)++, unit /= 10)
		c->micros += (**s - '0') * unit;
	return 0;
}

/* "Z", "UTC", "+01", "-0530", "+05:30"; nothing: not zoned. */
static int
parse_zone(const char **s, struct clock *c)
{
	int sign, h, m = 0;

	while (skip(s, " "))
		;
	if (**s == '\0')
		return 0;
	c->zoned = 1;
	if (strcasecmp(*s, "UTC") == 0 || strcasecmp(*s, "GMT") == 0) {
		*s += 3;
		return 0;
	}
	if (skip(s, "Zz"))
		return 0;
	sign = **s == '-' ? -1 : 1;
	if (!skip(s, "+-") || (h = field(s, 2, 0, 15)) == -1)
		return -1;
	if (**s != '\0') {
		(void)skip(s, ":");
		if ((m = field(s, 2, 0, 59)) == -1)
			return -1;
	}
	c->east = sign * (h * 3600L + m * 60L);
	return 0;
}

static int
parse_clock(const char *s, struct clock *c)
{
	*c = (struct clock){0};
	if (parse_date(&s, c) == -1)
		return -1;
	if (*s == '\0')
		return 0;
	if (!skip(&s, "Tt "))
		return -1;
	while (skip(&s, " "))
		;
	if ((c->hour = field(&s, 2, 0, 23)) == -1 || !skip(&s, ":") ||
	    (c->minute = field(&s, 2, 0, 59)) == -1 ||
	    parse_seconds(&s, c) == -1 || parse_zone(&s, c) == -1)
		return -1;
	return *s == '\0' ? 0 : -1;
}

/* As if in UTC. */
static int64_t
seconds_of(const struct clock *c)
{
	return (int64_t)bk_utctime_days(c->year, (unsigned)c->month,
	    (unsigned)c->day) * 86400 + c->hour * 3600 + c->minute * 60 +
	    c->second;
}

/* "2026-11-21 14:30:00", with the fraction if there is one. */
static void
format_clock(const struct clock *c, char *out, size_t n)
{
	int len = snprintf(out, n, "%04d-%02d-%02d %02d:%02d:%02d", c->year,
	    c->month, c->day, c->hour, c->minute, c->second);

	if (c->micros != 0)
		(void)snprintf(out + len, n - (size_t)len, ".%06" PRId64,
		    c->micros);
}

/* The offset of the local zone for c, with or without summer time. */
static int
local_offset(const struct clock *c, int summer, long *east)
{
	struct tm tm = { .tm_year = c->year - 1900, .tm_mon = c->month - 1,
	    .tm_mday = c->day, .tm_hour = c->hour, .tm_min = c->minute,
	    .tm_sec = c->second, .tm_isdst = summer };
	time_t t = mktime(&tm);

	if (t == (time_t)-1 || tm.tm_isdst != summer ||
	    tm.tm_hour != c->hour || tm.tm_min != c->minute)
		return 0;
	*east = (long)(seconds_of(c) - t);
	return 1;
}

/*
 * Refuse a time without a zone.  An hour that comes twice, as summer time ends,
 * has two local readings; one that does not come, none.
 */
static int
refuse_bare(const char *s, const struct clock *c, struct bk_err *e)
{
	char text[48], list[200] = "";
	size_t n = 0;
	int summer;
	long east;

	format_clock(c, text, sizeof(text));
	for (summer = 1; summer >= 0; summer--)
		if (local_offset(c, summer, &east) && east != 0)
			n += (size_t)snprintf(list + n, sizeof(list) - n,
			    "'%s%c%02ld:%02ld' (here) or ", text,
			    east < 0 ? '-' : '+', labs(east) / 3600,
			    labs(east) / 60 % 60);
	return bk_fail(e, BK_USAGE, "'%s': a time without its zone; write "
	    "%s'%sZ' (UTC)", s, list, text);
}

static int
parse_time(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	struct clock c;
	int64_t v;

	t->kind = BK_TARGET_TIME;
	if (parse_clock(s, &c) == -1)
		return bk_fail(e, BK_USAGE, "'%s': not a time; write it as "
		    "'2026-11-21 14:30:00Z' or '2026-11-21 14:30:00+01', a "
		    "restore point's name as 'name:%s'", s, s);
	if (!c.zoned)
		return refuse_bare(s, &c, e);
	v = seconds_of(&c) - c.east;
	if (v < 0 || v > LAST)
		return bk_fail(e, BK_USAGE, "'%s': not between 1970 and 9999",
		    s);
	t->time = v * 1000000 + c.micros;
	return 0;
}

static int
parse_lsn(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	t->kind = BK_TARGET_LSN;
	if (!bk_lsn_parse(s, &t->lsn) || t->lsn == 0)
		return bk_fail(e, BK_USAGE, "'%s': not a position in the WAL "
		    "such as 16/B374D848", s);
	return 0;
}

/* PostgreSQL looks at the lower 32 bits of what pg_current_xact_id() says. */
static int
parse_xid(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	uint64_t v;

	t->kind = BK_TARGET_XID;
	if (bk_num_parse(s, 1, UINT64_MAX, "xid", &v, e) == -1)
		return -1;
	t->xid = (uint32_t)v;
	if (t->xid < 3)		/* the first three are nobody's */
		return bk_fail(e, BK_USAGE, "xid:%s: no transaction has this "
		    "number", s);
	return 0;
}

static int
parse_name(const char *s, struct bk_recovery_target *t, struct bk_err *e)
{
	t->kind = BK_TARGET_NAME;
	if (*s == '\0')
		return bk_fail(e, BK_USAGE, "name: a restore point's name is "
		    "missing");
	if (strlen(s) > BK_TARGET_NAME_MAX)
		return bk_fail(e, BK_USAGE, "'%s': longer than a restore "
		    "point's name can be, %d bytes", s, BK_TARGET_NAME_MAX);
	(void)snprintf(t->name, sizeof(t->name), "%s", s);
	return 0;
}

/* What somebody could mean otherwise than as a restore point's name. */
static int
refuse_ambiguous(const char *s, struct bk_err *e)
{
	static const char *const words[] = { "latest", "immediate", "now",
	    "today", "yesterday", "tomorrow", "end" };
	size_t i;

	if (s[strspn(s, "0123456789")] == '\0')
		return bk_fail(e, BK_USAGE, "'%s': a transaction or a restore "
		    "point; write xid:%s or name:%s", s, s, s);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return bk_fail(e, BK_USAGE, "'%s': a moment or a "
			    "restore point; write latest, a time such as "
			    "'2026-11-21 14:30Z', or name:%s", s, s);
	if (is_digit(*s) && strchr(s, ':') != NULL)
		return bk_fail(e, BK_USAGE, "'%s': not a time, which has a "
		    "date and a zone ('2026-11-21 14:30Z'); a restore point "
		    "is name:%s", s, s);
	return 0;
}

int
bk_recovery_target_parse(const char *s, struct bk_recovery_target *t,
    struct bk_err *e)
{
	static const struct {
		const char *prefix;
		int (*parse)(const char *, struct bk_recovery_target *,
		    struct bk_err *);
	} kinds[] = { { "time:", parse_time }, { "lsn:", parse_lsn },
	    { "xid:", parse_xid }, { "name:", parse_name } };
	uint64_t lsn;
	size_t i;

	*t = (struct bk_recovery_target){ .kind = BK_TARGET_LATEST };
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(s, kinds[i].prefix, strlen(kinds[i].prefix)) == 0)
			return kinds[i].parse(s + strlen(kinds[i].prefix), t,
			    e);
	if (strcmp(s, "latest") == 0)
		return 0;
	if (strcmp(s, "immediate") == 0) {
		t->kind = BK_TARGET_IMMEDIATE;
		return 0;
	}
	if (strspn(s, "0123456789") == 4 && s[4] == '-')
		return parse_time(s, t, e);
	if (bk_lsn_parse(s, &lsn))
		return parse_lsn(s, t, e);
	return refuse_ambiguous(s, e) == -1 ? -1 : parse_name(s, t, e);
}

void
bk_recovery_target_time(int64_t at, char out[BK_TARGET_TIME_TEXT])
{
	time_t seconds = (time_t)(at / 1000000);
	int64_t micros = at % 1000000;
	struct tm tm = {0};
	int n;

	(void)gmtime_r(&seconds, &tm);
	n = (int)strftime(out, BK_TARGET_TIME_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
	if (micros > 0)
		n += snprintf(out + n, BK_TARGET_TIME_TEXT - (size_t)n,
		    ".%06d", (int)micros);
	(void)snprintf(out + n, BK_TARGET_TIME_TEXT - (size_t)n, "+00");
}

int
bk_recovery_target_describe(const struct bk_recovery_target *t,
    struct bk_buf *out, struct bk_err *e)
{
	char text[BK_TARGET_TIME_TEXT];

	switch (t->kind) {
	case BK_TARGET_IMMEDIATE:
		return bk_buf_puts(out, "the end of the base backup", e);
	case BK_TARGET_TIME:
		bk_recovery_target_time(t->time, text);
		return bk_buf_puts(out, text, e);
	case BK_TARGET_LSN:
		bk_lsn_format(t->lsn, text);
		return bk_buf_puts(out, text, e);
	case BK_TARGET_NAME:
		return bk_buf_printf(out, e, "restore point \"%s\"", t->name);
	case BK_TARGET_XID:
		return bk_buf_printf(out, e, "transaction %" PRIu32, t->xid);
	case BK_TARGET_LATEST:
		break;
	}
	return bk_buf_puts(out, "the end of the WAL", e);
}
