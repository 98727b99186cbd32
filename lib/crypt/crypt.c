#include "crypt/crypt.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "crypt/armor.h"
#include "crypt/header.h"
#include "crypt/payload.h"
#include "crypt/signed.h"
#include "crypt/wrap.h"

#define NONCE_LEN 16		/* the payload key's salt */
#define SIGNATURE_MAX 4096	/* bytes of a file with a signature */

struct bk_crypt {
	struct bk_armor *armor;
	struct bk_header header;
	uint8_t file_key[BK_SUITE_KEY];
	uint8_t nonce[NONCE_LEN];
	struct bk_payload_end end;
	/* where a signature is demanded */
	const struct bk_verifiers *signers;
	struct bk_signed *digest;	/* of the stream, without its end */
	struct bk_signed *file;	/* of all that is read, armor and all */
	uint8_t signer[BK_SIGN_KEY];
};

/* A stream that is being written. */
struct output {
	const struct bk_suite *suite;
	const struct bk_crypt_to *to;
	struct bk_seal seal;
	struct bk_signed *digest;	/* NULL: it is not signed */
	struct bk_writer *out;
};

static int
put(struct output *o, const void *p, size_t n, struct bk_err *e)
{
	if (o->digest != NULL && bk_signed_add(o->digest, p, n, e) == -1)
		return -1;
	return bk_writer_write(o->out, p, n, e);
}

static int
add_stanzas(struct bk_buf *b, const struct output *o, const uint8_t *file_key,
    struct bk_err *e)
{
	const struct bk_crypt_to *to = o->to;
	size_t i;

	for (i = 0; i < to->recipients->n; i++)
		if (bk_wrap_x25519(b, o->suite, file_key,
		    to->recipients->key[i], e) == -1)
			return -1;
	return to->passphrase == NULL ? 0
	    : bk_wrap_scrypt(b, o->suite, file_key, to->passphrase, e);
}

/* Write the header and the nonce after it. */
static int
write_header(struct output *o, const uint8_t *file_key,
    const uint8_t nonce[NONCE_LEN], struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_header_begin(&b, o->suite, &o->seal, o->to->signer, e) == -1 ||
	    add_stanzas(&b, o, file_key, e) == -1 ||
	    bk_header_end(&b, o->suite, file_key, e) == -1)
		goto done;
	if (b.len > BK_HEADER_MAX)
		bk_fail(e, BK_USAGE, "recipients: too many for one header");
	else if (put(o, b.data, b.len, e) == 0)
		rc = put(o, nonce, NONCE_LEN, e);
 done:
	bk_buf_free(&b);
	return rc;
}

static int
begin(struct output *o, const struct bk_label *label, struct bk_err *e)
{
	if (bk_seal_new(&o->seal, label, e) == -1)
		return -1;
	if (o->to->signer == NULL)
		return 0;
	return (o->digest = bk_signed_open(e)) == NULL ? -1 : 0;
}

/* Sign what was written, and write the stream's end. */
static int
finish(struct output *o, struct bk_err *e)
{
	uint8_t signature[BK_SIGN_LEN];
	char closing[BK_SEAL_CLOSING + 1];

	if (o->digest != NULL) {
		if (bk_signed_sign(o->digest, o->to->signer, signature,
		    e) == -1)
			return -1;
		if (!o->suite->marks)
			return bk_signed_format(o->to->signature,
			    o->to->signer, signature, time(NULL), e);
		if (bk_writer_write(o->out, signature, BK_SIGN_LEN, e) == -1)
			return -1;
	}
	if (!o->suite->marks)
		return 0;
	bk_seal_close(&o->seal, 0, closing);
	return bk_writer_write(o->out, closing, BK_SEAL_CLOSING, e);
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
	struct output o = { .suite = s, .to = to, .out = out };
	int rc = -1;

	if (begin(&o, bk_reader_label(in), e) == 0 &&
	    bk_suite_random(file_key, s->file_key_len, e) == 0 &&
	    bk_suite_random(nonce, sizeof(nonce), e) == 0 &&
	    write_header(&o, file_key, nonce, e) == 0 &&
	    payload_key(key, s, file_key, nonce, e) == 0 &&
	    bk_payload_seal(s, key, in, o.digest, out, e) == 0)
		rc = finish(&o, e);
	bk_signed_free(o.digest);
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

	if (from->no_key != NULL)
		*from->no_key = 1;
	if (scrypt && from->passphrase != NULL)
		return bk_fail(e, BK_DATA, "header: wrong passphrase");
	if (scrypt)
		return bk_fail(e, BK_DATA, "header: encrypted with a "
		    "passphrase; give it with -p or --passphrase-file");
	if (from->identities->n == 0 && from->identities->others == 0)
		return bk_fail(e, BK_DATA, "header: not encrypted with a "
		    "passphrase; give an identity with -i");
	return bk_fail(e, BK_DATA, "header: no identity matches any of its "
	    "recipients (%zu)%s", h->nstanzas, from->identities->others == 0 ?
	    "" : "; post-quantum and plug-in identities are not supported");
}

/* A stream with marks: is it signed by a key that is demanded? */
static int
check_signer(struct bk_crypt *c, struct bk_err *e)
{
	const struct bk_header *h = &c->header;
	char key[BK_BECH32_TEXT];
	size_t i;

	if (!h->is_signed)
		return bk_fail(e, BK_DATA, "header: not signed, but a "
		    "signature is demanded");
	for (i = 0; i < c->signers->n; i++)
		if (memcmp(c->signers->key[i], h->signer, BK_SIGN_KEY) == 0)
			return 0;
	bk_verifier_format(key, h->signer);
	return bk_fail(e, BK_DATA, "header: signed by %s, which is not among "
	    "the accepted signers", key);
}

