#include "s3/url.h"

#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

int
bk_s3_url_parse(const char *s, struct bk_s3_url *u, struct bk_err *e)
{
	static const char scheme[] = "s3://";
	const char *bucket = s + sizeof(scheme) - 1;
	size_t n;

	if (strncmp(s, scheme, sizeof(scheme) - 1) != 0)
		return bk_fail(e, BK_USAGE, "%s: not s3://BUCKET/KEY", s);
	n = strcspn(bucket, "/");
	if (n < 3 || n > 255 ||
	    strspn(bucket, LETTERS DIGITS ".-_") != n || bucket[0] == '.')
		return bk_fail(e, BK_USAGE, "%s: '%.*s' is not a bucket "
		    "name", s,
		    (int)n, bucket);
	*u = (struct bk_s3_url){
		.bucket = strndup(bucket, n),
		.key = strdup(bucket[n] == '/' ? bucket + n + 1 : ""),
	};
	if (u->bucket == NULL || u->key == NULL) {
		bk_s3_url_free(u);
		return bk_fail_memory(e);
	}
	return 0;
}

void
bk_s3_url_free(struct bk_s3_url *u)
{
	free(u->bucket);
	free(u->key);
	*u = (struct bk_s3_url){0};
}

int
bk_s3_escape(struct bk_buf *b, const char *s, int keep_slash,
    struct bk_err *e)
{
	static const char plain[] = LETTERS DIGITS "-._~/";
	size_t n;

	while (*s != '\0') {
		n = strspn(s, plain);
		if (!keep_slash && memchr(s, '/', n) != NULL)
			n = strcspn(s, "/");
		if (n > 0) {
			if (bk_buf_add(b, s, n, e) == -1)
				return -1;
			s += n;
			continue;
		}
		if (bk_buf_printf(b, e, "%%%02X", (unsigned char)*s++) == -1)
			return -1;
	}
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
bk_s3_unescape(char *s)
{
	char *to = s;
	int hi, lo;

	for (; *s != '\0'; s++) {
		if (*s == '+') {
			*to++ = ' ';
			continue;
		}
		if (*s != '%') {
			*to++ = *s;
			continue;
		}
		if ((hi = hex_digit(s[1])) == -1 ||
		    (lo = hex_digit(s[2])) == -1 || hi + lo == 0)
			return -1;
		*to++ = (char)(hi << 4 | lo);
		s += 2;
	}
	*to = '\0';
	return 0;
}
