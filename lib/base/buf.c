#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	/* not realloc: it might leave a copy of a secret */
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
bk_buf_vprintf(struct bk_buf *b, struct bk_err *e, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return bk_fail_errno(e, "formatting a message");
	if (bk_buf_reserve(b, (size_t)n, e) == -1)
		return -1;
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int
bk_buf_printf(struct bk_buf *b, struct bk_err *e, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = bk_buf_vprintf(b, e, fmt, ap);
	va_end(ap);
	return rc;
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
