#ifndef BK_BASE_BASE64_H
#define BK_BASE_BASE64_H
/*
 * Base64 as age has it (RFC 4648, section 4, standard alphabet), strictly: one
 * text for one byte string.  Bits that a last character has to spare must be
 * zero, and nothing but the alphabet is taken, no line end and no blank.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

/* Characters, without padding and NUL, that n bytes become. */
#define BK_BASE64_LEN(n) (((n) * 4 + 2) / 3)

/* Write the text of n bytes, without padding, and a NUL to out. */
void bk_base64_encode(char *out, const uint8_t *p, size_t n);

/*
 * Decode n characters without padding; out has room for n / 4 * 3 + 2 bytes.
 * Returns the number of bytes, -1 if the text is not canonical.
 */
ssize_t bk_base64_decode(uint8_t *out, const char *s, size_t n);

#endif
