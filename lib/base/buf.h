#ifndef BK_BASE_BUF_H
#define BK_BASE_BUF_H
/*
 * A byte string that grows: for lines, JSON text, requests, file contents.
 * Initialise it with = {0}; release it with bk_buf_free().  data[len] is always
 * '\0' once anything was added, so data is a C string if it holds no NUL.
 * Every function that adds returns 0, or -1 with *e set and the buffer
 * unchanged.
 */
#include <stdarg.h>
#include <stddef.h>

#include "base/err.h"

struct bk_buf {
	char *data;	/* NULL while empty */
	size_t len;
	size_t cap;
};

/* Reserve room for extra bytes after len (and a NUL). */
int bk_buf_reserve(struct bk_buf *b, size_t extra, struct bk_err *e);
int bk_buf_add(struct bk_buf *b, const void *p, size_t n, struct bk_err *e);
int bk_buf_puts(struct bk_buf *b, const char *s, struct bk_err *e);
int bk_buf_printf(struct bk_buf *b, struct bk_err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
int bk_buf_vprintf(struct bk_buf *b, struct bk_err *e, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

/* Wipe and free the contents; the struct is empty again. */
void bk_buf_free(struct bk_buf *b);

/*
 * Overwrite n bytes at p in a way that the compiler does not remove: for
 * secrets.
 */
void bk_wipe(void *p, size_t n);

#endif
