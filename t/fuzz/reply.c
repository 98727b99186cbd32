/* An S3 server's response: lines of headers, an empty line, the body. */
#include "fuzz.h"

#include "s3/integrity.h"
#include "s3/object.h"
#include "s3/provider.h"
#include "s3/reply.h"

static void
check_integrity(const struct bk_s3_reply *r, const uint8_t *p, size_t n)
{
	struct bk_err e = {0};
	struct bk_s3_integrity *v;
	const char *doubt;
	uint64_t part = bk_s3_integrity_needs_part(r, n) ? n / 2 + 1 : 0;
	int rc;

	CHECK((v = bk_s3_integrity_new(r, n, part, &e)) != NULL);
	CHECK(bk_s3_integrity_add(v, p, n / 3, &e) == 0);
	CHECK(bk_s3_integrity_add(v, p + n / 3, n - n / 3, &e) == 0);
	rc = bk_s3_integrity_finish(v, "fuzz", &doubt, &e);
	CHECK(rc == 1 ? doubt != NULL : rc == 0 || e.code == BK_DATA);
	bk_s3_integrity_free(v);
}

/* libcrypto's digests: what they set up on the first use. */
FUZZ(1 << 20, 100)
{
	struct bk_s3_manners manners = {0};
	struct bk_s3_reply r = { .status = 200 };
	struct bk_err e = {0}, why = {0};
	const uint8_t *nl, *end = p + n;
	char etag[BK_S3_ETAG];
	uint64_t size;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (bk_s3_reply_take(&r, (const char *)p,
		    (size_t)(nl + 1 - p), &e) == -1)
			break;
		p = nl + 1;
		if (p < end && *p == '\n')
			break;
	}
	n = (size_t)(end - p);
	CHECK(bk_buf_add(&r.body, p, n, &why) == 0);
	bk_s3_reply_read_error(&r);
	bk_s3_reply_etag(&r, etag);
	CHECK(strchr(etag, '\n') == NULL);
	(void)bk_s3_etag_is_md5(etag);
	(void)bk_s3_object_state(&r);
	(void)bk_s3_object_is_kms(&r);
	(void)bk_s3_object_is_hidden(&r);
	fuzz_agree(bk_s3_object_size(&r, "fuzz", &size, &why), &why);
	(void)bk_s3_manners_learn(&manners, BK_S3_HAS_CONDITION |
	    BK_S3_HAS_CHECKSUM | BK_S3_HAS_MD5, &r);
	(void)bk_s3_judge(r.status, r.code);
	(void)bk_s3_remedy(r.code);
	check_integrity(&r, p, n);
	bk_s3_reply_free(&r);
}
