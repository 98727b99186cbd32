/* Keys, recipients, signing keys and shares: each has one text. */
#include "fuzz.h"

#include "crypt/bech32.h"
#include "crypt/key.h"
#include "crypt/share.h"
#include "crypt/signature.h"

static void
one_line(const char *s)
{
	struct bk_recipients r = {0};
	struct bk_share share;
	struct bk_err e = {0};
	uint8_t public[BK_SIGN_KEY];
	char again[BK_BECH32_TEXT];
	int rc = bk_recipients_add(&r, s, &e);

	fuzz_agree(rc, &e);
	if (rc == 0) {
		bk_recipient_format(again, r.key[0]);
		CHECK(strcmp(again, s) == 0);
	}
	bk_recipients_free(&r);
	if (bk_verifier_parse(public, s) == 0) {
		bk_verifier_format(again, public);
		CHECK(strcmp(again, s) == 0);
	}
	e = (struct bk_err){0};
	rc = bk_share_parse(&share, s, &e);
	fuzz_agree(rc, &e);
	if (rc == 0) {
		bk_share_format(again, &share);
		CHECK(strcmp(again, s) == 0);
		CHECK(share.threshold >= 2 && share.number >= 1);
	}
}

static struct bk_buf
copy(const uint8_t *p, size_t n)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	CHECK(bk_buf_add(&b, p, n, &e) == 0);
	return b;
}

/* libcrypto's X25519 and Ed25519: what they set up on the first use. */
FUZZ(1 << 20, 40)
{
	static struct bk_shares shares;
	struct bk_identities ids = {0};
	struct bk_identity id;
	struct bk_verifiers v = {0};
	struct bk_signer signer;
	struct bk_err e[4] = {{0}};
	struct bk_buf b;

	one_line(fuzz_text(p, n));
	b = copy(p, n);
	fuzz_agree(bk_identities_parse(&ids, &b, "fuzz", &e[0]), &e[0]);
	bk_identities_free(&ids);
	bk_buf_free(&b);
	b = copy(p, n);
	fuzz_agree(bk_signer_parse(&signer, &b, "fuzz", &e[1]), &e[1]);
	bk_buf_free(&b);
	fuzz_agree(bk_verifiers_load(&v, fuzz_path(0, p, n), &e[2]), &e[2]);
	free(v.key);
	b = copy(p, n);
	shares.n = 0;
	if (bk_shares_parse(&shares, &b, "fuzz", &e[3]) == 0)
		(void)bk_share_join(shares.share, shares.n, &id, &e[3]);
	bk_buf_free(&b);
}
