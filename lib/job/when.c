#include "job/when.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utctime.h"

#define ITEM_MAX 16		/* bytes of the longest, with the NUL */

/* The place of word in the NULL-ended list, or -1. */
static int
place(const char *word, const char *const list[])
{
	int i;

	for (i = 0; list[i] != NULL; i++)
		if (strcasecmp(word, list[i]) == 0)
			return i;
	return -1;
}

static int
weekday(const char *word)
{
	static const char *const names[] = { "sun", "mon", "tue", "wed", "thu",
	    "fri", "sat", NULL };

	return place(word, names);
}

/* "last day", "first sun"; 0, or -1 if it is neither. */
static int
take_two(struct bk_when *w, const char *which, const char *of)
{
	static const char *const names[] = { "first", "second", "third",
	    "fourth", "last", NULL };
	int n = place(which, names), day = weekday(of);

	if (n == 4 && strcasecmp(of, "day") == 0)
		w->last_day = 1;
	else if (n == -1 || day == -1)
		return -1;
	else if (n == 4)
		w->last |= (uint8_t)(1 << day);
	else
		w->nth[n] |= (uint8_t)(1 << day);
	return 0;
}

static int
take_one(struct bk_when *w, const char *item)
{
	int day = weekday(item);
	char *end;
	long n;
	size_t i;

	if (day != -1) {
		for (i = 0; i < 5; i++)
			w->nth[i] |= (uint8_t)(1 << day);
		return 0;
	}
	if (!isdigit((unsigned char)*item))
		return -1;
	n = strtol(item, &end, 10);
	if (*end != '\0' || n < 1 || n > 31)
		return -1;
	w->days |= UINT32_C(1) << n;
	return 0;
}

/* n bytes, with blanks around them. */
static int
take_item(struct bk_when *w, const char *s, size_t n)
{
	char item[ITEM_MAX], *second;

	for (; n > 0 && *s == ' '; n--)
		s++;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	if (n >= sizeof(item))
		return -1;
	memcpy(item, s, n);
	item[n] = '\0';
	if ((second = strchr(item, ' ')) == NULL)
		return take_one(w, item);
	*second++ = '\0';
	return take_two(w, item, second + strspn(second, " "));
}

int
bk_when_parse(const char *spec, const char *label, struct bk_when *w,
    struct bk_err *e)
{
	const char *item = spec;
	size_t n;

	*w = (struct bk_when){ .days = 0 };
	for (;; item += n + 1) {
		n = strcspn(item, ",");
		if (take_item(w, item, n) == -1)
			return bk_fail(e, BK_USAGE, "%s: '%.*s': a day is mon, "
			    "15, 'last day', 'first sun' or 'last fri'; "
			    "several with commas", label, (int)n, item);
		if (item[n] == '\0')
			return 0;
	}
}

static int
days_of_month(const struct tm *day)
{
	long year = day->tm_year + 1900L;
	unsigned month = (unsigned)day->tm_mon + 1;

	return (int)(bk_utctime_days(month == 12 ? year + 1 : year,
	    month == 12 ? 1 : month + 1, 1) - bk_utctime_days(year, month, 1));
}

int
bk_when_is(const struct bk_when *w, const struct tm *day)
{
	int left = days_of_month(day) - day->tm_mday;

	return (w->nth[(day->tm_mday - 1) / 7] >> day->tm_wday & 1) != 0 ||
	    (w->days >> day->tm_mday & 1) != 0 || (w->last_day && left == 0) ||
	    (left < 7 && (w->last >> day->tm_wday & 1) != 0);
}
