#ifndef BK_CRYPT_BECH32_H
#define BK_CRYPT_BECH32_H
/*
 * Bech32 (BIP 173) without its limit of 90 characters, as in age: a
 * human-readable prefix, '1', the data as 5-bit letters, and a checksum of 6
 * letters that detects all errors in up to 4 letters.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#define BK_BECH32_DATA 64	/* maximum bytes of data */
#define BK_BECH32_TEXT 160	/* maximum bytes of text, including NUL */

/*
 * Encode prefix, which is all upper or all lower case, and the n bytes (at most
 * BK_BECH32_DATA) at p, in the prefix's case, NUL-terminated.
 */
void bk_bech32_encode(char out[BK_BECH32_TEXT], const char *prefix,
    const uint8_t *p, size_t n);

/*
 * Decode text, which must begin with prefix in the same case.  Returns the
 * number of bytes in out; -1: another prefix or case, an invalid letter, a
 * wrong checksum, padding bits that are not 0.
 */
ssize_t bk_bech32_decode(uint8_t out[BK_BECH32_DATA], const char *prefix,
    const char *text);

#endif
