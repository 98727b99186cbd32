#ifndef BK_S3_DELETE_H
#define BK_S3_DELETE_H
/*
 * Deleting objects, up to 1,000 in one request (DeleteObjects), and each
 * object's own verdict, whatever the server's whole answer was.
 */
#include <stddef.h>

#include "s3/client.h"

#define BK_S3_DELETE_MAX 1000	/* keys in one request */

struct bk_s3_delete {
	struct bk_s3 *s3;
	/*
	 * Called once for each key: why is NULL if it is gone now (one that
	 * was not there is gone too), else the reason, "AccessDenied: ...".
	 * Returns 0, or -1 with *e set to stop.
	 */
	int (*done)(void *ctx, const char *key, const char *why,
	    struct bk_err *e);
	void *ctx;
	int singly;		/* set when the server has no DeleteObjects */
};

/*
 * Delete the n keys (at most BK_S3_DELETE_MAX).  0: done was called for each.
 * -1 with *e set: done's, or a request failed as a whole; then it was called
 * for some or none, and what it was not called for may or may not be gone.
 *
 * Keys that XML cannot hold are deleted by a request each, as all are on a
 * server that has no DeleteObjects.
 */
int bk_s3_delete(struct bk_s3_delete *d, const char *const keys[], size_t n,
    struct bk_err *e);

/*
 * AbortMultipartUpload.  0; -1 with *e set: BK_NONE if there is no such
 * upload (any more), BK_FAIL anything else.
 */
int bk_s3_delete_upload(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e);

#endif
