#ifndef BK_S3_UPLOADS_H
#define BK_S3_UPLOADS_H
/*
 * Multipart uploads that nobody finished: a writer was killed, or the answer
 * that named the upload was lost.  They are no objects, but they are paid for.
 */
#include <time.h>

#include "s3/client.h"

struct bk_s3_upload {		/* borrowed: until the callback returns */
	const char *key;	/* as it is, decoded */
	const char *id;
	time_t initiated;
};

/* Returns 0, or -1 with *e set to stop. */
typedef int bk_s3_uploads_fn(void *ctx, const struct bk_s3_upload *u,
    struct bk_err *e);

/*
 * Call fn for every unfinished upload to a key that begins with prefix.  0;
 * -1 with *e set: fn's, or the server's.  Memory: one page of 1,000.
 */
int bk_s3_uploads_list(struct bk_s3 *s3, const char *prefix,
    bk_s3_uploads_fn *fn, void *ctx, struct bk_err *e);

/*
 * AbortMultipartUpload.  0; -1 with *e set: BK_NONE if there is no such
 * upload (any more), BK_FAIL anything else.
 */
int bk_s3_uploads_abort(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e);

#endif
