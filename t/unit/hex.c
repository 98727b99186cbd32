/* Hex: encoded, decoded, refused. */
#include "base/hex.h"
#include "tap.h"

static void
bytes(void)
{
	uint8_t all[256], got[256], one = 7;
	char text[513];
	int i;

	for (i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	bk_hex(all, sizeof(all), text);
	ok(strncmp(text, "000102", 6) == 0 && strcmp(text + 506, "fdfeff") == 0,
	    "digits in lower case");
	ok(bk_hex_bytes(text, sizeof(got), got) == 0 &&
	    memcmp(all, got, sizeof(all)) == 0, "every byte there and back");
	ok(bk_hex_bytes("Ff", 1, &one) == 0 && one == 0xff, "either case");
	for (i = 0; i < 256; i++) {
		text[0] = (char)i;
		text[1] = '0';
		if ((bk_hex_bytes(text, 1, &one) == 0) != (i != 0 && strchr(
		    "0123456789abcdefABCDEF", i) != NULL))
			ok(0, "digit %d", i);
	}
	is_int(bk_hex_bytes("1", 1, &one), -1, "half a byte");
	is_int(bk_hex_bytes("", 0, &one), 0, "no byte");
}

static void
numbers(void)
{
	uint64_t v = 7;

	ok(bk_hex_number("fFfFffffffffffff0", 16, &v) == 0 && v == UINT64_MAX,
	    "sixteen digits");
	ok(bk_hex_number("0000001b", 8, &v) == 0 && v == 27, "eight digits");
	ok(bk_hex_number("1bx", 2, &v) == 0 && v == 27, "what follows");
	ok(bk_hex_number("1b", 3, &v) == -1 && v == 27, "too few");
	ok(bk_hex_number("-1", 2, &v) == -1 && bk_hex_number("0x", 2, &v) == -1
	    && bk_hex_number(" 1", 2, &v) == -1, "digits only");
}

int
main(void)
{
	bytes();
	numbers();
	return tap_done();
}
