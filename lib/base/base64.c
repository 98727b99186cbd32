#include "base/base64.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
bk_base64_encode(char *out, const uint8_t *p, size_t n)
{
	uint32_t bits = 0;
	int have = 0;

	while (n-- > 0) {
		bits = bits << 8 | *p++;
		for (have += 8; have >= 6; have -= 6)
			*out++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		*out++ = alphabet[bits << (6 - have) & 63];
	*out = '\0';
}

static int
value(char c)
{
	const char *p = c == '\0' ? NULL : strchr(alphabet, c);

	return p == NULL ? -1 : (int)(p - alphabet);
}

ssize_t
bk_base64_decode(uint8_t *out, const char *s, size_t n)
{
	uint32_t bits = 0;
	int have = 0, v;
	size_t i;
	uint8_t *p = out;

	for (i = 0; i < n; i++) {
		if ((v = value(s[i])) == -1)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*p++ = (uint8_t)(bits >> have);
		}
	}
	/* 6 bits left over: half a byte is missing; else they must be 0 */
	if (have == 6 || (bits & ((1U << have) - 1)) != 0)
		return -1;
	return p - out;
}
