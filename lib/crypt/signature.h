#ifndef BK_CRYPT_SIGNATURE_H
#define BK_CRYPT_SIGNATURE_H
/*
 * Ed25519 (RFC 8032) signatures, by libcrypto, and key files for them: secret
 * keys "BK-SIGN-KEY-1..." and public keys "bksign1...", both in bech32, one per
 * line; empty lines and lines starting with '#' are skipped.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/bech32.h"

#define BK_SIGN_KEY 32
#define BK_SIGN_LEN 64		/* bytes of a signature */

struct bk_signer {		/* a secret: bk_wipe() it when done */
	uint8_t secret[BK_SIGN_KEY];
	uint8_t public[BK_SIGN_KEY];
};

struct bk_verifiers {		/* start with = {0}; free(key) */
	uint8_t (*key)[BK_SIGN_KEY];
	size_t n;
};

/* Generate a signing key. */
int bk_signer_make(struct bk_signer *s, struct bk_err *e);

/* 1 if text, of a key file, has a signing key rather than another kind. */
int bk_signer_is(const char *text);

/*
 * Parse the only key in text, of the file name; modifies text.  0, or -1 with
 * *e set: BK_DATA a malformed line, no key, more than one.
 */
int bk_signer_parse(struct bk_signer *s, struct bk_buf *text,
    const char *name, struct bk_err *e);

/* The same from the file path, readable by its owner only (base/secret.h). */
int bk_signer_load(struct bk_signer *s, const char *path, struct bk_err *e);

/* Append a key file: date, public key, secret key. */
int bk_signer_format(struct bk_buf *b, const struct bk_signer *s, time_t now,
    struct bk_err *e);

/* "bksign1..." of a public key, and the reverse: 0, or -1 if malformed. */
void bk_verifier_format(char out[BK_BECH32_TEXT],
    const uint8_t public[BK_SIGN_KEY]);
int bk_verifier_parse(uint8_t public[BK_SIGN_KEY], const char *text);

/*
 * Load public keys; duplicates count once.  0, or -1 with *e set: BK_FAIL path
 * cannot be read; BK_DATA a malformed line, or no key.
 */
int bk_verifiers_load(struct bk_verifiers *v, const char *path,
    struct bk_err *e);

/* Sign the n bytes at p.  0, or -1 with *e set. */
int bk_sign(uint8_t signature[BK_SIGN_LEN], const struct bk_signer *s,
    const void *p, size_t n, struct bk_err *e);

/*
 * 1 if signature is valid for the n bytes at p and the key public; 0 if not;
 * -1 with *e set.
 */
int bk_sign_check(const uint8_t signature[BK_SIGN_LEN],
    const uint8_t public[BK_SIGN_KEY], const void *p, size_t n,
    struct bk_err *e);

#endif
