#include "base/crc32c.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

#ifdef BK_HAVE_ISAL
#include <isa-l.h>

/* ISA-L leaves the inversions to its caller, and reads a length as an int. */
uint32_t
bk_crc32c(uint32_t crc, const void *data, size_t n)
{
	unsigned char *p = (unsigned char *)(uintptr_t)data;
	uint32_t c = ~crc;
	int len;

	for (; n > 0; n -= (size_t)len, p += len) {
		len = n < INT_MAX ? (int)n : INT_MAX;
		c = crc32_iscsi(p, len, c);
	}
	return ~c;
}

#else

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

static uint32_t
by_table(uint32_t c, const uint8_t *p, size_t n)
{
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
	return c;
}

#if defined(__x86_64__) && defined(__GNUC__)

#define CAN_COMPUTE() __builtin_cpu_supports("sse4.2")
#define STEP8(c, v) (uint32_t)__builtin_ia32_crc32di((c), (v))
#define STEP1(c, v) __builtin_ia32_crc32qi((c), (v))
#define TARGET __attribute__((target("sse4.2")))

#elif defined(__AARCH64EL__) && defined(__linux__) && defined(__GNUC__)

#include <sys/auxv.h>

/* What every arm64 server has, but not armv8-a, which compilers assume. */
#define CAN_COMPUTE() ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0)
#define STEP8(c, v) step8((c), (v))
#define STEP1(c, v) step1((c), (v))
#define TARGET

/* Not by arm_acle.h: in clang's the names depend on the compiler's options. */
static inline uint32_t
step8(uint32_t c, uint64_t v)
{
	__asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1"
	    : "+r"(c) : "r"(v));
	return c;
}

static inline uint32_t
step1(uint32_t c, uint8_t v)
{
	__asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1"
	    : "+r"(c) : "r"((uint32_t)v));
	return c;
}

#endif

#ifdef STEP8
/* The processor's own instruction. */
TARGET static uint32_t
by_instruction(uint32_t c, const uint8_t *p, size_t n)
{
	uint64_t v;

	for (; n >= sizeof(v); n -= sizeof(v), p += sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		c = STEP8(c, v);
	}
	for (; n > 0; n--, p++)
		c = STEP1(c, *p);
	return c;
}
#endif

uint32_t
bk_crc32c(uint32_t crc, const void *data, size_t n)
{
#ifdef STEP8
	if (CAN_COMPUTE())
		return ~by_instruction(~crc, data, n);
#endif
	return ~by_table(~crc, data, n);
}

#endif
