#ifndef BK_S3_DELETE_H
#define BK_S3_DELETE_H
/*
 * Delete objects, or versions of them, up to 1,000 per request (DeleteObjects),
 * with a result for each object, independent of the response's own status.
 */
#include <stddef.h>

#include "s3/client.h"

#define BK_S3_DELETE_MAX 1000	/* in one request */

struct bk_s3_doomed {
	const char *key;
	const char *version;	/* ID of a version or delete marker; NULL: the
				 * object (where there are versions, a marker
				 * is put over it) */
	const void *item;	/* the caller's */
};

struct bk_s3_delete {
	struct bk_s3 *s3;
	/*
	 * Called once for each: reason is NULL if the object is gone (even if
	 * it never existed), else "AccessDenied: ...".  Returns 0, or -1 with
	 * *e set to stop.
	 */
	int (*done)(void *ctx, const struct bk_s3_doomed *o,
	    const char *reason, struct bk_err *e);
	void *ctx;
	int singly;		/* set if the server lacks DeleteObjects */
};

/*
 * Delete these n (at most BK_S3_DELETE_MAX).  0: done was called for each.
 * -1 with *e set: by done, or a whole request failed; done was then called for
 * some or none, and the other objects may or may not be gone.
 *
 * Keys that XML cannot represent are deleted one per request, as are all keys
 * on a server without DeleteObjects.
 */
int bk_s3_delete(struct bk_s3_delete *d, const struct bk_s3_doomed *o,
    size_t n, struct bk_err *e);

/*
 * AbortMultipartUpload.  0; -1 with *e set: BK_NONE if the upload does not
 * exist (any more), BK_FAIL anything else.
 */
int bk_s3_delete_upload(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e);

#endif
