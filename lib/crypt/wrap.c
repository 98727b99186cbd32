#include "crypt/wrap.h"

#include <openssl/evp.h>

#include <string.h>

#include "base/base64.h"

#define SALT_LEN 16
#define LABEL_MAX 32		/* bytes of a suite's scrypt label */
#define BODY_MAX (BK_SUITE_KEY + BK_SUITE_TAG)

static int
is_type(const struct bk_stanza *st, const char *type)
{
	return strcmp(st->arg[0], type) == 0;
}

/* The key that wraps the file key, from the shared X25519 secret. */
static int
x25519_wrap_key(uint8_t out[BK_SUITE_KEY], const struct bk_suite *s,
    const uint8_t shared[32], const uint8_t share[32],
    const uint8_t public[BK_KEY_LEN], struct bk_err *e)
{
	uint8_t salt[64];

	memcpy(salt, share, 32);
	memcpy(salt + 32, public, 32);
	return bk_suite_hkdf(out, shared, 32, salt, sizeof(salt), s->x25519,
	    e);
}

int
bk_wrap_x25519(struct bk_buf *b, const struct bk_suite *s,
    const uint8_t *file_key, const uint8_t public[BK_KEY_LEN],
    struct bk_err *e)
{
	struct bk_identity ephemeral;
	uint8_t shared[32], key[BK_SUITE_KEY], body[BODY_MAX];
	char args[sizeof("X25519 ") + BK_BASE64_LEN(32)] = "X25519 ";
	int rc = -1, good;

	if (bk_identity_make(&ephemeral, e) == -1)
		goto done;
	good = bk_x25519_shared(shared, ephemeral.secret, public, e);
	if (good != 1) {
		if (good == 0)
			bk_fail(e, BK_USAGE, "recipient: weak key");
		goto done;
	}
	if (x25519_wrap_key(key, s, shared, ephemeral.public, public, e) ==
	    -1 || bk_suite_wrap(s, body, key, file_key, e) == -1)
		goto done;
	bk_base64_encode(args + strlen(args), ephemeral.public, 32);
	rc = bk_header_stanza(b, args, body, s->file_key_len + BK_SUITE_TAG,
	    e);
 done:
	bk_wipe(&ephemeral, sizeof(ephemeral));
	bk_wipe(shared, sizeof(shared));
	bk_wipe(key, sizeof(key));
	return rc;
}

/* The key that wraps the file key, from a passphrase. */
static int
scrypt_wrap_key(uint8_t out[BK_SUITE_KEY], const struct bk_suite *s,
    const char *passphrase, const uint8_t salt[SALT_LEN], unsigned logn,
    struct bk_err *e)
{
	uint8_t labelled[LABEL_MAX + SALT_LEN];
	size_t len = strlen(s->scrypt);
	uint64_t memory = (UINT64_C(128) * 8 << logn) + (1 << 20);

	memcpy(labelled, s->scrypt, len);
	memcpy(labelled + len, salt, SALT_LEN);
	if (EVP_PBE_scrypt(passphrase, strlen(passphrase), labelled,
	    len + SALT_LEN, UINT64_C(1) << logn, 8, 1, memory, out,
	    BK_SUITE_KEY) == 1)
		return 0;
	return bk_suite_fail(e, "scrypt");
}

int
bk_wrap_scrypt(struct bk_buf *b, const struct bk_suite *s,
    const uint8_t *file_key, const char *passphrase, struct bk_err *e)
{
	uint8_t salt[SALT_LEN], key[BK_SUITE_KEY], body[BODY_MAX];
	char text[BK_BASE64_LEN(SALT_LEN) + 1];
	struct bk_buf args = {0};
	int rc = -1;

	if (bk_suite_random(salt, sizeof(salt), e) == -1 ||
	    scrypt_wrap_key(key, s, passphrase, salt, BK_SCRYPT_LOGN, e) == -1)
		goto done;
	bk_base64_encode(text, salt, sizeof(salt));
	if (bk_suite_wrap(s, body, key, file_key, e) == 0 &&
	    bk_buf_printf(&args, e, "scrypt %s %d", text, BK_SCRYPT_LOGN) == 0)
		rc = bk_header_stanza(b, args.data, body,
		    s->file_key_len + BK_SUITE_TAG, e);
 done:
	bk_buf_free(&args);
	bk_wipe(key, sizeof(key));
	return rc;
}

/* Decode an argument of exactly n bytes; out has room for n + 2.  0 or -1. */
static int
decode_arg(uint8_t *out, const char *arg, size_t n)
{
	return strlen(arg) == BK_BASE64_LEN(n) &&
	    bk_base64_decode(out, arg, strlen(arg)) == (ssize_t)n ? 0 : -1;
}

