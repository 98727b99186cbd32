/* JSON text that we write: strings, members, where a comma stands. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "json/json_write.h"
#include "starve.h"
#include "tap.h"

static const char *
json(const char *s)
{
	static char text[256];
	struct bk_buf b = {0};
	struct bk_err e = {0};

	text[0] = '\0';
	if (bk_json_string(&b, s, &e) == 0)
		(void)snprintf(text, sizeof(text), "%s", b.data);
	bk_buf_free(&b);
	return text;
}

static void
test_json(void)
{
	char s[2] = "";
	int c, escaped, bad = 0;

	is_str(json(""), "\"\"", "empty");
	is_str(json("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"", "quotes, backslashes");
	is_str(json("1\n2\t3\r4\b"), "\"1\\n2\\t3\\u000d4\\u0008\"", "control");
	is_str(json("ü€😀"), "\"ü€😀\"", "UTF-8 stays");
	is_str(json("a\xff" "b\xc3"), "\"a\\ufffdb\\ufffd\"", "what is none");
	for (c = 1; c < 256; c++) {
		s[0] = (char)c;
		escaped = c >= 0x80 || c == 0x7f || (c < 0x20 && c != '\n' &&
		    c != '\t');
		bad += strlen(json(s)) != (escaped ? 8 :
		    strchr("\"\\\n\t", c) != NULL ? 4 : 3);
	}
	is_int(bad, 0, "each byte is as it is, or escaped");
}

static int
write_all(struct bk_buf *b, struct bk_err *e)
{
	if (bk_buf_puts(b, "{", e) == -1 ||
	    bk_json_member(b, "a", "x\"y", e) == -1 ||
	    bk_json_member(b, "b", "", e) == -1 ||
	    bk_json_member(b, "c", NULL, e) == -1 ||
	    bk_json_member(b, "d", "{", e) == -1 ||
	    bk_json_number(b, "e", UINT64_MAX, e) == -1 ||
	    bk_json_seconds(b, "f", 1.2345, e) == -1 ||
	    bk_json_time(b, "g", 1, e) == -1 ||
	    bk_json_time(b, "h", 0, e) == -1 ||
	    bk_json_key(b, "i", e) == -1 || bk_buf_puts(b, "{", e) == -1 ||
	    bk_json_number(b, "j", 0, e) == -1)
		return -1;
	return bk_buf_puts(b, "}}", e);
}

static void
test_members(void)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	is_int(write_all(&b, &e), 0, "members");
	is_str(b.data, "{\"a\":\"x\\\"y\",\"b\":null,\"c\":null,"
	    "\"d\":\"{\",\"e\":18446744073709551615,\"f\":1.234,"
	    "\"g\":\"1970-01-01T00:00:01Z\",\"h\":null,\"i\":{\"j\":0}}",
	    "a comma before each but the first of an object");
	bk_buf_free(&b);
	is_int(bk_json_member(&b, "a", "b", &e), 0, "one to be appended");
	is_str(b.data, ",\"a\":\"b\"", "has its comma");
	bk_buf_free(&b);
}

static int
fill(void *arg, struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = write_all(&b, e);

	(void)arg;
	bk_buf_free(&b);
	return rc;
}

int
main(void)
{
	test_json();
	test_members();
	starve("each addition may fail", STARVE_MEMORY, fill, NULL);
	return tap_done();
}
