#include "base/percent.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

#define CODE 4			/* "%2F" and a NUL */

static void
encode(char code[CODE], char c, int (*plain)(unsigned char c))
{
	(void)snprintf(code, CODE, plain((unsigned char)c) ? "%c" : "%%%02X",
	    (unsigned char)c);
}

int
bk_percent_encode(struct bk_buf *b, const char *s,
    int (*plain)(unsigned char c), struct bk_err *e)
{
	char code[CODE];
	int rc = 0;

	for (; rc == 0 && *s != '\0'; s++) {
		encode(code, *s, plain);
		rc = bk_buf_puts(b, code, e);
	}
	return rc;
}

int
bk_percent_fit(char *out, size_t size, const char *s,
    int (*plain)(unsigned char c))
{
	char code[CODE];
	size_t n;

	for (; *s != '\0'; s++) {
		encode(code, *s, plain);
		if ((n = strlen(code)) >= size)
			return -1;
		memcpy(out, code, n);
		out += n;
		size -= n;
	}
	*out = '\0';
	return 0;
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
