#ifndef BK_S3_CONFIRM_H
#define BK_S3_CONFIRM_H
/*
 * After an upload: does the object exist, is it ours, and as requested?
 * Servers answer 200 to headers that they ignore.  An ETag proves nothing: what
 * it is made of is the server's affair.  That each body arrived whole is proven
 * by its SHA-256, which the signature covers.  But a download compares it, so
 * an object whose ETag S3 would have made otherwise gets a tag that says how.
 */
#include <time.h>

#include "s3/client.h"
#include "s3/upload_options.h"

#define BK_S3_UPLOAD_ID 33		/* 32 hex digits and a NUL */

struct bk_s3_expected {
	const struct bk_s3_upload_options *o;
	const char *id;			/* BK_S3_META_UPLOAD's value */
	uint64_t size;
	time_t lock_until;
	const char *etag;		/* as S3 makes it; "": not known */
};

/*
 * HEAD the object.  1: it exists and was made by upload id.  0: it does not
 * exist, or another upload made it; -1 with *e set: unknown.
 */
int bk_s3_confirm_ours(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e);

/*
 * HEAD the object and compare it with *want.  0, or -1 with *e set (BK_FAIL),
 * naming the difference.
 */
int bk_s3_confirm(struct bk_s3 *s3, const struct bk_s3_expected *want,
    struct bk_err *e);

#endif
