#ifndef BK_CRYPT_SIGNATURE_H
#define BK_CRYPT_SIGNATURE_H
/*
 * Ed25519 (RFC 8032) signatures, by libcrypto, and the keys for them in files:
 * the secret "BK-SIGN-KEY-1..." and the public "bksign1...", bech32 both, one
 * a line; empty lines and lines that begin with '#' are skipped.
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

/* Make a new one from random bytes. */
int bk_signer_make(struct bk_signer *s, struct bk_err *e);

/* 1 if text, a key file's, has the secret key of a signer and not another. */
int bk_signer_is(const char *text);

/*
 * Take the one key in text, a file's that name names, which is cut up.
 * BK_DATA: a malformed line, none, more than one.
 */
int bk_signer_parse(struct bk_signer *s, struct bk_buf *text,
    const char *name, struct bk_err *e);

/* The same of the file path, which only its owner may read (secret.h). */
int bk_signer_load(struct bk_signer *s, const char *path, struct bk_err *e);

/* Append a key file: when it was made, public key and secret key. */
int bk_signer_format(struct bk_buf *b, const struct bk_signer *s, time_t now,
    struct bk_err *e);

/* "bksign1..." of a public key; and back: 0, or -1 if text is no such key. */
void bk_verifier_format(char out[BK_BECH32_TEXT],
    const uint8_t public[BK_SIGN_KEY]);
int bk_verifier_parse(uint8_t public[BK_SIGN_KEY], const char *text);

/*
 * Load public keys; one that is there twice counts once.  BK_FAIL: path cannot
 * be read; BK_DATA: a malformed line, or none.
 */
int bk_verifiers_load(struct bk_verifiers *v, const char *path,
    struct bk_err *e);

int bk_sign(uint8_t signature[BK_SIGN_LEN], const struct bk_signer *s,
    const void *p, size_t n, struct bk_err *e);

/* 1 if it is public's signature of the n bytes at p; 0; -1 with *e set. */
int bk_sign_check(const uint8_t signature[BK_SIGN_LEN],
    const uint8_t public[BK_SIGN_KEY], const void *p, size_t n,
    struct bk_err *e);

#endif
