#ifndef BK_CRYPT_SUITE_H
#define BK_CRYPT_SUITE_H
/*
 * The two cipher suites and their primitives.  Both use the grammar and the
 * constructions of age v1 (https://age-encryption.org/v1); they differ in the
 * AEAD, the length of the file key, the labels that separate their keys, and
 * bk-crypt/v1 has marks.  See bk-formats(5).
 *
 * Functions return 0, or -1 with *e set, unless noted.
 */
#include <openssl/evp.h>

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BK_SUITE_KEY 32		/* bytes of all keys except age's file key */
#define BK_SUITE_TAG 16		/* bytes of an AEAD's tag */
#define BK_SUITE_NONCE 12	/* bytes of an AEAD's nonce */

struct bk_suite {
	const char *version;	/* the first line, or its beginning */
	const EVP_CIPHER *(*aead)(void);
	size_t file_key_len;	/* bytes */
	int marks;		/* marks in the version line and at the end */
	const char *x25519, *scrypt, *header, *payload;	/* labels */
};

extern const struct bk_suite bk_suite_bk;	/* bk-crypt/v1 */
extern const struct bk_suite bk_suite_age;	/* age v1 */

/* HKDF-SHA-256 (RFC 5869) to BK_SUITE_KEY bytes. */
int bk_suite_hkdf(uint8_t out[BK_SUITE_KEY], const uint8_t *ikm, size_t n,
    const uint8_t *salt, size_t salt_len, const char *info, struct bk_err *e);

/*
 * Encrypt a file key under a key used for nothing else, so with a nonce of
 * zeros; out gets file_key_len + BK_SUITE_TAG bytes.
 */
int bk_suite_wrap(const struct bk_suite *s, uint8_t *out,
    const uint8_t key[BK_SUITE_KEY], const uint8_t *file_key,
    struct bk_err *e);

/* The reverse.  1: success; 0: wrong key; -1 with *e set. */
int bk_suite_unwrap(const struct bk_suite *s, uint8_t *file_key,
    const uint8_t key[BK_SUITE_KEY], const uint8_t *body, struct bk_err *e);

/* HMAC-SHA-256 of the n bytes of header text under the file key. */
int bk_suite_mac(const struct bk_suite *s, uint8_t out[32],
    const uint8_t *file_key, const void *text, size_t n, struct bk_err *e);

/* X25519 (RFC 7748): the public key of secret. */
int bk_x25519_public(uint8_t out[32], const uint8_t secret[32],
    struct bk_err *e);

/* The shared secret: 1; 0 if it would be zero; -1 with *e set. */
int bk_x25519_shared(uint8_t out[32], const uint8_t secret[32],
    const uint8_t public[32], struct bk_err *e);

/* Fill out with n random bytes. */
int bk_suite_random(void *out, size_t n, struct bk_err *e);

/*
 * Have libcrypto read its configuration now, not when it is first needed: for
 * a process that is about to give up opening files.
 */
void bk_suite_prepare(void);

/* Returns -1 with "libcrypto: operation: " and libcrypto's reason in *e. */
int bk_suite_fail(struct bk_err *e, const char *operation);

#endif
