#include "archive/crc32c.h"

#include <pthread.h>

#define POLYNOMIAL 0x82f63b78u	/* bits reversed */

/* Slicing by 8; table[k][b]: the CRC of byte b followed by k zero bytes. */
static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill(void)
{
	uint32_t b, c;
	int i;

	for (b = 0; b < 256; b++) {
		for (c = b, i = 0; i < 8; i++)
			c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
		table[0][b] = c;
	}
	for (b = 0; b < 256; b++)
		for (i = 1; i < 8; i++)
			table[i][b] = table[i - 1][b] >> 8 ^
			    table[0][table[i - 1][b] & 0xff];
}

uint32_t
bk_crc32c(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t c = ~crc;

	(void)pthread_once(&once, fill);
	for (; n >= 8; n -= 8, p += 8) {
		c ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 |
		    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
		c = table[7][c & 0xff] ^ table[6][c >> 8 & 0xff] ^
		    table[5][c >> 16 & 0xff] ^ table[4][c >> 24] ^
		    table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
		    table[0][p[7]];
	}
	for (; n > 0; n--, p++)
		c = c >> 8 ^ table[0][(c ^ *p) & 0xff];
	return ~c;
}
