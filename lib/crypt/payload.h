#ifndef BK_CRYPT_PAYLOAD_H
#define BK_CRYPT_PAYLOAD_H
/*
 * The payload: STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015) as in age v1.
 * Plaintext is split into chunks of 64 KiB, each encrypted by the suite's AEAD
 * under the payload key with the nonce
 *
 *	11 bytes: the chunk's number, big-endian; 1 byte: 1 for the last
 *
 * so chunks cannot be moved and the end is authenticated.  The last chunk may
 * be shorter; it is empty only if it is the first.  After it, in a suite with
 * marks, is the stream's end: a signature (signed.h) if the header announces
 * one, and the closing mark.
 *
 * Several chunks make a block for bk_pipeline.  Memory: 3 MiB.
 */
#include "crypt/armor.h"
#include "crypt/signed.h"
#include "crypt/suite.h"
#include "stream/reader.h"
#include "stream/seal.h"
#include "stream/writer.h"

#define BK_PAYLOAD_CHUNK (64 * 1024)	/* bytes of plaintext */

/* The stream's end; all 0 in a suite without marks. */
struct bk_payload_end {
	const struct bk_seal *seal;	/* whose closing mark; NULL: none */
	int is_signed;
	uint8_t signature[BK_SIGN_LEN];	/* as read */
};

/*
 * Encrypt all of in to out, but for the stream's end; digest (or NULL) gets
 * what out gets.  0, or -1 with *e set.
 */
int bk_payload_seal(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    struct bk_reader *in, struct bk_signed *digest, struct bk_writer *out,
    struct bk_err *e);

/*
 * Decrypt the rest of a to out, and read the stream's end; digest (or NULL)
 * gets the payload.  0, or -1 with *e set: BK_DATA damaged, truncated, or
 * trailing data; out has the plaintext of the chunks before that, each
 * authenticated at its position, and nothing else.
 */
int bk_payload_open(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    struct bk_payload_end *end, struct bk_armor *a, struct bk_signed *digest,
    struct bk_writer *out, struct bk_err *e);

/*
 * Copy the rest of a to out, but for the stream's end, which is read; each of
 * digests (or NULL) gets the payload.  Checks what needs no key: the length,
 * the closing mark.  0, or -1 with *e set.
 */
int bk_payload_copy(struct bk_payload_end *end, struct bk_armor *a,
    struct bk_signed *const digests[2], struct bk_writer *out,
    struct bk_err *e);

#endif
