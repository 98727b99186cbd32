#ifndef BK_BASE_HEX_H
#define BK_BASE_HEX_H
/*
 * Hexadecimal digits.  Written in lower case, read in either; a caller that
 * accepts only one checks with strspn(3) first.
 */
#include <stddef.h>
#include <stdint.h>

/* n bytes as 2n digits and a NUL. */
void bk_hex(const uint8_t *bytes, size_t n, char *out);

/*
 * Decode the 2n digits at s to n bytes; 0, or -1 if not all are digits.  Reads
 * nothing past a NUL.
 */
int bk_hex_bytes(const char *s, size_t n, uint8_t *out);

/* The same for a number of n digits, at most 16. */
int bk_hex_number(const char *s, size_t n, uint64_t *v);

#endif
