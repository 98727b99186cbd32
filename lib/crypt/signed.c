#include "crypt/signed.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "crypt/suite.h"

#define DIGEST 64		/* bytes of BLAKE2b-512 */
#define KEY_ID 8
#define PREHASHED "ED"

static const char untrusted[] = "untrusted comment: ";
static const char trusted[] = "trusted comment: ";

struct bk_signed {
	EVP_MD_CTX *md;
};

struct bk_signed *
bk_signed_open(struct bk_err *e)
{
	struct bk_signed *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	if ((d->md = EVP_MD_CTX_new()) == NULL ||
	    EVP_DigestInit_ex(d->md, EVP_blake2b512(), NULL) != 1) {
		bk_suite_fail(e, "BLAKE2b");
		bk_signed_free(d);
		return NULL;
	}
	return d;
}

int
bk_signed_add(struct bk_signed *d, const void *p, size_t n, struct bk_err *e)
{
	return EVP_DigestUpdate(d->md, p, n) == 1 ? 0
	    : bk_suite_fail(e, "BLAKE2b");
}

static int
finish(struct bk_signed *d, uint8_t digest[DIGEST], struct bk_err *e)
{
	return EVP_DigestFinal_ex(d->md, digest, NULL) == 1 ? 0
	    : bk_suite_fail(e, "BLAKE2b");
}

int
bk_signed_sign(struct bk_signed *d, const struct bk_signer *s,
    uint8_t signature[BK_SIGN_LEN], struct bk_err *e)
{
	uint8_t digest[DIGEST];

	if (finish(d, digest, e) == -1)
		return -1;
	return bk_sign(signature, s, digest, sizeof(digest), e);
}

ssize_t
bk_signed_check(struct bk_signed *d, const struct bk_verifiers *signers,
    const uint8_t signature[BK_SIGN_LEN], struct bk_err *e)
{
	uint8_t digest[DIGEST];
	size_t i;
	int valid;

	if (finish(d, digest, e) == -1)
		return -1;
	for (i = 0; i < signers->n; i++) {
		if ((valid = bk_sign_check(signature, signers->key[i], digest,
		    sizeof(digest), e)) != 0)
			return valid == 1 ? (ssize_t)i : -1;
	}
	return bk_fail(e, BK_DATA, "signature: not one of the accepted signers "
	    "signed this stream, or it was altered");
}

void
bk_signed_free(struct bk_signed *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->md);
	free(d);
}

static int
key_id(uint8_t id[KEY_ID], const uint8_t public[BK_SIGN_KEY],
    struct bk_err *e)
{
	uint8_t digest[DIGEST];

	if (EVP_Digest(public, BK_SIGN_KEY, digest, NULL, EVP_blake2b512(),
	    NULL) != 1)
		return bk_suite_fail(e, "BLAKE2b");
	memcpy(id, digest, KEY_ID);
	return 0;
}

/* Append a line of base64 with the padding that minisign wants. */
static int
add_base64(struct bk_buf *b, const uint8_t *p, size_t n, struct bk_err *e)
{
	char text[BK_BASE64_LEN(2 + KEY_ID + BK_SIGN_LEN) + 1];

	bk_base64_encode(text, p, n);
	return bk_buf_printf(b, e, "%s%.*s\n", text,
	    (int)(3 - n % 3) % 3, "==");
}

/* The signature of signature and trusted comment together. */
static int
message(struct bk_buf *b, const uint8_t signature[BK_SIGN_LEN],
    const char *comment, struct bk_err *e)
{
	if (bk_buf_add(b, signature, BK_SIGN_LEN, e) == -1)
		return -1;
	return bk_buf_puts(b, comment, e);
}

int
bk_signed_format(struct bk_buf *b, const struct bk_signer *s,
    const uint8_t signature[BK_SIGN_LEN], time_t now, struct bk_err *e)
{
	uint8_t line[2 + KEY_ID + BK_SIGN_LEN], global[BK_SIGN_LEN];
	char public[BK_SIGNED_PUBLIC], comment[64];
	struct bk_buf all = {0};
	int rc = -1;

	memcpy(line, PREHASHED, 2);
	memcpy(line + 2 + KEY_ID, signature, BK_SIGN_LEN);
	(void)snprintf(comment, sizeof(comment), "timestamp:%" PRIdMAX
	    "\thashed", (intmax_t)now);
	if (key_id(line + 2, s->public, e) == 0 &&
	    bk_signed_public(public, s->public, e) == 0 &&
	    message(&all, signature, comment, e) == 0 &&
	    bk_sign(global, s, all.data, all.len, e) == 0 &&
	    bk_buf_printf(b, e, "%ssigned by bk-crypt, minisign public key "
	    "%s\n", untrusted, public) == 0 &&
	    add_base64(b, line, sizeof(line), e) == 0 &&
	    bk_buf_printf(b, e, "%s%s\n", trusted, comment) == 0)
		rc = add_base64(b, global, sizeof(global), e);
	bk_buf_free(&all);
	return rc;
}

