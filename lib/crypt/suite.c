#include "crypt/suite.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <string.h>

#include "base/buf.h"
#include "stream/heads.h"

#define BK BK_HEAD_CRYPT BK_HEAD_VERSION
#define AGE BK_HEAD_AGE BK_HEAD_VERSION

const struct bk_suite bk_suite_bk = {
	.version = BK,
	.aead = EVP_aes_256_gcm,
	.file_key_len = 32,
	.marks = 1,
	.x25519 = BK "/X25519",
	.scrypt = BK "/scrypt",
	.header = BK "/header",
	.payload = BK "/payload",
};

const struct bk_suite bk_suite_age = {
	.version = AGE,
	.aead = EVP_chacha20_poly1305,
	.file_key_len = 16,
	.x25519 = AGE "/X25519",
	.scrypt = AGE "/scrypt",
	.header = "header",
	.payload = "payload",
};

void
bk_suite_prepare(void)
{
	/* fails where there is none, which is fine */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
}

int
bk_suite_fail(struct bk_err *e, const char *operation)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return bk_fail(e, BK_FAIL, "libcrypto: %s: %s", operation,
	    reason == NULL ? "failed" : reason);
}

int
bk_suite_hkdf(uint8_t out[BK_SUITE_KEY], const uint8_t *ikm, size_t n,
    const uint8_t *salt, size_t salt_len, const char *info, struct bk_err *e)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf == NULL ? NULL : EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, (void *)ikm, n),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)info,
		    strlen(info)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
		    salt_len),
		OSSL_PARAM_END
	};
	int good;

	if (salt_len == 0)		/* RFC 5869: equivalent to 32 zeros */
		params[3] = (OSSL_PARAM)OSSL_PARAM_END;
	good = ctx != NULL &&
	    EVP_KDF_derive(ctx, out, BK_SUITE_KEY, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good ? 0 : bk_suite_fail(e, "HKDF");
}

static const uint8_t zero_nonce[BK_SUITE_NONCE];

int
bk_suite_wrap(const struct bk_suite *s, uint8_t *out,
    const uint8_t key[BK_SUITE_KEY], const uint8_t *file_key, struct bk_err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = (int)s->file_key_len, n, good;

	good = ctx != NULL &&
	    EVP_EncryptInit_ex(ctx, s->aead(), NULL, key, zero_nonce) == 1 &&
	    EVP_EncryptUpdate(ctx, out, &n, file_key, len) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + len, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BK_SUITE_TAG,
	    out + len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return good ? 0 : bk_suite_fail(e, "wrapping the file key");
}

int
bk_suite_unwrap(const struct bk_suite *s, uint8_t *file_key,
    const uint8_t key[BK_SUITE_KEY], const uint8_t *body, struct bk_err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = (int)s->file_key_len, n, ready, good;

	ready = ctx != NULL &&
	    EVP_DecryptInit_ex(ctx, s->aead(), NULL, key, zero_nonce) == 1 &&
	    EVP_DecryptUpdate(ctx, file_key, &n, body, len) == 1 &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BK_SUITE_TAG,
	    (void *)(body + len)) == 1;
	good = ready && EVP_DecryptFinal_ex(ctx, file_key + len, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ready)
		return bk_suite_fail(e, "unwrapping the file key");
	if (!good) {
		ERR_clear_error();
		bk_wipe(file_key, s->file_key_len);
	}
	return good;
}

int
bk_suite_mac(const struct bk_suite *s, uint8_t out[32],
    const uint8_t *file_key, const void *text, size_t n, struct bk_err *e)
{
	uint8_t key[BK_SUITE_KEY];
	unsigned len;
	int rc = -1;

	if (bk_suite_hkdf(key, file_key, s->file_key_len, NULL, 0, s->header,
	    e) == -1)
		return -1;
	if (HMAC(EVP_sha256(), key, sizeof(key), text, n, out, &len) != NULL)
		rc = 0;
	else
		bk_suite_fail(e, "HMAC");
	bk_wipe(key, sizeof(key));
	return rc;
}

int
bk_x25519_public(uint8_t out[32], const uint8_t secret[32], struct bk_err *e)
{
	EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
	    secret, 32);
	size_t n = 32;
	int good = k != NULL && EVP_PKEY_get_raw_public_key(k, out, &n) == 1;

	EVP_PKEY_free(k);
	return good ? 0 : bk_suite_fail(e, "X25519");
}

int
bk_x25519_shared(uint8_t out[32], const uint8_t secret[32],
    const uint8_t public[32], struct bk_err *e)
{
	EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL,
	    secret, 32);
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL,
	    public, 32);
	EVP_PKEY_CTX *ctx = k == NULL ? NULL : EVP_PKEY_CTX_new(k, NULL);
	size_t n = 32;
	int ready, good;

	ready = ctx != NULL && peer != NULL &&
	    EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, peer) == 1;
	/* fails only if the result is zero, from a low-order point */
	good = ready && EVP_PKEY_derive(ctx, out, &n) == 1;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	EVP_PKEY_free(k);
	if (!ready)
		return bk_suite_fail(e, "X25519");
	ERR_clear_error();
	return good;
}

int
bk_suite_random(void *out, size_t n, struct bk_err *e)
{
	return RAND_bytes(out, (int)n) == 1 ? 0
	    : bk_suite_fail(e, "random bytes");
}
