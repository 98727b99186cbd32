#ifndef BK_S3_LIST_H
#define BK_S3_LIST_H
/*
 * What is in a bucket: ListObjectsV2, page by page.
 */
#include <stdint.h>
#include <time.h>

#include "s3/client.h"

struct bk_s3_object {		/* borrowed: until the callback returns */
	const char *key;	/* as it is, decoded */
	uint64_t size;		/* bytes */
	time_t modified;
	const char *storage_class;	/* "STANDARD" if not told */
};

/* Returns 0, or -1 with *e set to stop. */
typedef int bk_s3_list_fn(void *ctx, const struct bk_s3_object *o,
    struct bk_err *e);

/*
 * Call fn for every object whose key begins with prefix, in the server's
 * order (of keys, byte by byte).  0; -1 with *e set: fn's, or the server's.
 * Memory: one page of 1,000 objects.
 */
int bk_s3_list(struct bk_s3 *s3, const char *prefix, bk_s3_list_fn *fn,
    void *ctx, struct bk_err *e);

/*
 * The newest object under prefix (of several made in the same second the
 * one with the greatest key; markers of folders, "x/" of 0 bytes, do not
 * count).  Appends its key to *key; -1 with *e set: BK_NONE if there is none.
 */
int bk_s3_list_newest(struct bk_s3 *s3, const char *prefix,
    struct bk_buf *key, struct bk_err *e);

#endif
