#ifndef BK_S3_S3_READY_H
#define BK_S3_S3_READY_H
/*
 * Can objects be stored, or deleted?  Asked so that nothing is stored, replaced
 * or deleted, under names that nothing has.
 */
#include "base/ready.h"
#include "s3/client.h"
#include "s3/upload_options.h"

struct bk_s3_ready {
	struct bk_s3 *s3;	/* one that repeats nothing */
	void (*report)(enum bk_ready how, const char *text);
};

/*
 * For an upload with these options, of which key is the name that it would
 * have now: the bucket, the keys, the right to write, the store's clock; and
 * what is newest below prefix (""), if that may be listed: is it as the options
 * demand?  The right is seen by a PUT whose Content-MD5 is not that of its
 * body: a server that lets us write refuses it for that, and stores nothing.
 */
void bk_s3_ready_put(const struct bk_s3_ready *r, const char *prefix,
    const struct bk_s3_upload_options *o);

/*
 * For deleting objects in the directory of key, which nothing has: where the
 * bucket has no versions by a DELETE of it, else of a version that it has not,
 * so that no delete marker is left.
 */
void bk_s3_ready_delete(const struct bk_s3_ready *r, const char *key);

#endif
