#include "s3/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/debug.h"
#include "base/hex.h"
#include "base/utctime.h"

#define MAX_HEADERS 64

void
bk_s3_amz_date(time_t t, char out[BK_S3_AMZ_DATE])
{
	char text[BK_UTCTIME_TEXT];

	bk_utctime_compact(t, text);
	memcpy(out, text, BK_S3_AMZ_DATE - 1);
	out[BK_S3_AMZ_DATE - 1] = '\0';
}

void
bk_s3_sha256(const void *p, size_t n, uint8_t out[BK_S3_SHA256])
{
	/* fails only without memory; zeros are then refused by the server */
	if (!EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL))
		memset(out, 0, BK_S3_SHA256);
}

static int
by_name(const void *a, const void *b)
{
	const struct bk_s3_pair *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* A header's value, trimmed, inner runs of blanks collapsed. */
static int
add_trimmed(struct bk_buf *b, const char *v, struct bk_err *e)
{
	size_t n;

	v += strspn(v, " \t");
	while (*v != '\0') {
		n = strcspn(v, " \t");
		if (bk_buf_add(b, v, n, e) == -1)
			return -1;
		v += n;
		v += strspn(v, " \t");
		if (*v != '\0' && bk_buf_puts(b, " ", e) == -1)
			return -1;
	}
	return 0;
}

/* Canonical request into *creq, "host;x-amz-date" into *names. */
static int
canonical(const struct bk_s3_signing *s, struct bk_buf *creq,
    struct bk_buf *names, struct bk_err *e)
{
	struct bk_s3_pair h[MAX_HEADERS];
	size_t i;

	if (s->n_headers > MAX_HEADERS)
		return bk_fail(e, BK_FAIL, "more than %d headers to sign",
		    MAX_HEADERS);
	memcpy(h, s->headers, s->n_headers * sizeof(*h));
	qsort(h, s->n_headers, sizeof(*h), by_name);
	if (bk_buf_printf(creq, e, "%s\n%s\n%s\n", s->method, s->path,
	    s->query) == -1)
		return -1;
	for (i = 0; i < s->n_headers; i++)
		if (bk_buf_printf(creq, e, "%s:", h[i].name) == -1 ||
		    add_trimmed(creq, h[i].value, e) == -1 ||
		    bk_buf_puts(creq, "\n", e) == -1 ||
		    bk_buf_printf(names, e, "%s%s", i > 0 ? ";" : "",
		    h[i].name) == -1)
			return -1;
	return bk_buf_printf(creq, e, "\n%s\n%s", names->data,
	    s->payload_hash);
}

static int
hmac(const void *key, size_t key_len, const char *text,
    uint8_t out[BK_S3_SHA256], struct bk_err *e)
{
	if (HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)text,
	    strlen(text), out, NULL) == NULL)
		return bk_fail_memory(e);
	return 0;
}

/* HMAC chain: secret, date, region, service, then the string to sign. */
static int
signature(const struct bk_s3_signing *s, const char *to_sign,
    char out[2 * BK_S3_SHA256 + 1], struct bk_err *e)
{
	struct bk_buf first = {0};
	uint8_t key[BK_S3_SHA256];
	char day[9] = "";
	int rc = -1;

	memcpy(day, s->date, 8);
	if (bk_buf_printf(&first, e, "%s4%s", s->google ? "GOOG" : "AWS",
	    s->secret_key) == 0 &&
	    hmac(first.data, first.len, day, key, e) == 0 &&
	    hmac(key, sizeof(key), s->region, key, e) == 0 &&
	    hmac(key, sizeof(key), s->service, key, e) == 0 &&
	    hmac(key, sizeof(key), s->google ? "goog4_request" :
	    "aws4_request", key, e) == 0 &&
	    hmac(key, sizeof(key), to_sign, key, e) == 0) {
		bk_hex(key, sizeof(key), out);
		rc = 0;
	}
	OPENSSL_cleanse(key, sizeof(key));
	bk_buf_free(&first);		/* wipes */
	return rc;
}

int
bk_s3_sign(const struct bk_s3_signing *s, struct bk_buf *out,
    struct bk_err *e)
{
	struct bk_buf creq = {0}, names = {0}, scope = {0}, to_sign = {0};
	char hash[2 * BK_S3_SHA256 + 1], sig[2 * BK_S3_SHA256 + 1];
	const char *dialect = s->google ? "GOOG4" : "AWS4";
	uint8_t raw[BK_S3_SHA256];
	int rc = -1;

	if (canonical(s, &creq, &names, e) == -1)
		goto done;
	bk_s3_sha256(creq.data, creq.len, raw);
	bk_hex(raw, sizeof(raw), hash);
	if (bk_buf_printf(&scope, e, "%.8s/%s/%s/%s_request", s->date,
	    s->region, s->service, s->google ? "goog4" : "aws4") == -1 ||
	    bk_buf_printf(&to_sign, e, "%s-HMAC-SHA256\n%s\n%s\n%s",
	    dialect, s->date, scope.data, hash) == -1 ||
	    signature(s, to_sign.data, sig, e) == -1)
		goto done;
	bk_debug(BK_DEBUG_S3, "canonical request: %s", creq.data);
	bk_debug(BK_DEBUG_S3, "string to sign: %s", to_sign.data);
	rc = bk_buf_printf(out, e, "%s-HMAC-SHA256 Credential=%s/%s, "
	    "SignedHeaders=%s, Signature=%s", dialect, s->access_key,
	    scope.data, names.data, sig);
 done:
	bk_buf_free(&creq);
	bk_buf_free(&names);
	bk_buf_free(&scope);
	bk_buf_free(&to_sign);
	return rc;
}
