#ifndef BK_CRYPT_KEY_H
#define BK_CRYPT_KEY_H
/*
 * X25519 recipients ("age1...") and identities ("AGE-SECRET-KEY-1..."), as
 * written by age and age-keygen.  Files have one per line; empty lines and
 * lines starting with '#' are skipped.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/bech32.h"

#define BK_KEY_LEN 32
#define BK_KEY_FILE_MAX (1024 * 1024)	/* bytes of a key file */

struct bk_recipients {		/* start with = {0} */
	uint8_t (*key)[BK_KEY_LEN];
	size_t n;
};

struct bk_identity {
	uint8_t secret[BK_KEY_LEN];
	uint8_t public[BK_KEY_LEN];
};

struct bk_identities {		/* start with = {0} */
	struct bk_identity *id;
	size_t n;
	size_t others;	/* of unsupported types: post-quantum, plug-ins */
};

/* Add one recipient.  BK_USAGE: it is malformed, with the cause. */
int bk_recipients_add(struct bk_recipients *r, const char *text,
    struct bk_err *e);

/* Add those in the file path ("-": standard input).  BK_USAGE also: none. */
int bk_recipients_load(struct bk_recipients *r, const char *path,
    struct bk_err *e);

/*
 * Add those in list, separated by blanks or commas: an item that begins with
 * "age1" is a recipient, any other the path of a file.
 */
int bk_recipients_parse(struct bk_recipients *r, const char *list,
    struct bk_err *e);

void bk_recipients_free(struct bk_recipients *r);

/*
 * Add the identities in the file path.  BK_FAIL: it cannot be read; BK_DATA:
 * a regular file that others may read (base/secret.h), a malformed line, no
 * identity.
 */
int bk_identities_load(struct bk_identities *ids, const char *path,
    struct bk_err *e);

/* The same from the text of the file name; modifies text. */
int bk_identities_parse(struct bk_identities *ids, struct bk_buf *text,
    const char *name, struct bk_err *e);

/* Wipes the secrets. */
void bk_identities_free(struct bk_identities *ids);

/* Generate an identity. */
int bk_identity_make(struct bk_identity *id, struct bk_err *e);

/* Fill in id->public from id->secret. */
int bk_identity_complete(struct bk_identity *id, struct bk_err *e);

/* "age1..." of a public key. */
void bk_recipient_format(char out[BK_BECH32_TEXT],
    const uint8_t public[BK_KEY_LEN]);

/* Append a key file: date, public key, secret key. */
int bk_identity_format(struct bk_buf *b, const struct bk_identity *id,
    time_t now, struct bk_err *e);

#endif
