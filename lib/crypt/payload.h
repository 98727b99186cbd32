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
 * be shorter; it is empty only if it is the first.  In a suite with marks, the
 * closing mark follows the last chunk.
 *
 * Several chunks make a block for bk_pipeline.  Memory: 3 MiB.
 */
#include "base/reader.h"
#include "base/seal.h"
#include "base/writer.h"
#include "crypt/armor.h"
#include "crypt/suite.h"

#define BK_PAYLOAD_CHUNK (64 * 1024)	/* bytes of plaintext */

/*
 * Encrypt all of in to out, with seal's closing mark in a suite with marks.  0,
 * or -1 with *e set.
 */
int bk_payload_seal(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    const struct bk_seal *seal, struct bk_reader *in, struct bk_writer *out,
    struct bk_err *e);

/*
 * Decrypt the rest of a, whose opening mark is seal's, to out.  0, or -1 with *e set: BK_DATA damaged,
 * truncated, or trailing data; out has the plaintext of the chunks before that,
 * each authenticated at its position, and nothing else.
 */
int bk_payload_open(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    const struct bk_seal *seal, struct bk_armor *a, struct bk_writer *out,
    struct bk_err *e);

/*
 * Copy the rest of a to out, checking what needs no key: the length, the
 * closing mark of seal, in whose place that of fresh is written.  0, or -1 with
 * *e set.
 */
int bk_payload_copy(const struct bk_suite *s, const struct bk_seal *seal,
    const struct bk_seal *fresh, struct bk_armor *a, struct bk_writer *out,
    struct bk_err *e);

#endif
