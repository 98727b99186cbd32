#ifndef BK_CRYPT_CRYPT_H
#define BK_CRYPT_CRYPT_H
/*
 * Encrypt, decrypt and rewrap streams of header and payload.  Formats:
 * bk-formats(5) and https://age-encryption.org/v1.
 */
#include "crypt/key.h"
#include "crypt/suite.h"
#include "stream/reader.h"
#include "stream/writer.h"

/*
 * Encrypt to recipients, or to a passphrase (then recipients is empty), and
 * sign the ciphertext.  In a suite with marks the signature ends the stream; in
 * the other it is a text (signed.h) of its own.
 */
struct bk_crypt_to {
	const struct bk_recipients *recipients;
	const char *passphrase;		/* or NULL */
	const struct bk_signer *signer;	/* or NULL */
	struct bk_buf *signature;	/* the text is appended to it */
};

/*
 * Decrypt with any of the identities, or with the passphrase; demand that one
 * of signers signed the ciphertext.
 */
struct bk_crypt_from {
	const struct bk_identities *identities;
	const char *passphrase;		/* or NULL */
	const struct bk_verifiers *signers;	/* NULL: anybody, or nobody */
	const char *signature;		/* the file of the text, or NULL */
	int *no_key;	/* NULL; or set to 1 where none of these opens it */
};

/*
 * Encrypt all of in to out; the header gets the stream's label if the suite
 * has marks.  0, and the caller calls bk_writer_finish(); or -1 with *e set.
 */
int bk_crypt_encrypt(const struct bk_suite *s, const struct bk_crypt_to *to,
    struct bk_reader *in, struct bk_writer *out, struct bk_err *e);

struct bk_crypt;	/* an encrypted stream with its header opened */

/*
 * Read in's header and open it.  in and from's signers are borrowed until
 * bk_crypt_free().  NULL with *e set: BK_DATA it is not an encrypted stream,
 * its header is malformed or was altered, nothing in from opens it, or it is
 * not signed as from demands.
 */
struct bk_crypt *bk_crypt_open(struct bk_reader *in,
    const struct bk_crypt_from *from, struct bk_err *e);

const struct bk_suite *bk_crypt_suite(const struct bk_crypt *c);

/*
 * The label in the header, which a signature covers; NULL: the suite has none.
 * Borrowed.
 */
const struct bk_label *bk_crypt_label(const struct bk_crypt *c);

/*
 * The public key whose signature was demanded and, once the stream was
 * decrypted or rewrapped, found; NULL: none was demanded.  Borrowed.
 */
const uint8_t *bk_crypt_signer(const struct bk_crypt *c);

/*
 * Decrypt the payload to out.  0, or -1 with *e set: on BK_DATA out has the
 * authenticated plaintext before the damage, to be released by
 * bk_writer_abandon(); or all of it, if a signature was demanded and is wrong:
 * then bk_writer_spoil().
 */
int bk_crypt_decrypt(struct bk_crypt *c, struct bk_writer *out,
    struct bk_err *e);

/*
 * Copy the stream to out with a new header for to and the same label.  The
 * payload is not decrypted, so damage in it is copied, too; but a truncated
 * stream is refused if the suite has marks.  A signature covers the header: the
 * new one is by to's signer; without a signer a signed stream is refused.  0,
 * or -1 with *e set.
 */
int bk_crypt_rewrap(struct bk_crypt *c, const struct bk_crypt_to *to,
    struct bk_writer *out, struct bk_err *e);

void bk_crypt_free(struct bk_crypt *c);		/* wipes it; NULL is fine */

#endif
