#ifndef BK_BASE_BASE64_H
#define BK_BASE_BASE64_H
/*
 * Strict base64, as in age (RFC 4648, section 4, standard alphabet): exactly
 * one text per byte string.  Unused bits of the last character must be zero,
 * and only the alphabet is accepted, no line ends or blanks.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

/* Length of the text of n bytes, without padding and NUL. */
#define BK_BASE64_LEN(n) (((n) * 4 + 2) / 3)

/* Write the text of n bytes, without padding, and a NUL to out. */
void bk_base64_encode(char *out, const uint8_t *p, size_t n);

/*
 * Decode n characters without padding; out has room for n / 4 * 3 + 2 bytes.
 * Returns the number of bytes, -1 if the text is not canonical.
 */
ssize_t bk_base64_decode(uint8_t *out, const char *s, size_t n);

#endif
