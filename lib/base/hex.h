#ifndef BK_BASE_HEX_H
#define BK_BASE_HEX_H
/*
 * Hexadecimal digits.  Written in lower case, read in either: who accepts one
 * case only looks at it with strspn(3) first.
 */
#include <stddef.h>
#include <stdint.h>

/* n bytes as 2n digits and a NUL. */
void bk_hex(const uint8_t *bytes, size_t n, char *out);

/*
 * The n bytes that the 2n digits at s make; 0, or -1 if they are not all
 * digits.  Nothing behind a NUL is looked at.
 */
int bk_hex_bytes(const char *s, size_t n, uint8_t *out);

/* The same for the number that the n digits at s make, 16 at the most. */
int bk_hex_number(const char *s, size_t n, uint64_t *v);

#endif
