#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Parse the digits at *s and advance *s past them.  -1: none, or over 64 bits.
 */
static int
digits(const char **s, uint64_t *out)
{
	const char *p = *s;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return -1;
	*s = p;
	*out = v;
	return 0;
}

int
bk_num_parse(const char *s, uint64_t min, uint64_t max, const char *label,
    uint64_t *out, struct bk_err *e)
{
	const char *p = s;
	uint64_t v;

	if (digits(&p, &v) == -1 || *p != '\0' || v < min || v > max)
		return bk_fail(e, BK_USAGE, "%s: '%s' is not a number from "
		    "%" PRIu64 " to %" PRIu64, label, s, min, max);
	*out = v;
	return 0;
}

/* The factor of a size suffix, 0 if unknown. */
static uint64_t
size_factor(const char *suffix)
{
	static const char units[] = "KMGTPE";
	const char *u;
	uint64_t base = 1024, f = 1;
	int c = *suffix == 'k' ? 'K' : *suffix;

	if (c == '\0' || strcmp(suffix, "B") == 0)
		return 1;
	if ((u = strchr(units, c)) == NULL)
		return 0;
	if (strcmp(suffix + 1, "B") == 0)
		base = 1000;
	else if (suffix[1] != '\0' && strcmp(suffix + 1, "iB") != 0)
		return 0;
	for (c = (int)(u - units); c >= 0; c--)
		f *= base;
	return f;
}

int
bk_size_parse(const char *s, const char *label, uint64_t *bytes,
    struct bk_err *e)
{
	const char *p = s;
	uint64_t v, f;

	if (digits(&p, &v) == -1 || (f = size_factor(p)) == 0 ||
	    __builtin_mul_overflow(v, f, bytes))
		return bk_fail(e, BK_USAGE, "%s: '%s' is not a size; write it "
		    "as 512K, 64M or 2G", label, s);
	return 0;
}

int
bk_fraction_parse(const char *s, uint64_t max, const char *label,
    uint64_t *percent, struct bk_err *e)
{
	const char *p = s;

	if (digits(&p, percent) == 0 && *percent <= max &&
	    (strcmp(p, "%") == 0 || strcmp(p, "pc") == 0))
		return 0;
	return bk_fail(e, BK_USAGE, "%s: '%s' is not a share of up to %" PRIu64
	    "%%; write it as 20%% or, in a crontab, 20pc", label, s, max);
}

static uint64_t
duration_factor(char unit)
{
	switch (unit) {
	case 's': return 1;
	case 'm': return 60;
	case 'h': return 3600;
	case 'd': return 86400;
	case 'w': return 7 * 86400;
	case 'y': return 365 * 86400;
	default: return 0;
	}
}

int
bk_duration_parse(const char *s, const char *label, uint64_t *seconds,
    struct bk_err *e)
{
	const char *p = s;
	uint64_t v, f, sum = 0, last = UINT64_MAX;

	do {
		if (digits(&p, &v) == -1)
			goto bad;
		/* a number alone is seconds; units must shrink: 1h30m */
		f = *p == '\0' && last == UINT64_MAX ? 1 : duration_factor(*p);
		if (f == 0 || f >= last ||
		    __builtin_mul_overflow(v, f, &v) ||
		    __builtin_add_overflow(sum, v, &sum))
			goto bad;
		last = f;
		if (*p != '\0')
			p++;
	} while (*p != '\0');
	*seconds = sum;
	return 0;
 bad:
	return bk_fail(e, BK_USAGE, "%s: '%s' is not a duration; write it as "
	    "90s, 15m, 25h, 30d or 8w", label, s);
}

void
bk_size_format(uint64_t bytes, char out[BK_NUM_TEXT])
{
	static const char *const unit[] =
	    { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	size_t i = 0;

	/* a value that rounds to 1024.0 goes to the next unit */
	while (v >= (i == 0 ? 1024 : 1023.95) && i < 6) {
		v /= 1024;
		i++;
	}
	if (i == 0)
		(void)snprintf(out, BK_NUM_TEXT, "%" PRIu64 "B", bytes);
	else
		(void)snprintf(out, BK_NUM_TEXT, "%.1f%s", v, unit[i]);
}

static const char duration_unit[] = "dhms";
static const uint64_t duration_size[] = { 86400, 3600, 60, 1 };

void
bk_duration_format(uint64_t seconds, char out[BK_NUM_TEXT])
{
	uint64_t rest;
	size_t i = 0;

	while (i < 3 && seconds < duration_size[i])
		i++;
	rest = seconds % duration_size[i];
	if (i == 3 || rest / duration_size[i + 1] == 0)
		(void)snprintf(out, BK_NUM_TEXT, "%" PRIu64 "%c",
		    seconds / duration_size[i], duration_unit[i]);
	else
		(void)snprintf(out, BK_NUM_TEXT, "%" PRIu64 "%c%" PRIu64 "%c",
		    seconds / duration_size[i], duration_unit[i],
		    rest / duration_size[i + 1], duration_unit[i + 1]);
}

void
bk_duration_exact(uint64_t seconds, char out[BK_NUM_TEXT])
{
	size_t i, n = 0;

	for (i = 0; i < 4; i++) {
		if (seconds >= duration_size[i] || (i == 3 && n == 0))
			n += (size_t)snprintf(out + n, BK_NUM_TEXT - n,
			    "%" PRIu64 "%c", seconds / duration_size[i],
			    duration_unit[i]);
		seconds %= duration_size[i];
	}
}

/* Up to eight hex digits at s: how many, with *out set. */
static size_t
hex32(const char *s, uint64_t *out)
{
	size_t n = strspn(s, "0123456789ABCDEFabcdef");

	*out = n > 0 && n <= 8 ? strtoul(s, NULL, 16) : 0;
	return n <= 8 ? n : 0;
}

int
bk_lsn_parse(const char *s, uint64_t *lsn)
{
	uint64_t high, low;
	size_t n = hex32(s, &high);

	if (n == 0 || s[n] != '/')
		return 0;
	s += n + 1;
	if ((n = hex32(s, &low)) == 0 || s[n] != '\0')
		return 0;
	*lsn = high << 32 | low;
	return 1;
}

void
bk_lsn_format(uint64_t lsn, char out[BK_LSN_TEXT])
{
	(void)snprintf(out, BK_LSN_TEXT, "%" PRIX64 "/%" PRIX64, lsn >> 32,
	    lsn & 0xffffffff);
}
