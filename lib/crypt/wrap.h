#ifndef BK_CRYPT_WRAP_H
#define BK_CRYPT_WRAP_H
/*
 * Wrapping the file key for recipients and unwrapping it with identities: the
 * stanzas X25519 and scrypt of age v1, and the same with bk-crypt/v1's labels
 * and AEAD.
 */
#include "crypt/header.h"
#include "crypt/key.h"

#define BK_SCRYPT_LOGN 18	/* when encrypting: 256 MiB, about a second */
#define BK_SCRYPT_LOGN_MAX 22	/* when decrypting: 4 GiB, as in age */

/* Append a stanza for the recipient public. */
int bk_wrap_x25519(struct bk_buf *b, const struct bk_suite *s,
    const uint8_t *file_key, const uint8_t public[BK_KEY_LEN],
    struct bk_err *e);

/* Append the stanza for a passphrase. */
int bk_wrap_scrypt(struct bk_buf *b, const struct bk_suite *s,
    const uint8_t *file_key, const char *passphrase, struct bk_err *e);

/*
 * Check all stanzas of known types, also those for other recipients: number of
 * arguments, lengths, canonical base64, work factor.  0, or -1 with BK_DATA.
 */
int bk_wrap_check(const struct bk_header *h, struct bk_err *e);

/*
 * Unwrap the file key of a checked header with any of the identities, or with
 * passphrase if it is not NULL.  1: file_key has suite->file_key_len bytes; 0:
 * none matches; -1 with *e set: BK_DATA a malicious stanza, BK_FAIL libcrypto
 * (memory).
 */
int bk_unwrap(const struct bk_header *h, const struct bk_identities *ids,
    const char *passphrase, uint8_t file_key[BK_SUITE_KEY], struct bk_err *e);

#endif
