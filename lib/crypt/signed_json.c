#include "crypt/signed_json.h"

#include <string.h>

#include "base/base64.h"

static const char before[] = ",\"signature\":\"", after[] = "\"}";

#define BASE64 ((BK_SIGN_LEN * 8 + 5) / 6)	/* without padding */
#define TAIL (sizeof(before) - 1 + BASE64 + sizeof(after) - 1)

int
bk_signed_json_add(struct bk_buf *json, const struct bk_signer *s,
    struct bk_err *e)
{
	uint8_t signature[BK_SIGN_LEN];
	char text[BASE64 + 1];
	const size_t n = json->len - strlen("}\n");

	if (bk_sign(signature, s, json->data, n, e) == -1 ||
	    bk_buf_reserve(json, TAIL, e) == -1)
		return -1;
	bk_base64_encode(text, signature, BK_SIGN_LEN);
	json->len = n;
	return bk_buf_printf(json, e, "%s%s%s\n", before, text, after);
}

int
bk_signed_json_check(const char *text, size_t n, const struct bk_verifiers *v,
    struct bk_err *e)
{
	uint8_t signature[BK_SIGN_LEN + 2];
	const char *tail = text + (n < TAIL ? 0 : n - TAIL),
	    *coded = tail + strlen(before);
	char base64[BASE64 + 1] = "";
	int rc = 0;
	size_t i;

	if (n < TAIL || memcmp(tail, before, strlen(before)) != 0 ||
	    memcmp(coded + BASE64, after, strlen(after)) != 0)
		return 0;
	memcpy(base64, coded, BASE64);
	if (strlen(base64) != BASE64 || bk_base64_decode(signature, base64,
	    BASE64) != BK_SIGN_LEN)
		return 0;
	for (i = 0; rc == 0 && i < v->n; i++)
		rc = bk_sign_check(signature, v->key[i], text, n - TAIL, e);
	return rc;
}
