#include "json/json_write.h"

#include <inttypes.h>

#include "base/utctime.h"
#include "base/utf8.h"

int
bk_json_string(struct bk_buf *b, const char *s, struct bk_err *e)
{
	size_t n, start = b->len;
	int rc = bk_buf_add(b, "\"", 1, e);

	for (; rc == 0 && *s != '\0'; s += n) {
		unsigned char c = (unsigned char)*s;

		n = bk_utf8_len(s);
		if (n == 0) {
			n = 1;
			rc = bk_buf_puts(b, "\\ufffd", e);
		} else if (c == '"' || c == '\\')
			rc = bk_buf_printf(b, e, "\\%c", c);
		else if (c == '\n')
			rc = bk_buf_puts(b, "\\n", e);
		else if (c == '\t')
			rc = bk_buf_puts(b, "\\t", e);
		else if (c < 0x20 || c == 0x7f)
			rc = bk_buf_printf(b, e, "\\u%04x", c);
		else
			rc = bk_buf_add(b, s, n, e);
	}
	if (rc == 0)
		rc = bk_buf_add(b, "\"", 1, e);
	if (rc == -1 && b->data != NULL)
		b->data[b->len = start] = '\0';
	return rc;
}

int
bk_json_key(struct bk_buf *b, const char *key, struct bk_err *e)
{
	int first = b->len > 0 && b->data[b->len - 1] == '{';

	return bk_buf_printf(b, e, "%s\"%s\":", first ? "" : ",", key);
}

int
bk_json_member(struct bk_buf *b, const char *key, const char *value,
    struct bk_err *e)
{
	if (bk_json_key(b, key, e) == -1)
		return -1;
	return value == NULL || *value == '\0' ? bk_buf_puts(b, "null", e) :
	    bk_json_string(b, value, e);
}

int
bk_json_number(struct bk_buf *b, const char *key, uint64_t value,
    struct bk_err *e)
{
	return bk_json_key(b, key, e) == -1 ? -1 :
	    bk_buf_printf(b, e, "%" PRIu64, value);
}

int
bk_json_seconds(struct bk_buf *b, const char *key, double seconds,
    struct bk_err *e)
{
	return bk_json_key(b, key, e) == -1 ? -1 :
	    bk_buf_printf(b, e, "%.3f", seconds);
}

int
bk_json_time(struct bk_buf *b, const char *key, time_t t, struct bk_err *e)
{
	char text[BK_UTCTIME_TEXT] = "";

	if (t != 0)
		bk_utctime_format(t, text);
	return bk_json_member(b, key, text, e);
}
