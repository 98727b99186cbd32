/* Percent-encoding: encoded, decoded, refused. */
#include "base/percent.h"
#include "tap.h"

static int
is_letter(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

static int
decodes(const char *s, const char *want)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%s", s);
	return bk_percent_decode(text) == 0 && strcmp(text, want) == 0;
}

int
main(void)
{
	static const char *const bad[] = { "%", "a%4", "%g0", "%0g", "%00",
	    "%-1", "% 1", "%%41" };
	struct bk_buf b = {0}, all = {0};
	struct bk_err e = {0};
	char text[8];
	size_t i;

	is_int(bk_percent_encode(&b, "", is_letter, &e), 0, "nothing");
	is_int((intmax_t)b.len, 0, "stays nothing");
	bk_percent_encode(&b, "a/Z%\xc3\xa9\x01z", is_letter, &e);
	is_str(b.data, "a%2F%5A%25%C3%A9%01z", "what is not plain is encoded");
	for (i = 1; i < 256; i++)
		bk_buf_add(&all, &(char){ (char)i }, 1, &e);
	b.len = 0;
	bk_percent_encode(&b, all.data, is_letter, &e);
	ok(bk_percent_decode(b.data) == 0 && strcmp(b.data, all.data) == 0,
	    "every byte there and back");
	ok(bk_percent_fit(text, 5, "a/", is_letter) == 0 &&
	    strcmp(text, "a%2F") == 0, "what just fits");
	is_int(bk_percent_fit(text, 4, "a/", is_letter), -1, "does not fit");
	is_int(bk_percent_fit(text, 1, "", is_letter), 0, "nothing fits");
	is_int(bk_percent_fit(text, 1, "a", is_letter), -1, "in one byte");
	ok(decodes("a%2fb%2Fc", "a/b/c"), "digits of either case");
	ok(decodes("a+b", "a+b"), "a plus is a plus");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(bk_percent_decode(strcpy((char[8]){ 0 }, bad[i])), -1,
		    bad[i]);
	bk_buf_free(&b);
	bk_buf_free(&all);
	return tap_done();
}
