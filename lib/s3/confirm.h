#ifndef BK_S3_CONFIRM_H
#define BK_S3_CONFIRM_H
/*
 * After an upload: is the object there, ours, and as it was asked for?
 * Servers answer 200 to headers that they ignore.
 */
#include <time.h>

#include "s3/client.h"
#include "s3/upload_options.h"

#define BK_S3_UPLOAD_ID 33		/* 32 hex digits and a NUL */

struct bk_s3_expected {
	const struct bk_s3_upload_options *o;
	const char *id;			/* BK_S3_META_UPLOAD's value */
	uint64_t size;
	const char *etag;		/* as answered; "": not told */
	const char *md5_etag;		/* as computed from MD5s; "": unknown */
	time_t lock_until;
};

/*
 * Ask for the object.  1: it is there and of upload id.  0: it is not, or is
 * another's; -1 with *e set: the server does not tell.
 */
int bk_s3_confirm_ours(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e);

/*
 * HEAD and compare with all that is expected.  0, or -1 with *e (BK_FAIL)
 * saying what differs.
 */
int bk_s3_confirm(struct bk_s3 *s3, const struct bk_s3_expected *want,
    struct bk_err *e);

#endif
