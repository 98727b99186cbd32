#ifndef BK_S3_UPLOAD_OPTIONS_H
#define BK_S3_UPLOAD_OPTIONS_H
/* Options of an upload. */
#include <stdint.h>

#include "base/progress.h"
#include "s3/request.h"
#include "stream/seal.h"

struct bk_s3_upload_options {
	const char *key;
	int overwrite;			/* 0: fail if the object exists */
	/*
	 * The label of a WAL file: an existing object is not a failure if it is
	 * the same WAL, and is left as it is, or if it is an earlier .partial,
	 * which is replaced.  NULL: not of one.
	 */
	const struct bk_label *wal;
	/*
	 * NULL, or where to put what is known of an existing .partial that is
	 * neither; its wal is set in any case.
	 */
	struct bk_label *held;
	uint64_t part_size;		/* of the first; 0: as is fit */
	unsigned max_parts;		/* 0: as the provider allows */
	int fixed_parts;		/* of one size */
	uint64_t expected;		/* bytes of the stream; 0: unknown */
	uint64_t memory;		/* bytes for parts, one at least */
	unsigned jobs;			/* parts in parallel, 1 or more */
	const char *content_type;	/* NULL: application/octet-stream */
	const char *storage_class;	/* NULL: the replaced object's, or the
					 * bucket's */
	const char *sse;		/* "AES256", "aws:kms"; NULL */
	const char *kms_key;		/* NULL: the bucket's */
	const char *lock_mode;		/* "COMPLIANCE", "GOVERNANCE"; NULL */
	uint64_t lock_seconds;		/* from the start of the upload */
	const char *tagging;		/* "k=v&k=v", URL-encoded; NULL */
	const struct bk_s3_pair *meta;	/* "x-amz-meta-..."; NULL */
	struct bk_progress *progress;	/* bytes sent; NULL */
};

#endif
