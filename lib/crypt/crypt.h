#ifndef BK_CRYPT_CRYPT_H
#define BK_CRYPT_CRYPT_H
/*
 * Encrypt, decrypt, rewrap: header and payload put together.  The formats are
 * in bk-formats(5) and at https://age-encryption.org/v1.
 */
#include "base/reader.h"
#include "base/writer.h"
#include "crypt/key.h"
#include "crypt/suite.h"

/* For whom: recipients, or a passphrase (then recipients is empty). */
struct bk_crypt_to {
	const struct bk_recipients *recipients;
	const char *passphrase;		/* or NULL */
};

/* With what to open: any of the identities, or the passphrase. */
struct bk_crypt_from {
	const struct bk_identities *identities;
	const char *passphrase;		/* or NULL */
};

/*
 * Encrypt all of in to out; the stream's label goes into the header where the
 * suite has room for it.  0: all that is left to do is bk_writer_finish().
 */
int bk_crypt_encrypt(const struct bk_suite *s, const struct bk_crypt_to *to,
    struct bk_reader *in, struct bk_writer *out, struct bk_err *e);

struct bk_crypt;	/* an encrypted stream, its header read and opened */

/*
 * Read in's header and open it.  in is borrowed until bk_crypt_free(), from is
 * not kept.  NULL with *e set: BK_DATA it is no encrypted stream, its header is
 * malformed or was altered, nothing in from fits.
 */
struct bk_crypt *bk_crypt_open(struct bk_reader *in,
    const struct bk_crypt_from *from, struct bk_err *e);

const struct bk_suite *bk_crypt_suite(const struct bk_crypt *c);

/*
 * Decrypt the payload to out.  On BK_DATA out has the authenticated plaintext
 * of everything before the damage: bk_writer_abandon() lets it go.
 */
int bk_crypt_decrypt(struct bk_crypt *c, struct bk_writer *out,
    struct bk_err *e);

/*
 * Write the same stream to out with a header for to; label and payload are
 * copied.  The payload is not decrypted, so damage in it is copied too, but a
 * stream that is cut off is refused where the suite's end can be seen.
 */
int bk_crypt_rewrap(struct bk_crypt *c, const struct bk_crypt_to *to,
    struct bk_writer *out, struct bk_err *e);

void bk_crypt_free(struct bk_crypt *c);		/* wipes it; NULL is fine */

#endif