/* Parse a work factor: decimal, no sign, no leading zero.  0: malformed. */
static unsigned
work_factor(const char *s)
{
	unsigned n = 0;

	if (*s == '0' || strspn(s, "0123456789") != strlen(s))
		return 0;
	while (*s != '\0' && n < 1000)
		n = n * 10 + (unsigned)(*s++ - '0');
	return n;
}

static int
check_scrypt(const struct bk_stanza *st, struct bk_err *e)
{
	uint8_t salt[SALT_LEN + 2];
	unsigned logn;

	if (st->nargs != 3 || decode_arg(salt, st->arg[1], SALT_LEN) == -1 ||
	    (logn = work_factor(st->arg[2])) == 0)
		return bk_fail(e, BK_DATA, "header: malformed: a scrypt "
		    "stanza's arguments");
	if (logn > BK_SCRYPT_LOGN_MAX)
		return bk_fail(e, BK_DATA, "header: the passphrase's work "
		    "factor is over %d, the most that is accepted: it would "
		    "need more than 4 GiB of memory", BK_SCRYPT_LOGN_MAX);
	return 0;
}

int
bk_wrap_check(const struct bk_header *h, struct bk_err *e)
{
	uint8_t share[32 + 2];
	size_t i;

	for (i = 0; i < h->nstanzas; i++) {
		const struct bk_stanza *st = &h->stanza[i];

		if (is_type(st, "scrypt")) {
			if (check_scrypt(st, e) == -1)
				return -1;
		} else if (is_type(st, "X25519")) {
			if (st->nargs != 2 ||
			    decode_arg(share, st->arg[1], 32) == -1)
				return bk_fail(e, BK_DATA, "header: "
				    "malformed: an X25519 stanza's arguments");
		} else
			continue;
		/* before decryption, or the length leaks about the key */
		if (st->body_len != h->suite->file_key_len + BK_SUITE_TAG)
			return bk_fail(e, BK_DATA, "header: malformed: a "
			    "wrapped file key of the wrong length");
	}
	return 0;
}

static int
unwrap_x25519(const struct bk_header *h, const struct bk_stanza *st,
    const struct bk_identity *id, uint8_t *file_key, struct bk_err *e)
{
	uint8_t share[32 + 2], shared[32], key[BK_SUITE_KEY];
	int rc = -1;

	(void)decode_arg(share, st->arg[1], 32);	/* checked before */
	if ((rc = bk_x25519_shared(shared, id->secret, share, e)) == 0)
		rc = bk_fail(e, BK_DATA, "header: malformed: an X25519 "
		    "share of low order");
	else if (rc == 1)
		rc = x25519_wrap_key(key, h->suite, shared, share, id->public,
		    e);
	if (rc == 0)
		rc = bk_suite_unwrap(h->suite, file_key, key, st->body, e);
	bk_wipe(shared, sizeof(shared));
	bk_wipe(key, sizeof(key));
	return rc;
}

static int
unwrap_scrypt(const struct bk_header *h, const struct bk_stanza *st,
    const char *passphrase, uint8_t *file_key, struct bk_err *e)
{
	uint8_t salt[SALT_LEN + 2], key[BK_SUITE_KEY];
	int rc;

	(void)decode_arg(salt, st->arg[1], SALT_LEN);	/* checked before */
	rc = scrypt_wrap_key(key, h->suite, passphrase, salt,
	    work_factor(st->arg[2]), e);
	if (rc == 0)
		rc = bk_suite_unwrap(h->suite, file_key, key, st->body, e);
	bk_wipe(key, sizeof(key));
	return rc;
}

/* Try all identities and the passphrase on a stanza.  1, 0 or -1. */
static int
unwrap_stanza(const struct bk_header *h, const struct bk_stanza *st,
    const struct bk_identities *ids, const char *passphrase,
    uint8_t *file_key, struct bk_err *e)
{
	size_t i;
	int rc = 0;

	if (is_type(st, "X25519"))
		for (i = 0; i < ids->n && rc == 0; i++)
			rc = unwrap_x25519(h, st, &ids->id[i], file_key, e);
	else if (is_type(st, "scrypt") && passphrase != NULL)
		rc = unwrap_scrypt(h, st, passphrase, file_key, e);
	return rc;
}

int
bk_unwrap(const struct bk_header *h, const struct bk_identities *ids,
    const char *passphrase, uint8_t file_key[BK_SUITE_KEY], struct bk_err *e)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < h->nstanzas && rc == 0; i++)
		rc = unwrap_stanza(h, &h->stanza[i], ids, passphrase, file_key,
		    e);
	return rc;
}
