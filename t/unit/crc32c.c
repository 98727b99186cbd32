/* CRC-32C: the examples of RFC 3720 B.4, and pieces of every length. */
#include <stdlib.h>

#include "base/crc32c.h"
#include "tap.h"

/* Bit by bit, as the polynomial is defined. */
static uint32_t
slowly(uint32_t crc, const uint8_t *p, size_t n)
{
	int i;

	for (crc = ~crc; n > 0; n--)
		for (crc ^= *p++, i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	return ~crc;
}

static void
test_rfc3720(void)
{
	static const uint8_t read10[48] = { 0x01, 0xc0, [16] = 0x14,
	    [22] = 0x04, [27] = 0x14, [31] = 0x18, 0x28, [40] = 0x02 };
	uint8_t p[32] = {0};
	int i;

	is_int(bk_crc32c(0, p, 0), 0, "of nothing");
	is_int(bk_crc32c(0, p, 32), 0x8a9136aa, "32 zeros");
	memset(p, 0xff, sizeof(p));
	is_int(bk_crc32c(0, p, 32), 0x62a8ab43, "32 ones");
	for (i = 0; i < 32; i++)
		p[i] = (uint8_t)i;
	is_int(bk_crc32c(0, p, 32), 0x46dd794e, "0 to 31");
	for (i = 0; i < 32; i++)
		p[i] = (uint8_t)(31 - i);
	is_int(bk_crc32c(0, p, 32), 0x113fdb5c, "31 to 0");
	is_int(bk_crc32c(0, read10, 48), 0xd9963a56, "an iSCSI Read (10)");
	is_int(bk_crc32c(0, "123456789", 9), 0xe3069283, "123456789");
}

/* Every length and offset up to a few blocks of what the processor takes. */
static void
test_pieces(void)
{
	size_t size = 9000, at, n, bad = 0, split = 0;
	uint8_t *p = malloc(size);
	uint32_t x = 1;

	for (at = 0; at < size; at++)
		p[at] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
	for (at = 0; at < 16; at++)
		for (n = 0; n < 600; n++)
			bad += bk_crc32c(x, p + at, n) != slowly(x, p + at, n);
	is_int((intmax_t)bad, 0, "every length at every alignment");
	x = slowly(0, p, size);
	for (n = 0; n <= size; n += 7)
		split += bk_crc32c(bk_crc32c(0, p, n), p + n, size - n) != x;
	is_int((intmax_t)split, 0, "in two pieces, wherever it is cut");
	free(p);
}

int
main(void)
{
	test_rfc3720();
	test_pieces();
	return tap_done();
}
