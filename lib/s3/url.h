#ifndef BK_S3_URL_H
#define BK_S3_URL_H
/*
 * s3://BUCKET/KEY, or gs://BUCKET/KEY, as people write it.  Nothing is decoded:
 * the key is the bytes after the bucket's slash.  And AWS's own URLs.
 */
#include "base/buf.h"
#include "base/err.h"

struct bk_s3_url {
	int google;		/* gs:// */
	char *place;		/* "s3://BUCKET" */
	char *bucket;
	char *key;		/* "" if there is none */
};

/*
 * Parse s into *u, which bk_s3_url_free() releases.  BK_USAGE if it is not such
 * a URL, or the bucket name is invalid (not 3 to 255 of A-Z a-z 0-9 . - _).
 */
int bk_s3_url_parse(const char *s, struct bk_s3_url *u, struct bk_err *e);

/* "s3://BUCKET" or "gs://BUCKET", to be freed; NULL without memory. */
char *bk_s3_url_place(int google, const char *bucket);

/* What stands between a key and the ID of a version, as people write it. */
#define BK_S3_VERSION_MARK "?versionId="

/*
 * If the mark is in u->key, after a key, cut it off at the last one and return
 * the ID after it, borrowed from u; else NULL.
 */
const char *bk_s3_url_cut_version(struct bk_s3_url *u);

void bk_s3_url_free(struct bk_s3_url *u);	/* = {0} is fine */

/*
 * Append s in S3's URI encoding: all but letters, digits and "-._~" becomes
 * %XX, including slashes unless keep_slash.
 */
int bk_s3_escape(struct bk_buf *b, const char *s, int keep_slash,
    struct bk_err *e);

/*
 * Decode %XX in place, as in a listing made with encoding-type=url ('+' is a
 * blank there).  -1 if a % is not followed by two hex digits, or is %00.
 */
int bk_s3_unescape(char *s);

/* 1 if s can be a region: it goes into host names and headers. */
int bk_s3_is_region(const char *s);

/*
 * Append AWS's own endpoint of service ("s3", "sts") in region, in its
 * partition's domain (China, the European sovereign cloud, isolated ones); with
 * validated cryptography (fips), or with IPv6 (dual_stack).  0, or -1 with *e
 * set (memory).
 */
int bk_s3_aws_endpoint(struct bk_buf *out, const char *service,
    const char *region, int fips, int dual_stack, struct bk_err *e);

#endif
