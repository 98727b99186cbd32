#ifndef BK_S3_LIST_H
#define BK_S3_LIST_H
/*
 * What is in a bucket: its objects (ListObjectsV2), or the multipart uploads
 * that nobody finished (ListMultipartUploads): a writer was killed, or the
 * answer that named the upload was lost.  They are no objects, but they are
 * paid for.
 */
#include <stdint.h>
#include <time.h>

#include "s3/client.h"

struct bk_s3_listed {		/* borrowed: until the next call */
	const char *key;	/* as it is, decoded */
	const char *upload_id;	/* NULL: an object */
	uint64_t size;		/* bytes; of an upload 0 */
	time_t time;		/* modified, or initiated */
};

enum bk_s3_kind { BK_S3_OBJECTS, BK_S3_UPLOADS };

struct bk_s3_list;

/*
 * List everything of this kind whose key begins with prefix.  Both are
 * borrowed.  Nothing is asked yet.  NULL with *e set: memory.
 */
struct bk_s3_list *bk_s3_list_open(struct bk_s3 *s3, enum bk_s3_kind kind,
    const char *prefix, struct bk_err *e);

/*
 * The next one, in the server's order (of keys, byte by byte).  1 with *o;
 * 0 at the end; -1 with *e set.  Memory: one page of 1,000.
 */
int bk_s3_list_next(struct bk_s3_list *l, struct bk_s3_listed *o,
    struct bk_err *e);

void bk_s3_list_free(struct bk_s3_list *l);

/*
 * The newest object under prefix (of several made in the same second the
 * one with the greatest key; markers of folders, "x/" of 0 bytes, do not
 * count).  Appends its key to *key; -1 with *e set: BK_NONE if there is none.
 */
int bk_s3_list_newest(struct bk_s3 *s3, const char *prefix,
    struct bk_buf *key, struct bk_err *e);

#endif
