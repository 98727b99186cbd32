#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

int
bk_buf_reserve(struct bk_buf *b, size_t extra, struct bk_err *e)
{
	size_t need, cap = b->cap < 128 ? 128 : b->cap;
	char *p;

	if (__builtin_add_overflow(b->len, extra, &need) ||
	    __builtin_add_overflow(need, 1, &need))
		return bk_fail_memory(e);
	if (need <= b->cap)
		return 0;
	while (cap < need)
		if (__builtin_mul_overflow(cap, 2, &cap))
			return bk_fail_memory(e);
	/* not realloc: it might leave a secret behind */
	if ((p = malloc(cap)) == NULL)
		return bk_fail_memory(e);
	if (b->len > 0)
		memcpy(p, b->data, b->len);
	p[b->len] = '\0';
	bk_wipe(b->data, b->len);
	free(b->data);
	b->data = p;
	b->cap = cap;
	return 0;
}

int
bk_buf_add(struct bk_buf *b, const void *p, size_t n, struct bk_err *e)
{
	if (bk_buf_reserve(b, n, e) == -1)
		return -1;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int
bk_buf_puts(struct bk_buf *b, const char *s, struct bk_err *e)
{
	return bk_buf_add(b, s, strlen(s), e);
}

int
bk_buf_printf(struct bk_buf *b, struct bk_err *e, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return bk_fail_errno(e, "formatting a message");
	if (bk_buf_reserve(b, (size_t)n, e) == -1)
		return -1;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

int
bk_buf_json(struct bk_buf *b, const char *s, struct bk_err *e)
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
bk_buf_json_member(struct bk_buf *b, const char *key, const char *value,
    struct bk_err *e)
{
	if (bk_buf_printf(b, e, ",\"%s\":", key) == -1)
		return -1;
	return value == NULL || *value == '\0' ? bk_buf_puts(b, "null", e) :
	    bk_buf_json(b, value, e);
}

void
bk_wipe(void *p, size_t n)
{
	static void *(*const volatile set)(void *, int, size_t) = memset;

	if (p != NULL && n > 0)
		set(p, 0, n);
}

void
bk_buf_free(struct bk_buf *b)
{
	bk_wipe(b->data, b->len);
	free(b->data);
	*b = (struct bk_buf){0};
}
