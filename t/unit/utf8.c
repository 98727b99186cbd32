/* UTF-8: valid and invalid sequences, where to cut, what to clean. */
#include "base/utf8.h"
#include "tap.h"

/* Decode by hand: the length of a legal sequence at s, or 0. */
static size_t
utf8_model(const unsigned char *s)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 :
	    s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0, i;
	unsigned v = n <= 1 ? s[0] : s[0] & (0x7fu >> n);

	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3f);
	}
	if (n > 1 && (v < least[n] || v > 0x10ffff ||
	    (v >= 0xd800 && v <= 0xdfff)))
		return 0;
	return n;
}

static void
lengths(void)
{
	unsigned char s[5] = "";
	unsigned v;
	int bad = 0;

	/* all first three bytes, with a good, a bad and no fourth */
	for (v = 0; v < 1u << 24; v++) {
		s[0] = (unsigned char)(v >> 16);
		s[1] = (unsigned char)(v >> 8);
		s[2] = (unsigned char)v;
		s[3] = v % 3 == 0 ? 0x80 : v % 3 == 1 ? 0xc0 : 0;
		bad += bk_utf8_len((const char *)s) != utf8_model(s);
	}
	is_int(bad, 0, "RFC 3629, by every three bytes");
}

static void
cuts(void)
{
	static const char s[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
	size_t n;

	for (n = 0; n < sizeof(want) / sizeof(want[0]); n++)
		is_int((intmax_t)bk_utf8_cut(s, n), (intmax_t)want[n], "a cut");
	is_int((intmax_t)bk_utf8_cut("\x80\x80\x80", 2), 0,
	    "nothing but insides");
}

static void
hidden(void)
{
	static const char *const plain[] = { "", "a", "\u00e9", "\u20ac",
	    "\u2027", "\u202f", "\u2010", "\U0001f600", "\ufffd" };
	static const char *const not[] = { "\u061c", "\u200b", "\u200f",
	    "\u2028", "\u202e", "\u2066", "\ufeff", "\ufffb",
	    "\U000e0001", "\xf4\x90\x80\x80", "\xed\xa0\x80" };
	size_t i;

	for (i = 1; i < sizeof(plain) / sizeof(plain[0]); i++)
		is_int((intmax_t)bk_utf8_hidden(plain[i]), 0, plain[i]);
	for (i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		is_int((intmax_t)bk_utf8_hidden(not[i]), i < 9 ?
		    (intmax_t)strlen(not[i]) : 1, "not seen");
}

static void
controls(void)
{
	int c, bad = 0;
	char s[3] = "";
	char all[] = "a\tb\nc\x1b\x7f" "d\xc2\x9b" "e\xc2\xa0\xc2\x9b";

	for (c = 0; c < 256; c++) {
		s[0] = (char)c;
		s[1] = '\0';
		bad += bk_utf8_hidden(s) != (c < 0x20 || c >= 0x7f);
		s[0] = '\xc2';
		s[1] = (char)c;
		bad += bk_utf8_hidden(s) != (c < 0x80 || c > 0xbf ? 1 :
		    c < 0xa0 || c == 0xad ? 2 : 0);
	}
	is_int(bad, 0, "controls of one byte and of two");
	/* the last one is cut by the end of the range to clean */
	bk_utf8_clean(all, strlen(all) - 1);
	is_str(all, "a b c??d??e\xc2\xa0?\x9b", "cleaned");
	(void)strcpy(all, "a\x9b" "b\u202e\u20ac");
	bk_utf8_clean(all, strlen(all) - 1);
	is_str(all, "a?b?????\xac", "no raw byte, nor other direction");
}

int
main(void)
{
	lengths();
	cuts();
	hidden();
	controls();
	return tap_done();
}
