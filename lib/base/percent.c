#include "base/percent.h"

#include "base/hex.h"

int
bk_percent_encode(struct bk_buf *b, const char *s,
    int (*plain)(unsigned char c), struct bk_err *e)
{
	int rc = 0;

	for (; rc == 0 && *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		rc = plain(c) ? bk_buf_add(b, s, 1, e) :
		    bk_buf_printf(b, e, "%%%02X", c);
	}
	return rc;
}

int
bk_percent_decode(char *s)
{
	char *to = s;
	uint8_t c;

	while (*s != '\0') {
		if (*s != '%') {
			*to++ = *s++;
			continue;
		}
		if (bk_hex_bytes(s + 1, 1, &c) == -1 || c == '\0')
			return -1;
		*to++ = (char)c;
		s += 3;
	}
	*to = '\0';
	return 0;
}
