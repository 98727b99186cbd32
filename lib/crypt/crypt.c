#include "crypt/crypt.h"

#include <stdlib.h>
#include <string.h>

#include "crypt/armor.h"
#include "crypt/header.h"
#include "crypt/payload.h"
#include "crypt/wrap.h"

#define NONCE_LEN 16		/* the payload key's salt */

struct bk_crypt {
	struct bk_armor *armor;
	struct bk_header header;
	uint8_t file_key[BK_SUITE_KEY];
	uint8_t nonce[NONCE_LEN];
};

/* Add stanzas and MAC to the version line in *b; write it and the nonce. */
static int
write_header(struct bk_buf *b, const struct bk_suite *s,
    const struct bk_crypt_to *to, const uint8_t *file_key,
    const uint8_t nonce[NONCE_LEN], struct bk_writer *out, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < to->recipients->n; i++)
		if (bk_wrap_x25519(b, s, file_key, to->recipients->key[i],
		    e) == -1)
			return -1;
	if (to->passphrase != NULL &&
	    bk_wrap_scrypt(b, s, file_key, to->passphrase, e) == -1)
		return -1;
	if (bk_header_end(b, s, file_key, e) == -1)
		return -1;
	if (b->len > BK_HEADER_MAX)
		return bk_fail(e, BK_USAGE, "recipients: too many for one "
		    "header");
	if (bk_writer_write(out, b->data, b->len, e) == -1)
		return -1;
	return bk_writer_write(out, nonce, NONCE_LEN, e);
}

static int
payload_key(uint8_t out[BK_SUITE_KEY], const struct bk_suite *s,
    const uint8_t *file_key, const uint8_t nonce[NONCE_LEN], struct bk_err *e)
{
	return bk_suite_hkdf(out, file_key, s->file_key_len, nonce, NONCE_LEN,
	    s->payload, e);
}

int
bk_crypt_encrypt(const struct bk_suite *s, const struct bk_crypt_to *to,
    struct bk_reader *in, struct bk_writer *out, struct bk_err *e)
{
	uint8_t file_key[BK_SUITE_KEY], key[BK_SUITE_KEY], nonce[NONCE_LEN];
	struct bk_seal seal;
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_seal_new(&seal, bk_reader_label(in), e) == -1 ||
	    bk_suite_random(file_key, s->file_key_len, e) == -1 ||
	    bk_suite_random(nonce, sizeof(nonce), e) == -1 ||
	    bk_header_begin(&b, s, &seal, e) == -1 ||
	    write_header(&b, s, to, file_key, nonce, out, e) == -1 ||
	    payload_key(key, s, file_key, nonce, e) == -1)
		goto done;
	rc = bk_payload_seal(s, key, &seal, in, out, e);
 done:
	bk_buf_free(&b);
	bk_wipe(file_key, sizeof(file_key));
	bk_wipe(key, sizeof(key));
	return rc;
}

/* The reason why nothing in from opens the header. */
static int
no_match(const struct bk_header *h, const struct bk_crypt_from *from,
    struct bk_err *e)
{
	int scrypt = strcmp(h->stanza[0].arg[0], "scrypt") == 0;

	if (scrypt && from->passphrase != NULL)
		return bk_fail(e, BK_DATA, "header: wrong passphrase");
	if (scrypt)
		return bk_fail(e, BK_DATA, "header: encrypted with a "
		    "passphrase; give it with -p or --passphrase-file");
	if (from->identities->n == 0 && from->identities->others == 0)
		return bk_fail(e, BK_DATA, "header: not encrypted with a "
		    "passphrase; give an identity with -i");
	return bk_fail(e, BK_DATA, "header: no identity matches any of its "
	    "recipients%s", from->identities->others == 0 ? "" : "; "
	    "post-quantum and plug-in identities are not supported");
}

/* Read and open the header: file key, and the nonce after it. */
static int
open_header(struct bk_crypt *c, const struct bk_crypt_from *from,
    struct bk_err *e)
{
	const struct bk_header *h = &c->header;
	int found;
	ssize_t n;

	if (bk_header_read(&c->header, c->armor, e) == -1 ||
	    bk_wrap_check(h, e) == -1)
		return -1;
	found = bk_unwrap(h, from->identities, from->passphrase, c->file_key,
	    e);
	if (found != 1)
		return found == -1 ? -1 : no_match(h, from, e);
	if ((found = bk_header_verify(h, c->file_key, e)) != 1)
		return found == -1 ? -1 : bk_fail(e, BK_DATA, "header: "
		    "altered: wrong MAC");
	if ((n = bk_armor_read(c->armor, c->nonce, NONCE_LEN, e)) == -1)
		return -1;
	return n == NONCE_LEN ? 0 : bk_fail(e, BK_DATA, "payload: truncated "
	    "within its nonce");
}

struct bk_crypt *
bk_crypt_open(struct bk_reader *in, const struct bk_crypt_from *from,
    struct bk_err *e)
{
	struct bk_crypt *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if ((c->armor = bk_armor_open(in, e)) == NULL ||
	    open_header(c, from, e) == -1) {
		bk_crypt_free(c);
		return NULL;
	}
	return c;
}

const struct bk_suite *
bk_crypt_suite(const struct bk_crypt *c)
{
	return c->header.suite;
}

int
bk_crypt_decrypt(struct bk_crypt *c, struct bk_writer *out, struct bk_err *e)
{
	uint8_t key[BK_SUITE_KEY];
	int rc = -1;

	if (payload_key(key, c->header.suite, c->file_key, c->nonce, e) == 0)
		rc = bk_payload_open(c->header.suite, key, &c->header.seal,
		    c->armor, out, e);
	bk_wipe(key, sizeof(key));
	return rc;
}

int
bk_crypt_rewrap(struct bk_crypt *c, const struct bk_crypt_to *to,
    struct bk_writer *out, struct bk_err *e)
{
	const struct bk_header *h = &c->header;
	struct bk_seal fresh;
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_seal_new(&fresh, &h->seal.label, e) == 0 &&
	    bk_header_begin(&b, h->suite, &fresh, e) == 0 &&
	    write_header(&b, h->suite, to, c->file_key, c->nonce, out, e) == 0)
		rc = bk_payload_copy(h->suite, &h->seal, &fresh, c->armor, out,
		    e);
	bk_buf_free(&b);
	return rc;
}

void
bk_crypt_free(struct bk_crypt *c)
{
	if (c == NULL)
		return;
	bk_header_free(&c->header);
	bk_armor_free(c->armor);
	bk_wipe(c, sizeof(*c));
	free(c);
}