/* Read the signature of a stream without marks from a file of its own. */
static int
load_signature(struct bk_crypt *c, const char *path, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = -1;

	if (path == NULL)
		return bk_fail(e, BK_DATA, "header: age has no room for the "
		    "signature that is demanded; give its file with "
		    "--signature");
	if (bk_io_slurp(path, SIGNATURE_MAX, &text, e) == 0)
		rc = bk_signed_parse(c->end.signature, &text, path, c->signers,
		    e);
	bk_buf_free(&text);
	return rc;
}

/* Prepare to check the signature that from demands. */
static int
demand_signature(struct bk_crypt *c, const struct bk_crypt_from *from,
    struct bk_err *e)
{
	const struct bk_header *h = &c->header;

	if ((c->signers = from->signers) == NULL)
		return 0;
	if (!h->suite->marks)
		return load_signature(c, from->signature, e);
	if (check_signer(c, e) == -1)
		return -1;
	if ((c->digest = bk_signed_open(e)) == NULL ||
	    bk_signed_add(c->digest, h->text.data, h->text.len, e) == -1)
		return -1;
	return bk_signed_add(c->digest, c->nonce, NONCE_LEN, e);
}

/* The whole stream was read: is the signature its own? */
static int
check_signature(struct bk_crypt *c, struct bk_err *e)
{
	struct bk_verifiers announced = { .key = &c->header.signer, .n = 1 };
	int marks = c->header.suite->marks;
	const struct bk_verifiers *by = marks ? &announced : c->signers;
	ssize_t signer;

	if (c->signers == NULL)
		return 0;
	if ((signer = bk_signed_check(marks ? c->digest : c->file, by,
	    c->end.signature, e)) == -1)
		return -1;
	memcpy(c->signer, by->key[signer], BK_SIGN_KEY);
	return 0;
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
	c->end.seal = h->suite->marks ? &h->seal : NULL;
	c->end.is_signed = h->is_signed;
	found = bk_unwrap(h, from->identities, from->passphrase, c->file_key,
	    e);
	if (found != 1)
		return found == -1 ? -1 : no_match(h, from, e);
	if ((found = bk_header_verify(h, c->file_key, e)) != 1)
		return found == -1 ? -1 : bk_fail(e, BK_DATA, "header: "
		    "altered: wrong MAC");
	if ((n = bk_armor_read(c->armor, c->nonce, NONCE_LEN, e)) == -1)
		return -1;
	return n == NONCE_LEN ? demand_signature(c, from, e)
	    : bk_fail(e, BK_DATA, "payload: truncated within its nonce");
}

static int
add_to_file(void *ctx, const void *p, size_t n, struct bk_err *e)
{
	struct bk_crypt *c = ctx;

	return bk_signed_add(c->file, p, n, e);
}

/* A detached signature covers all bytes of the file as it is stored. */
static int
watch_file(struct bk_crypt *c, const struct bk_crypt_from *from,
    struct bk_err *e)
{
	if (from->signers == NULL || from->signature == NULL)
		return 0;
	if ((c->file = bk_signed_open(e)) == NULL)
		return -1;
	bk_armor_watch(c->armor, add_to_file, c);
	return 0;
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
	    watch_file(c, from, e) == -1 || open_header(c, from, e) == -1) {
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

const struct bk_label *
bk_crypt_label(const struct bk_crypt *c)
{
	return c->header.suite->marks ? &c->header.seal.label : NULL;
}

const uint8_t *
bk_crypt_signer(const struct bk_crypt *c)
{
	return c->signers != NULL ? c->signer : NULL;
}

int
bk_crypt_decrypt(struct bk_crypt *c, struct bk_writer *out, struct bk_err *e)
{
	uint8_t key[BK_SUITE_KEY];
	int rc = -1;

	if (payload_key(key, c->header.suite, c->file_key, c->nonce, e) == 0 &&
	    bk_payload_open(c->header.suite, key, &c->end, c->armor, c->digest,
	    out, e) == 0)
		rc = check_signature(c, e);
	bk_wipe(key, sizeof(key));
	return rc;
}

int
bk_crypt_rewrap(struct bk_crypt *c, const struct bk_crypt_to *to,
    struct bk_writer *out, struct bk_err *e)
{
	const struct bk_header *h = &c->header;
	struct output o = { .suite = h->suite, .to = to, .out = out };
	struct bk_signed *digests[2];
	int rc = -1;

	if (h->is_signed && to->signer == NULL)
		return bk_fail(e, BK_USAGE, "the stream is signed, and the "
		    "signature covers the recipients; sign it again with "
		    "--sign");
	if (begin(&o, &h->seal.label, e) == -1)
		return -1;
	digests[0] = c->digest;
	digests[1] = o.digest;
	if (write_header(&o, c->file_key, c->nonce, e) == 0 &&
	    bk_payload_copy(&c->end, c->armor, digests, out, e) == 0 &&
	    check_signature(c, e) == 0)
		rc = finish(&o, e);
	bk_signed_free(o.digest);
	return rc;
}

void
bk_crypt_free(struct bk_crypt *c)
{
	if (c == NULL)
		return;
	bk_header_free(&c->header);
	bk_armor_free(c->armor);
	bk_signed_free(c->digest);
	bk_signed_free(c->file);
	bk_wipe(c, sizeof(*c));
	free(c);
}
