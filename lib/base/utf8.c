#include "base/utf8.h"

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

size_t
bk_utf8_control(const char *s)
{
	if ((unsigned char)*s < 0x20 || *s == 0x7f)
		return 1;
	return *s == '\xc2' && (unsigned char)s[1] - 0x80U < 0x20 ? 2 : 0;
}

void
bk_utf8_clean(char *s, size_t n)
{
	size_t i, len;

	for (i = 0; i < n; i++) {
		if (s[i] == '\n' || s[i] == '\t') {
			s[i] = ' ';
		} else if ((len = bk_utf8_control(s + i)) > 0) {
			s[i] = '?';
			if (len == 2 && i + 1 < n)
				s[++i] = '?';
		}
	}
}
