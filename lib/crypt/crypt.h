#ifndef BK_CRYPT_CRYPT_H
#define BK_CRYPT_CRYPT_H
/*
 * Encrypt, decrypt and rewrap streams of header and payload.  Formats:
 * bk-formats(5) and https://age-encryption.org/v1.
 */
#include "base/reader.h"
#include "base/writer.h"
#include "crypt/key.h"
#include "crypt/suite.h"

/* Encrypt to recipients, or to a passphrase (then recipients is empty). */
struct bk_crypt_to {
	const struct bk_recipients *recipients;
	const char *passphrase;		/* or NULL */
};

/* Decrypt with any of the identities, or with the passphrase. */
struct bk_crypt_from {
	const struct bk_identities *identities;
	const char *passphrase;		/* or NULL */
};

/*
 * Encrypt all of in to out; the header gets the stream's label if the suite
 * has marks.  0, and the caller calls bk_writer_finish(); or -1 with *e set.
 */
int bk_crypt_encrypt(const struct bk_suite *s, const struct bk_crypt_to *to,
    struct bk_reader *in, struct bk_writer *out, struct bk_err *e);

struct bk_crypt;	/* an encrypted stream with its header opened */

/*
 * Read in's header and open it.  in is borrowed until bk_crypt_free(), from is
 * not.  NULL with *e set: BK_DATA it is not an encrypted stream, its header is
 * malformed or was altered, or nothing in from opens it.
 */
struct bk_crypt *bk_crypt_open(struct bk_reader *in,
    const struct bk_crypt_from *from, struct bk_err *e);

const struct bk_suite *bk_crypt_suite(const struct bk_crypt *c);

/*
 * Decrypt the payload to out.  0, or -1 with *e set: on BK_DATA out has the
 * authenticated plaintext before the damage, to be released by
 * bk_writer_abandon().
 */
int bk_crypt_decrypt(struct bk_crypt *c, struct bk_writer *out,
    struct bk_err *e);

/*
 * Copy the stream to out with a new header for to and the same label.  The
 * payload is not decrypted, so damage in it is copied, too; but a truncated
 * stream is refused if the suite has marks.  0, or -1 with *e set.
 */
int bk_crypt_rewrap(struct bk_crypt *c, const struct bk_crypt_to *to,
    struct bk_writer *out, struct bk_err *e);

void bk_crypt_free(struct bk_crypt *c);		/* wipes it; NULL is fine */

#endif
