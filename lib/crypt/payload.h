#ifndef BK_CRYPT_PAYLOAD_H
#define BK_CRYPT_PAYLOAD_H
/*
 * The payload: STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015) as age v1
 * has it.  Plaintext is cut into chunks of 64 KiB, each encrypted by the
 * suite's AEAD under the payload key with the nonce
 *
 *	11 bytes: the chunk's number, big-endian; 1 byte: 1 for the last
 *
 * so a chunk fits in its place only and the end is authenticated.  The last
 * chunk may be shorter, empty only if it is the first.  A suite with marks has
 * the closing mark behind the last chunk.
 *
 * A few chunks make a block for bk_pipeline.  Memory: 3 MiB.
 */
#include "base/reader.h"
#include "base/writer.h"
#include "crypt/armor.h"
#include "crypt/suite.h"

#define BK_PAYLOAD_CHUNK (64 * 1024)	/* bytes of plaintext */

/* Encrypt all of in to out, the closing mark included.  0 or -1. */
int bk_payload_seal(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    struct bk_reader *in, struct bk_writer *out, struct bk_err *e);

/*
 * Decrypt the rest of a to out.  BK_DATA: damaged, cut off, or something
 * follows the end; out has the plaintext of all chunks before that, each
 * authenticated in its place, and nothing else.
 */
int bk_payload_open(const struct bk_suite *s, const uint8_t key[BK_SUITE_KEY],
    struct bk_armor *a, struct bk_writer *out, struct bk_err *e);

/*
 * Copy the rest of a to out as it is, checking what can be seen without the
 * key: its length, the closing mark.  0 or -1.
 */
int bk_payload_copy(const struct bk_suite *s, struct bk_armor *a,
    struct bk_writer *out, struct bk_err *e);

#endif
