/* Base64 and bech32: one text per value, everything else is refused. */
#include "base/base64.h"
#include "crypt/bech32.h"
#include "tap.h"

static void
base64(void)
{
	/* RFC 4648, section 10, without its padding */
	static const char *const text[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg",
	    "Zm9vYmE", "Zm9vYmFy" };
	static const char *const bad[] = { "Z", "Zh", "Zm9", "Zm9v\n", "Zm9v ",
	    "Zg==", "Z-9v", "Z_9v", "Zm9vY", "\xc3\xa9mm", "Zm\r8" };
	uint8_t bytes[32];
	char out[32];
	size_t i;

	for (i = 0; i < 7; i++) {
		bk_base64_encode(out, (const uint8_t *)"foobar", i);
		is_str(out, text[i], "RFC 4648's vector encodes");
		is_int((intmax_t)strlen(out), (intmax_t)BK_BASE64_LEN(i),
		    "to as many characters as promised");
		ok(bk_base64_decode(bytes, text[i], strlen(text[i])) ==
		    (ssize_t)i && memcmp(bytes, "foobar", i) == 0,
		    "and decodes");
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(bk_base64_decode(bytes, bad[i], strlen(bad[i])), -1,
		    "not canonical: refused");
	is_int(bk_base64_decode(bytes, "Zg\0v", 4), -1, "a NUL byte: refused");
}

static void
bech32_vectors(void)
{
	/* from the age specification and BIP 173 */
	static const char age[] =
	    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
	uint8_t data[BK_BECH32_DATA];
	char text[BK_BECH32_TEXT];

	is_int(bk_bech32_decode(data, "age", age), 32, "a known recipient");
	bk_bech32_encode(text, "age", data, 32);
	is_str(text, age, "comes back");
	is_int(bk_bech32_decode(data, "A", "A12UEL5L"), 0,
	    "BIP 173: the empty string, upper case");
	is_int(bk_bech32_decode(data, "a", "a12uel5l"), 0, "lower case");
	is_int(bk_bech32_decode(data, "A", "a12uel5l"), -1,
	    "the prefix in the wrong case");
	is_int(bk_bech32_decode(data, "a", "a12UEL5L"), -1, "mixed case");
	is_int(bk_bech32_decode(data, "ag", age), -1, "another prefix");
	is_int(bk_bech32_decode(data, "age", "age1"), -1, "nothing behind it");
	is_int(bk_bech32_decode(data, "age", ""), -1, "nothing at all");
}

/* A letter changed, two neighbours swapped, one lost: all are detected. */
static void
bech32_typos(void)
{
	static const char letters[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint8_t data[BK_BECH32_DATA], back[BK_BECH32_DATA];
	char good[BK_BECH32_TEXT], text[BK_BECH32_TEXT];
	size_t i, l, n, missed = 0;

	for (i = 0; i < 32; i++)
		data[i] = (uint8_t)(i * 37 + 5);
	bk_bech32_encode(good, "age", data, 32);
	for (i = 0; good[i] != '\0'; i++) {
		for (l = 0; l < 32; l++) {
			memcpy(text, good, sizeof(text));
			text[i] = letters[l];
			if (text[i] != good[i] &&
			    bk_bech32_decode(back, "age", text) != -1)
				missed++;
		}
		memcpy(text, good, sizeof(text));
		text[i] = good[i + 1];
		text[i + 1] = good[i];
		if (good[i + 1] != '\0' && text[i] != good[i] &&
		    bk_bech32_decode(back, "age", text) != -1)
			missed++;
		memmove(text + i, good + i + 1, strlen(good) - i);
		if (bk_bech32_decode(back, "age", text) == 32)
			missed++;
	}
	is_int((intmax_t)missed, 0, "every typing error of one letter");
	for (n = 0; n <= BK_BECH32_DATA; n++) {
		bk_bech32_encode(text, "BK-SHARE-", data, n % 33);
		missed += bk_bech32_decode(back, "BK-SHARE-", text) !=
		    (ssize_t)(n % 33) || memcmp(back, data, n % 33) != 0;
	}
	is_int((intmax_t)missed, 0, "every length there and back");
}

int
main(void)
{
	base64();
	bech32_vectors();
	bech32_typos();
	return tap_done();
}