/* Cut the next line off *text; NULL if there is none. */
static char *
next_line(char **text)
{
	char *line = *text, *end = strchr(line, '\n');

	if (end == NULL)
		return NULL;
	*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	*text = end + 1;
	return line;
}

/* Decode a line of n bytes in base64, with its padding; 1 if it is. */
static int
decode(uint8_t *out, size_t n, const char *line)
{
	size_t len = BK_BASE64_LEN(n), pad = (3 - n % 3) % 3;
	uint8_t bytes[2 + KEY_ID + BK_SIGN_LEN + 2];

	if (strlen(line) != len + pad || strspn(line + len, "=") != pad ||
	    bk_base64_decode(bytes, line, len) != (ssize_t)n)
		return 0;
	memcpy(out, bytes, n);
	return 1;
}

struct parts {
	uint8_t id[KEY_ID], signature[BK_SIGN_LEN], global[BK_SIGN_LEN];
	const char *comment;	/* the trusted one */
};

/* 1 if text is of the format. */
static int
split(struct parts *p, char *text)
{
	char *line[4];
	uint8_t bytes[2 + KEY_ID + BK_SIGN_LEN];
	size_t i;

	for (i = 0; i < 4; i++)
		if ((line[i] = next_line(&text)) == NULL)
			return 0;
	if (*text != '\0' ||
	    strncmp(line[0], untrusted, strlen(untrusted)) != 0 ||
	    strncmp(line[2], trusted, strlen(trusted)) != 0 ||
	    !decode(bytes, sizeof(bytes), line[1]) ||
	    memcmp(bytes, PREHASHED, 2) != 0 ||
	    !decode(p->global, sizeof(p->global), line[3]))
		return 0;
	memcpy(p->id, bytes + 2, KEY_ID);
	memcpy(p->signature, bytes + 2 + KEY_ID, BK_SIGN_LEN);
	p->comment = line[2] + strlen(trusted);
	return 1;
}

/* The signer whose ID p has: 1, 0 if none, -1 with *e set. */
static int
find_signer(const struct parts *p, const struct bk_verifiers *signers,
    size_t *found, struct bk_err *e)
{
	uint8_t id[KEY_ID];

	for (*found = 0; *found < signers->n; (*found)++) {
		if (key_id(id, signers->key[*found], e) == -1)
			return -1;
		if (memcmp(id, p->id, KEY_ID) == 0)
			return 1;
	}
	return 0;
}

int
bk_signed_parse(uint8_t signature[BK_SIGN_LEN], struct bk_buf *text,
    const char *name, const struct bk_verifiers *signers, struct bk_err *e)
{
	struct parts p;
	struct bk_buf all = {0};
	size_t signer;
	int rc;

	if (text->len == 0 || strlen(text->data) != text->len ||
	    !split(&p, text->data))
		return bk_fail(e, BK_DATA, "%s: not a signature of bk-crypt "
		    "--sign or minisign", name);
	if ((rc = find_signer(&p, signers, &signer, e)) != 1)
		return rc == -1 ? -1 : bk_fail(e, BK_DATA, "%s: not by one of "
		    "the accepted signers", name);
	rc = message(&all, p.signature, p.comment, e);
	if (rc == 0)
		rc = bk_sign_check(p.global, signers->key[signer], all.data,
		    all.len, e);
	bk_buf_free(&all);
	if (rc != 1)
		return rc == -1 ? -1 : bk_fail(e, BK_DATA, "%s: its trusted "
		    "comment was altered", name);
	memcpy(signature, p.signature, BK_SIGN_LEN);
	return 0;
}

int
bk_signed_public(char out[BK_SIGNED_PUBLIC],
    const uint8_t public[BK_SIGN_KEY], struct bk_err *e)
{
	uint8_t bytes[2 + KEY_ID + BK_SIGN_KEY];

	memcpy(bytes, "Ed", 2);
	memcpy(bytes + 2 + KEY_ID, public, BK_SIGN_KEY);
	if (key_id(bytes + 2, public, e) == -1)
		return -1;
	bk_base64_encode(out, bytes, sizeof(bytes));
	return 0;
}
