#include "base/utf8.h"

#include <string.h>

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t
bk_utf8_len(const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (s[1] < lo || s[1] > hi)
		return 0;
	for (i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

int
bk_utf8_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t
bk_utf8_cut(const char *s, size_t n)
{
	while (n > 0 && bk_utf8_inside(s[n]))
		n--;
	return n;
}

/* In UTF-8, so in the order of strcmp(3): ranges of what is not seen. */
static const struct { const char *first, *last; } hidden[] = {
	{ "\u00ad", "\u00ad" }, { "\u034f", "\u034f" },
	{ "\u061c", "\u061c" }, { "\u115f", "\u1160" },
	{ "\u17b4", "\u17b5" }, { "\u180b", "\u180f" },
	{ "\u200b", "\u200f" }, { "\u2028", "\u202e" },
	{ "\u2060", "\u206f" }, { "\u3164", "\u3164" },
	{ "\ufe00", "\ufe0f" }, { "\ufeff", "\ufeff" },
	{ "\uffa0", "\uffa0" }, { "\ufff0", "\ufffb" },
	{ "\xef\xbf\xbe", "\xef\xbf\xbf" },
	{ "\U0001bca0", "\U0001bca3" }, { "\U0001d173", "\U0001d17a" },
	{ "\U000e0000", "\U000e0fff" },
};

size_t
bk_utf8_hidden(const char *s)
{
	size_t n, i;

	if ((unsigned char)*s < 0x20 || *s == 0x7f)
		return 1;
	if ((unsigned char)*s < 0x80)
		return 0;
	if ((n = bk_utf8_len(s)) == 0)
		return 1;
	if (*s == '\xc2' && (unsigned char)s[1] < 0xa0)
		return 2;
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (strncmp(s, hidden[i].first, n) >= 0 &&
		    strncmp(s, hidden[i].last, n) <= 0)
			return n;
	return 0;
}

void
bk_utf8_clean(char *s, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i += len) {
		if (s[i] == '\n' || s[i] == '\t') {
			s[i] = ' ';
			len = 1;
		} else if ((len = bk_utf8_hidden(s + i)) > 0) {
			len = len < n - i ? len : n - i;
			memset(s + i, '?', len);
		} else if ((len = bk_utf8_len(s + i)) > n - i) {
			/* cut in the middle */
			len = n - i;
			memset(s + i, '?', len);
		}
	}
}
