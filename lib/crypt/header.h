#ifndef BK_CRYPT_HEADER_H
#define BK_CRYPT_HEADER_H
/*
 * The header of an encrypted stream: a version line, stanzas that each wrap
 * the file key for one recipient, and a MAC.  Both suites use age v1's grammar:
 *
 *	age-encryption.org/v1
 *	-> X25519 <ephemeral share>
 *	<wrapped file key>
 *	--- <mac>
 *
 * Parsing is strict: any deviation is BK_DATA.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypt/armor.h"
#include "crypt/signature.h"
#include "crypt/suite.h"
#include "stream/seal.h"

#define BK_HEADER_MAX (1024 * 1024)	/* bytes; some 8,000 recipients */
#define BK_HEADER_ARGS 4		/* arguments kept, including the type */

struct bk_stanza {
	char *arg[BK_HEADER_ARGS];	/* arg[0]: the type */
	size_t nargs;			/* may exceed BK_HEADER_ARGS */
	uint8_t *body;
	size_t body_len;
};

struct bk_header {		/* start with = {0} */
	const struct bk_suite *suite;
	struct bk_seal seal;	/* of a suite with marks */
	int is_signed;		/* the stream ends with a signature */
	uint8_t signer[BK_SIGN_KEY];	/* by this public key */
	struct bk_buf text;	/* the whole header */
	size_t mac_covers;	/* its bytes up to and including "---" */
	struct bk_stanza *stanza;
	size_t nstanzas;
	uint8_t mac[32];
	char *copy;		/* arg and body point into it */
};

/* Read the header from a, leaving a at the byte after it. */
int bk_header_read(struct bk_header *h, struct bk_armor *a, struct bk_err *e);

/* The same from its complete text, which ends with the MAC line's LF. */
int bk_header_parse(struct bk_header *h, const char *text, size_t n,
    struct bk_err *e);

/* 1 if the MAC matches the file key; 0 if not; -1 with *e set. */
int bk_header_verify(const struct bk_header *h, const uint8_t *file_key,
    struct bk_err *e);

void bk_header_free(struct bk_header *h);

/*
 * To write a header: append the suite's version line to *b, in a suite with
 * marks with the opening mark of seal and the public key of signer (or NULL);
 * then the stanzas, then the MAC line with bk_header_end().
 */
int bk_header_begin(struct bk_buf *b, const struct bk_suite *s,
    const struct bk_seal *seal, const struct bk_signer *signer,
    struct bk_err *e);

/* args: "X25519 <share>". */
int bk_header_stanza(struct bk_buf *b, const char *args, const uint8_t *body,
    size_t n, struct bk_err *e);

int bk_header_end(struct bk_buf *b, const struct bk_suite *s,
    const uint8_t *file_key, struct bk_err *e);

#endif
