#ifndef BK_S3_SIGV4_H
#define BK_S3_SIGV4_H
/*
 * AWS Signature Version 4 in the Authorization header, S3's variant
 * (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html): the
 * path is signed as sent, the payload's hash is always included.
 *
 * Why not CURLOPT_AWS_SIGV4: libcurl 7.88 (Debian 12) sorts whole header lines
 * instead of names, so that SSE-KMS with a key ID (a header name that extends
 * another's) fails with SignatureDoesNotMatch; it signs headers that are only
 * being removed ("Expect:"), and sends a given X-Amz-Date twice.  Its treatment
 * of query strings varies between releases.  Observed with curl against the
 * Ceph RADOS Gateway.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_S3_SHA256 32			/* bytes */
#define BK_S3_AMZ_DATE 17		/* "20130524T000000Z" and its NUL */

struct bk_s3_pair {
	const char *name, *value;
};

struct bk_s3_signing {
	const char *method;
	const char *path;	/* as sent: encoded once */
	const char *query;	/* as sent: sorted, encoded; "" if none */
	/*
	 * All headers to sign, names in lower case, any order: host,
	 * x-amz-date, x-amz-content-sha256, x-amz-security-token among them.
	 */
	const struct bk_s3_pair *headers;
	size_t n_headers;
	const char *payload_hash;	/* hex, as in x-amz-content-sha256 */
	const char *date;		/* as in x-amz-date */
	const char *region, *service;	/* "us-east-1", "s3" */
	const char *access_key, *secret_key;
	/*
	 * Google's variant, with x-goog- in place of x-amz- (https://
	 * cloud.google.com/storage/docs/authentication/signatures).
	 */
	int google;
};

/* The time in SigV4's format. */
void bk_s3_amz_date(time_t t, char out[BK_S3_AMZ_DATE]);

void bk_s3_sha256(const void *p, size_t n, uint8_t out[BK_S3_SHA256]);

/*
 * Append the value of the Authorization header to *out.  0, or -1 with *e
 * set (memory only).
 */
int bk_s3_sign(const struct bk_s3_signing *s, struct bk_buf *out,
    struct bk_err *e);

#endif
