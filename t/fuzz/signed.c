/* Signatures beside a stream, in minisign's format. */
#include "fuzz.h"

#include "crypt/signed.h"

/* libcrypto's Ed25519 and BLAKE2b: what they set up on the first use. */
FUZZ(1 << 20, 4)
{
	static struct bk_signer signer;
	struct bk_verifiers v = { .key = &signer.public, .n = 1 };
	uint8_t signature[BK_SIGN_LEN];
	struct bk_buf text = {0};
	struct bk_err e = {0};
	char key[] = "BK-SIGN-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRY"
	    "DPK8QARC0SHV7UZS\n";

	if (signer.public[0] == 0) {
		CHECK(bk_buf_puts(&text, key, &e) == 0 &&
		    bk_signer_parse(&signer, &text, "key", &e) == 0);
		bk_buf_free(&text);
	}
	CHECK(bk_buf_add(&text, p, n, &e) == 0);
	fuzz_agree(bk_signed_parse(signature, &text, "fuzz", &v, &e), &e);
	bk_buf_free(&text);
}
