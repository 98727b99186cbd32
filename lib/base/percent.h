#ifndef BK_BASE_PERCENT_H
#define BK_BASE_PERCENT_H
/* Percent-encoding, as in URLs: a byte that is not allowed becomes %XX. */
#include "base/buf.h"
#include "base/err.h"

/* Append s, encoding every byte for which plain() is 0. */
int bk_percent_encode(struct bk_buf *b, const char *s,
    int (*plain)(unsigned char c), struct bk_err *e);

/* The same, into out, of size bytes with its NUL; -1 if that is too little. */
int bk_percent_fit(char *out, size_t size, const char *s,
    int (*plain)(unsigned char c));

/*
 * Decode s in place.  0, or -1 if a % is not followed by two hex digits, or is
 * %00.
 */
int bk_percent_decode(char *s);

#endif
