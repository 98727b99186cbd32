/*
 * Answers of an S3 server: a listing of each kind, page after page of the same
 * bytes; an error; the answer that ends an upload.  The input is the body.
 */
#include "fuzz.h"

#include "s3/list.h"
#include "s3/reply.h"
#include "support/answers.h"

static void
list(enum bk_s3_kind kind, size_t n)
{
	struct bk_err e = {0};
	struct bk_s3_list *l = bk_s3_list_open(NULL, kind, "", &e);
	struct bk_s3_listed o;
	size_t entries = 0;
	int rc;

	while ((rc = bk_s3_list_next(l, &o, &e)) == 1) {
		CHECK(*o.key != '\0');
		CHECK((kind == BK_S3_OBJECTS) == (o.id == NULL));
		CHECK(o.etag == NULL || *o.etag != '\0');
		CHECK(++entries <= n);
	}
	fuzz_agree(rc, &e);
	bk_s3_list_free(l);
}

/* expat: 16 KiB, and more for what is nested. */
FUZZ(128 << 10, 100)
{
	static const char *const paths[] = { "Error/Code",
	    "InitiateMultipartUploadResult/UploadId",
	    "CompleteMultipartUploadResult/ETag" };
	struct bk_s3_reply r = { .status = 200 };
	struct bk_err e = {0};
	size_t i;

	answers_are(p, n);
	list(BK_S3_OBJECTS, n);
	list(BK_S3_VERSIONS, n);
	list(BK_S3_MARKERS, n);
	list(BK_S3_UPLOADS, n);
	answers_are(NULL, 0);
	CHECK(bk_buf_add(&r.body, p, n, &e) == 0);
	bk_s3_reply_read_error(&r);
	CHECK(memchr(r.code, '\0', sizeof(r.code)) != NULL);
	CHECK(memchr(r.message, '\0', sizeof(r.message)) != NULL);
	CHECK(memchr(r.region, '\0', sizeof(r.region)) != NULL);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct bk_buf text = {0};

		e = (struct bk_err){0};
		(void)bk_s3_reply_xml(&r, paths[i], &text, &e);
		bk_buf_free(&text);
	}
	bk_s3_reply_free(&r);
}
