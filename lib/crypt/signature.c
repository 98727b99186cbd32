#include "crypt/signature.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/grow.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/secret.h"
#include "base/utctime.h"
#include "crypt/key.h"
#include "crypt/lines.h"
#include "crypt/suite.h"

#define SECRET_PREFIX "BK-SIGN-KEY-"
#define PUBLIC_PREFIX "bksign"

/* Fill in s->public from s->secret. */
static int
complete(struct bk_signer *s, struct bk_err *e)
{
	EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    s->secret, BK_SIGN_KEY);
	size_t n = BK_SIGN_KEY;
	int good = k != NULL &&
	    EVP_PKEY_get_raw_public_key(k, s->public, &n) == 1;

	EVP_PKEY_free(k);
	return good ? 0 : bk_suite_fail(e, "Ed25519");
}

int
bk_signer_make(struct bk_signer *s, struct bk_err *e)
{
	if (bk_suite_random(s->secret, BK_SIGN_KEY, e) == -1)
		return -1;
	return complete(s, e);
}

int
bk_signer_is(const char *text)
{
	const char *line;

	for (line = text; line != NULL && *line != '\0';) {
		if (strncmp(line, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0)
			return 1;
		if ((line = strchr(line, '\n')) != NULL)
			line++;
	}
	return 0;
}

struct loading {
	struct bk_signer *signer;
	size_t n;
};

static int
add_signer(void *ctx, const char *line, struct bk_err *e)
{
	struct loading *l = ctx;
	uint8_t data[BK_BECH32_DATA];
	int rc = -1;

	/* the line is a secret or close to one: keep it out of messages */
	if (bk_bech32_decode(data, SECRET_PREFIX, line) != BK_SIGN_KEY) {
		bk_fail(e, BK_DATA, "not a " SECRET_PREFIX "1..., or a damaged "
		    "one; bk-keygen --sign makes one");
	} else if (l->n++ > 0) {
		bk_fail(e, BK_DATA, "a second key");
	} else {
		bk_secret_hold(l->signer, sizeof(*l->signer));
		memcpy(l->signer->secret, data, BK_SIGN_KEY);
		rc = complete(l->signer, e);
	}
	bk_wipe(data, sizeof(data));
	return rc;
}

int
bk_signer_parse(struct bk_signer *s, struct bk_buf *text, const char *name,
    struct bk_err *e)
{
	struct loading l = { .signer = s };

	if (bk_lines_each(text, name, BK_DATA, add_signer, &l, e) == -1)
		return -1;
	return l.n == 1 ? 0 : bk_fail(e, BK_DATA, "%s: no " SECRET_PREFIX
	    "1... in it; bk-keygen --sign makes one", name);
}

int
bk_signer_load(struct bk_signer *s, const char *path, struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_secret_load(path, BK_KEY_FILE_MAX, &b, e) == 0)
		rc = bk_signer_parse(s, &b, path, e);
	bk_buf_free(&b);
	return rc;
}

int
bk_signer_format(struct bk_buf *b, const struct bk_signer *s, time_t now,
    struct bk_err *e)
{
	char when[BK_UTCTIME_TEXT], public[BK_BECH32_TEXT];
	char secret[BK_BECH32_TEXT];
	int rc;

	bk_utctime_format(now, when);
	bk_verifier_format(public, s->public);
	bk_bech32_encode(secret, SECRET_PREFIX, s->secret, BK_SIGN_KEY);
	rc = bk_buf_printf(b, e, "# created: %s\n# public key: %s\n%s\n",
	    when, public, secret);
	bk_wipe(secret, sizeof(secret));
	return rc;
}

void
bk_verifier_format(char out[BK_BECH32_TEXT],
    const uint8_t public[BK_SIGN_KEY])
{
	bk_bech32_encode(out, PUBLIC_PREFIX, public, BK_SIGN_KEY);
}

int
bk_verifier_parse(uint8_t public[BK_SIGN_KEY], const char *text)
{
	uint8_t data[BK_BECH32_DATA];

	if (bk_bech32_decode(data, PUBLIC_PREFIX, text) != BK_SIGN_KEY)
		return -1;
	memcpy(public, data, BK_SIGN_KEY);
	return 0;
}

static int
add_verifier(void *ctx, const char *line, struct bk_err *e)
{
	struct bk_verifiers *v = ctx;
	uint8_t public[BK_SIGN_KEY], (*more)[BK_SIGN_KEY];
	size_t i;

	if (bk_verifier_parse(public, line) == -1)
		return bk_fail(e, BK_DATA, "not a " PUBLIC_PREFIX "1... public "
		    "key, which bk-keygen -y prints, or a damaged one");
	for (i = 0; i < v->n; i++)
		if (memcmp(v->key[i], public, BK_SIGN_KEY) == 0)
			return 0;
	if ((more = bk_grow(v->key, v->n, NULL, sizeof(*more), e)) == NULL)
		return -1;
	v->key = more;
	memcpy(v->key[v->n++], public, BK_SIGN_KEY);
	return 0;
}

int
bk_verifiers_load(struct bk_verifiers *v, const char *path, struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_io_slurp(path, BK_KEY_FILE_MAX, &b, e) == 0 &&
	    bk_lines_each(&b, path, BK_DATA, add_verifier, v, e) == 0)
		rc = v->n > 0 ? 0 : bk_fail(e, BK_DATA, "%s: no "
		    PUBLIC_PREFIX "1... in it", path);
	bk_buf_free(&b);
	return rc;
}

int
bk_sign(uint8_t signature[BK_SIGN_LEN], const struct bk_signer *s,
    const void *p, size_t n, struct bk_err *e)
{
	EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    s->secret, BK_SIGN_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = BK_SIGN_LEN;
	int good = k != NULL && ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, k) == 1 &&
	    EVP_DigestSign(ctx, signature, &len, p, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(k);
	return good ? 0 : bk_suite_fail(e, "Ed25519");
}

static int
verify(const uint8_t signature[BK_SIGN_LEN], const uint8_t public[BK_SIGN_KEY],
    const void *p, size_t n)
{
	EVP_PKEY *k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
	    public, BK_SIGN_KEY);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int good = k != NULL && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k) == 1 &&
	    EVP_DigestVerify(ctx, signature, BK_SIGN_LEN, p, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(k);
	return good;
}

/* RFC 8032, 7.1, test 1: of no bytes. */
static int
verifies_at_all(void)
{
	static const char public[] = "d75a980182b10ab7d54bfed3c964073a"
	    "0ee172f3daa62325af021a68f707511a",
	    signature[] = "e5564300c360ac729086e2cc806e828a"
	    "84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
	    "d25bf5f0595bbe24655141438e7a100b";
	uint8_t k[BK_SIGN_KEY], s[BK_SIGN_LEN];

	return bk_hex_bytes(public, sizeof(k), k) == 0 &&
	    bk_hex_bytes(signature, sizeof(s), s) == 0 && verify(s, k, "", 0);
}

/* libcrypto has one word for what is wrong and for lacking memory to tell. */
int
bk_sign_check(const uint8_t signature[BK_SIGN_LEN],
    const uint8_t public[BK_SIGN_KEY], const void *p, size_t n,
    struct bk_err *e)
{
	if (verify(signature, public, p, n))
		return 1;
	if (!verifies_at_all())
		return bk_suite_fail(e, "Ed25519");
	return verify(signature, public, p, n);
}
