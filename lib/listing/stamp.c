#include "listing/stamp.h"

#include <string.h>

#include "base/utctime.h"

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 1 if n digits stand at s. */
static int
digits(const char *s, size_t n)
{
	while (n > 0 && is_digit(*s)) {
		s++;
		n--;
	}
	return n == 0;
}

size_t
bk_stamp_utc(const char *s, time_t *t)
{
	const size_t n = strlen("20261121T052719Z");
	char text[] = "0000-00-00T00:00:00Z";

	/* a leap second would be the next minute's first */
	if (!digits(s, 8) || s[8] != 'T' || !digits(s + 9, 6) || s[15] != 'Z' ||
	    s[13] > '5')
		return 0;
	memcpy(text, s, 4);
	memcpy(text + 5, s + 4, 2);
	memcpy(text + 8, s + 6, 2);
	memcpy(text + 11, s + 9, 2);
	memcpy(text + 14, s + 11, 2);
	memcpy(text + 17, s + 13, 2);
	return bk_utctime_parse(text, sizeof(text) - 1, t) == 0 ? n : 0;
}

size_t
bk_stamp_date(const char *s, time_t *t)
{
	const size_t n = strlen("2026-11-21");

	if (!digits(s, 4) || s[4] != '-' || !digits(s + 5, 2) || s[7] != '-' ||
	    !digits(s + 8, 2))
		return 0;
	return bk_utctime_parse(s, n, t) == 0 ? n : 0;
}

/* The last "052719" in s, NULL: none; *seconds after midnight. */
static const char *
last_time(const char *s, time_t *seconds)
{
	const char *found = NULL;
	int h, m, sec;

	for (; *s != '\0'; s += strcspn(s, "0123456789")) {
		if (strspn(s, "0123456789") == 6) {
			h = (s[0] - '0') * 10 + s[1] - '0';
			m = (s[2] - '0') * 10 + s[3] - '0';
			sec = (s[4] - '0') * 10 + s[5] - '0';
			if (h < 24 && m < 60 && sec < 60) {
				*seconds = h * 3600 + m * 60 + sec;
				found = s;
			}
		}
		s += strspn(s, "0123456789");
	}
	return found;
}

/* The last date that is followed by a time of day. */
static int
find_date_and_time(const char *name, struct bk_stamp *found)
{
	const char *s, *clock;
	time_t date, seconds = 0;
	size_t n;

	for (s = name + strlen(name); s-- > name; ) {
		if (!is_digit(*s) || (s > name && is_digit(s[-1])) ||
		    (n = bk_stamp_date(s, &date)) == 0 ||
		    (clock = last_time(s + n, &seconds)) == NULL ||
		    (is_digit(s[n]) && clock != s + n))
			continue;
		*found = (struct bk_stamp){ .time = date + seconds,
		    .at = (size_t)(s - name), .len = n,
		    .time_at = (size_t)(clock - name), .time_len = 6 };
		return 1;
	}
	return 0;
}

int
bk_stamp_find(const char *name, struct bk_stamp *found)
{
	const char *s;
	time_t t;
	size_t n;

	for (s = name + strlen(name); s-- > name; ) {
		if ((s > name && is_digit(s[-1])) ||
		    (n = bk_stamp_utc(s, &t)) == 0)
			continue;
		*found = (struct bk_stamp){ .time = t,
		    .at = (size_t)(s - name), .len = n };
		return 1;
	}
	return find_date_and_time(name, found);
}
