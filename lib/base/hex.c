#include "base/hex.h"

void
bk_hex(const uint8_t *p, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
bk_hex_bytes(const char *s, size_t n, uint8_t *out)
{
	uint64_t byte;

	for (; n > 0; n--, s += 2) {
		if (bk_hex_number(s, 2, &byte) == -1)
			return -1;
		*out++ = (uint8_t)byte;
	}
	return 0;
}

int
bk_hex_number(const char *s, size_t n, uint64_t *v)
{
	uint64_t sum = 0;
	int d;

	for (; n > 0; n--) {
		if ((d = digit(*s++)) == -1)
			return -1;
		sum = sum << 4 | (uint64_t)d;
	}
	*v = sum;
	return 0;
}
