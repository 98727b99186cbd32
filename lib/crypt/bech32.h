#ifndef BK_CRYPT_BECH32_H
#define BK_CRYPT_BECH32_H
/*
 * Bech32 (BIP 173) without its limit of 90 characters, as age has it: a
 * human-readable prefix, '1', the data in 5-bit letters, and 6 letters of
 * checksum that find every typing error of up to 4 letters.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#define BK_BECH32_DATA 64	/* bytes of data, at most */
#define BK_BECH32_TEXT 160	/* room for a text and its NUL */

/*
 * Write prefix, which is all of one case, and the n bytes (at most
 * BK_BECH32_DATA) at p as text in the prefix's case, NUL-terminated.
 */
void bk_bech32_encode(char out[BK_BECH32_TEXT], const char *prefix,
    const uint8_t *p, size_t n);

/*
 * Decode text, which must begin with prefix in just that case.  Returns the
 * number of bytes in out; -1: another prefix or case, a letter or checksum
 * that is wrong, bits to spare that are not 0.
 */
ssize_t bk_bech32_decode(uint8_t out[BK_BECH32_DATA], const char *prefix,
    const char *text);

#endif
