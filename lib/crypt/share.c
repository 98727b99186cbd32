#include "crypt/share.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string.h>

#include "crypt/lines.h"
#include "crypt/suite.h"

#define PREFIX "BK-SHARE-"
#define TEXT_BYTES (2 + BK_SHARE_ID + BK_KEY_LEN)

/* Multiply in GF(256); the time does not depend on a or b. */
static uint8_t
mul(uint8_t a, uint8_t b)
{
	uint8_t r = 0;
	int i;

	for (i = 0; i < 8; i++) {
		r ^= (uint8_t)(a & -(b >> i & 1));
		a = (uint8_t)(a << 1 ^ (0x1b & -(a >> 7)));
	}
	return r;
}

/* The inverse: a to the 254th power. */
static uint8_t
inverse(uint8_t a)
{
	uint8_t square = a, r = 1;
	int i;

	for (i = 1; i < 8; i++) {
		square = mul(square, square);
		r = mul(r, square);
	}
	return r;
}

/*
 * The id of the key that shares belong to, from the secret key: the public key
 * does not depend on the 5 bits of a secret that X25519 ignores.
 */
static int
make_id(uint8_t out[BK_SHARE_ID], const uint8_t secret[BK_KEY_LEN],
    struct bk_err *e)
{
	static const char label[] = "bk-share/v1";
	uint8_t text[sizeof(label) + BK_KEY_LEN], hash[EVP_MAX_MD_SIZE] = {0};
	int rc = 0;

	memcpy(text, label, sizeof(label));	/* with its NUL */
	memcpy(text + sizeof(label), secret, BK_KEY_LEN);
	if (EVP_Digest(text, sizeof(text), hash, NULL, EVP_sha256(), NULL) != 1)
		rc = bk_suite_fail(e, "SHA-256");
	memcpy(out, hash, BK_SHARE_ID);
	bk_wipe(text, sizeof(text));
	return rc;
}

int
bk_share_split(const struct bk_identity *id, unsigned threshold,
    unsigned count, struct bk_share *share, struct bk_err *e)
{
	uint8_t random[BK_SHARE_MAX * BK_KEY_LEN], sid[BK_SHARE_ID], x, y;
	const uint8_t *coefficient;
	unsigned s, k, i;

	if (make_id(sid, id->secret, e) == -1 || bk_suite_random(random,
	    (threshold - 1) * (size_t)BK_KEY_LEN, e) == -1)
		return -1;
	for (s = 0; s < count; s++) {
		x = (uint8_t)(s + 1);
		share[s].threshold = (uint8_t)threshold;
		share[s].number = x;
		memcpy(share[s].id, sid, sizeof(sid));
		for (i = 0; i < BK_KEY_LEN; i++) {
			/* Horner; the secret is the value at 0 */
			for (y = 0, k = threshold - 1; k > 0; k--) {
				coefficient = random + (k - 1) * BK_KEY_LEN;
				y = mul((uint8_t)(y ^ coefficient[i]), x);
			}
			share[s].y[i] = y ^ id->secret[i];
		}
	}
	bk_wipe(random, sizeof(random));
	return 0;
}

/* Select the distinct ones of n shares, at most BK_SHARE_MAX. */
static int
select_shares(const struct bk_share *share, size_t n,
    const struct bk_share *use[BK_SHARE_MAX], size_t *used, struct bk_err *e)
{
	const struct bk_share *seen[BK_SHARE_MAX + 1] = { NULL };
	size_t i;

	for (*used = i = 0; i < n; i++) {
		const struct bk_share *s = &share[i];

		if (s->threshold != share[0].threshold ||
		    memcmp(s->id, share[0].id, BK_SHARE_ID) != 0)
			return bk_fail(e, BK_DATA, "shares: belong to "
			    "different keys");
		if (seen[s->number] == NULL) {
			seen[s->number] = use[(*used)++] = s;
		} else if (CRYPTO_memcmp(seen[s->number]->y, s->y,
		    BK_KEY_LEN) != 0)
			return bk_fail(e, BK_DATA, "shares: two different "
			    "shares have number %u", s->number);
	}
	if (*used < share[0].threshold)
		return bk_fail(e, BK_DATA, "shares: %zu given, %u needed",
		    *used, share[0].threshold);
	return 0;
}

int
bk_share_join(const struct bk_share *share, size_t n, struct bk_identity *id,
    struct bk_err *e)
{
	const struct bk_share *use[BK_SHARE_MAX];
	uint8_t sid[BK_SHARE_ID], weight, xi, xk;
	size_t used, i, k, b;

	if (n == 0)
		return bk_fail(e, BK_DATA, "shares: none");
	if (select_shares(share, n, use, &used, e) == -1)
		return -1;
	memset(id, 0, sizeof(*id));
	for (i = 0; i < used; i++) {	/* Lagrange's formula at 0 */
		xi = use[i]->number;
		for (weight = 1, k = 0; k < used; k++) {
			xk = use[k]->number;
			if (k != i)
				weight = mul(weight, mul(xk,
				    inverse(xk ^ xi)));
		}
		for (b = 0; b < BK_KEY_LEN; b++)
			id->secret[b] ^= mul(weight, use[i]->y[b]);
	}
	if (bk_identity_complete(id, e) == -1 ||
	    make_id(sid, id->secret, e) == -1)
		return -1;
	if (memcmp(sid, share[0].id, BK_SHARE_ID) == 0)
		return 0;
	bk_wipe(id, sizeof(*id));
	return bk_fail(e, BK_DATA, "shares: do not combine into their key; one "
	    "is wrong");
}

void
bk_share_format(char out[BK_BECH32_TEXT], const struct bk_share *share)
{
	uint8_t data[TEXT_BYTES];

	data[0] = share->threshold;
	data[1] = share->number;
	memcpy(data + 2, share->id, BK_SHARE_ID);
	memcpy(data + 2 + BK_SHARE_ID, share->y, BK_KEY_LEN);
	bk_bech32_encode(out, PREFIX, data, sizeof(data));
	bk_wipe(data, sizeof(data));
}

int
bk_share_parse(struct bk_share *share, const char *text, struct bk_err *e)
{
	uint8_t data[BK_BECH32_DATA];
	int rc = 0;

	if (bk_bech32_decode(data, PREFIX, text) != TEXT_BYTES ||
	    data[0] < 2 || data[1] == 0) {
		rc = bk_fail(e, BK_DATA, "not a BK-SHARE-1..., or mistyped");
	} else {
		share->threshold = data[0];
		share->number = data[1];
		memcpy(share->id, data + 2, BK_SHARE_ID);
		memcpy(share->y, data + 2 + BK_SHARE_ID, BK_KEY_LEN);
	}
	bk_wipe(data, sizeof(data));
	return rc;
}

static int
add_share(void *ctx, const char *line, struct bk_err *e)
{
	struct bk_shares *s = ctx;

	if (s->n == BK_SHARE_MAX)
		return bk_fail(e, BK_DATA, "more than %d shares",
		    BK_SHARE_MAX);
	if (bk_share_parse(&s->share[s->n], line, e) == -1)
		return -1;
	s->n++;
	return 0;
}

int
bk_shares_parse(struct bk_shares *s, struct bk_buf *text, const char *name,
    struct bk_err *e)
{
	size_t before = s->n;

	if (bk_lines_each(text, name, BK_DATA, add_share, s, e) == -1)
		return -1;
	return s->n > before ? 0 : bk_fail(e, BK_DATA, "%s: contains no "
	    "share (BK-SHARE-1...)", name);
}
