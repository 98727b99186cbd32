#ifndef BK_CRYPT_SIGNED_H
#define BK_CRYPT_SIGNED_H
/*
 * Signatures of whole streams: Ed25519 (RFC 8032) over the stream's BLAKE2b-512
 * (RFC 7693), which is what minisign calls a prehashed signature.  A stream of
 * bk-crypt/v1 has the signature in itself (payload.h); one of age has it in a
 * file of its own, as text in minisign's format:
 *
 *	untrusted comment: anything
 *	base64 of: "ED", the key's ID (8 bytes), the signature
 *	trusted comment: anything
 *	base64 of: signature of the signature and the trusted comment
 *
 * https://jedisct1.github.io/minisign/.  A key's ID is the beginning of its
 * BLAKE2b-512.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/signature.h"

#define BK_SIGNED_PUBLIC 57	/* a public key in minisign's format, NUL */

/* A stream's digest while it is being read or written. */
struct bk_signed;

/* NULL with *e set. */
struct bk_signed *bk_signed_open(struct bk_err *e);

/* Add the n bytes at p.  0, or -1 with *e set. */
int bk_signed_add(struct bk_signed *d, const void *p, size_t n,
    struct bk_err *e);

/* Sign all that was added; nothing can be added any more. */
int bk_signed_sign(struct bk_signed *d, const struct bk_signer *s,
    uint8_t signature[BK_SIGN_LEN], struct bk_err *e);

/*
 * Is signature that of all that was added, by one of signers?  The key's index,
 * or -1 with *e set, BK_DATA: it is not.  Nothing can be added any more.
 */
ssize_t bk_signed_check(struct bk_signed *d, const struct bk_verifiers *signers,
    const uint8_t signature[BK_SIGN_LEN], struct bk_err *e);

void bk_signed_free(struct bk_signed *d);	/* NULL is fine */

/* Append signature, made by s at now, as text. */
int bk_signed_format(struct bk_buf *b, const struct bk_signer *s,
    const uint8_t signature[BK_SIGN_LEN], time_t now, struct bk_err *e);

/*
 * Parse such text, of the file name, by one of signers; modifies it.  0, or -1
 * with *e set: BK_DATA it is malformed, by another key, or altered.
 */
int bk_signed_parse(uint8_t signature[BK_SIGN_LEN], struct bk_buf *text,
    const char *name, const struct bk_verifiers *signers, struct bk_err *e);

/* The public key as minisign -P takes it. */
int bk_signed_public(char out[BK_SIGNED_PUBLIC],
    const uint8_t public[BK_SIGN_KEY], struct bk_err *e);

#endif
