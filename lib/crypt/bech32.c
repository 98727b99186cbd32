#include "crypt/bech32.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

#define CHECK 6			/* letters of checksum */

static uint32_t
step(uint32_t c, uint32_t v)
{
	static const uint32_t g[5] = {
		0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3
	};
	uint32_t top = c >> 25;
	int i;

	c = (c & 0x1ffffff) << 5 ^ v;
	for (i = 0; i < 5; i++)
		c ^= g[i] & -(top >> i & 1);
	return c;
}

/* The checksum's state after the prefix. */
static uint32_t
begin(const char *prefix)
{
	uint32_t c = 1;
	const char *p;

	for (p = prefix; *p != '\0'; p++)
		c = step(c, (uint32_t)tolower((unsigned char)*p) >> 5);
	c = step(c, 0);
	for (p = prefix; *p != '\0'; p++)
		c = step(c, (uint32_t)tolower((unsigned char)*p) & 31);
	return c;
}

static char *
put(char *out, uint32_t *c, uint32_t v)
{
	*c = step(*c, v & 31);
	*out = letters[v & 31];
	return out + 1;
}

void
bk_bech32_encode(char out[BK_BECH32_TEXT], const char *prefix,
    const uint8_t *p, size_t n)
{
	uint32_t c = begin(prefix), bits = 0;
	char *o = out + strlen(prefix);
	int have = 0, i;

	memcpy(out, prefix, strlen(prefix));
	*o++ = '1';
	while (n-- > 0) {
		bits = bits << 8 | *p++;
		for (have += 8; have >= 5; have -= 5)
			o = put(o, &c, bits >> (have - 5));
	}
	if (have > 0)
		o = put(o, &c, bits << (5 - have));
	for (i = 0; i < CHECK; i++)
		c = step(c, 0);
	c ^= 1;
	for (i = CHECK - 1; i >= 0; i--)
		*o++ = letters[c >> 5 * i & 31];
	*o = '\0';
	if (isupper((unsigned char)prefix[0]))
		for (o = out; *o != '\0'; o++)
			*o = (char)toupper((unsigned char)*o);
	bk_wipe(&bits, sizeof(bits));
}

static int
value(char c, int upper)
{
	const char *p;

	if (c == '\0' || (upper ? islower((unsigned char)c)
	    : isupper((unsigned char)c)))
		return -1;
	p = strchr(letters, tolower((unsigned char)c));
	return p == NULL ? -1 : (int)(p - letters);
}

ssize_t
bk_bech32_decode(uint8_t out[BK_BECH32_DATA], const char *prefix,
    const char *text)
{
	size_t len = strlen(prefix), n, i;
	uint32_t c = begin(prefix), bits = 0;
	int have = 0, v, upper = isupper((unsigned char)prefix[0]);
	uint8_t *p = out;

	if (strncmp(text, prefix, len) != 0 || text[len] != '1')
		return -1;
	text += len + 1;
	n = strlen(text);
	if (n < CHECK || (n - CHECK) * 5 / 8 > BK_BECH32_DATA)
		return -1;
	for (i = 0; i < n; i++) {
		if ((v = value(text[i], upper)) == -1)
			return -1;
		c = step(c, (uint32_t)v);
		if (i >= n - CHECK)
			continue;
		bits = bits << 5 | (uint32_t)v;
		have += 5;
		if (have >= 8) {
			have -= 8;
			*p++ = (uint8_t)(bits >> have);
		}
	}
	if (c != 1 || have >= 5 || (bits & ((1U << have) - 1)) != 0)
		return -1;
	return p - out;
}
