#ifndef BK_S3_UPLOAD_H
#define BK_S3_UPLOAD_H
/*
 * A stream as one object, or no object.
 *
 * What fits into the first part goes by one PUT, the rest by a multipart
 * upload whose parts are sent concurrently while the input is still being
 * read (feed.h).  The PUT or CompleteMultipartUpload is sent only after the
 * stream was found complete (in.h), and what is there is then looked at
 * (confirm.h): this very upload, its size, its ETag, and what was asked for.
 * On any failure before, the multipart upload is aborted.
 *
 * Memory: part size (parts.h: it grows) * jobs, and 12 MiB with libraries.
 */
#include <stdint.h>
#include <time.h>

#include "client.h"
#include "in.h"
#include "progress.h"

struct bk_s3_upload_options {
	const char *key;
	int overwrite;			/* 0: fail if there is such an object */
	uint64_t part_size;		/* see bk_s3_parts_plan() */
	unsigned max_parts;
	unsigned jobs;			/* buffers and connections, 1 or more */
	const char *content_type;	/* NULL: application/octet-stream */
	const char *storage_class;	/* NULL: the bucket's */
	const char *sse;		/* "AES256", "aws:kms"; NULL */
	const char *kms_key;		/* NULL: the bucket's */
	const char *lock_mode;		/* "COMPLIANCE", "GOVERNANCE"; NULL */
	uint64_t lock_seconds;		/* from the upload's beginning on */
	const char *tagging;		/* "k=v&k=v", URL-encoded; NULL */
	const struct bk_s3_pair *meta;	/* "x-amz-meta-...", ended; NULL */
	struct bk_progress *progress;	/* bytes sent; NULL */
};

/*
 * Upload in's rest.  0: it is there and as it was asked for, *bytes its size.
 * -1 with *e set: BK_DATA the input is unfinished, BK_FAIL anything else;
 * there is no object by this upload, unless the message says that there is.
 */
int bk_s3_upload(struct bk_s3 *s3, struct bk_in *in,
    const struct bk_s3_upload_options *o, uint64_t *bytes, struct bk_err *e);

#endif
