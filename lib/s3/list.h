#ifndef BK_S3_LIST_H
#define BK_S3_LIST_H
/*
 * List a bucket: its objects (ListObjectsV2); all their versions, or the delete
 * markers that hide some (ListObjectVersions); or its unfinished multipart
 * uploads (ListMultipartUploads), left when a writer was killed or the reply
 * with the upload's ID was lost.  These are not objects, but they are billed.
 */
#include <stdint.h>
#include <time.h>

#include "s3/client.h"

struct bk_s3_listed {		/* borrowed until the next call */
	const char *key;	/* decoded */
	const char *id;		/* of a version, marker, upload; NULL: object */
	const char *etag;	/* without quotes; NULL: not told */
	uint64_t size;		/* bytes; 0 for a marker or an upload */
	time_t time;		/* modified, or initiated */
};

enum bk_s3_kind { BK_S3_OBJECTS, BK_S3_VERSIONS, BK_S3_MARKERS,
	BK_S3_UPLOADS };

struct bk_s3_list;

/*
 * List all of this kind whose key begins with prefix.  s3 and prefix are
 * borrowed.  Sends no request yet.  NULL with *e set: memory.
 */
struct bk_s3_list *bk_s3_list_open(struct bk_s3 *s3, enum bk_s3_kind kind,
    const char *prefix, struct bk_err *e);

/*
 * The next one, in the server's order (by the bytes of the key).  1 with *o; 0
 * at the end; -1 with *e set.  Memory: one page of 1,000.
 */
int bk_s3_list_next(struct bk_s3_list *l, struct bk_s3_listed *o,
    struct bk_err *e);

void bk_s3_list_free(struct bk_s3_list *l);

/* Of which backups the latest is wanted. */
struct bk_s3_latest {
	const char *match;	/* whose part after the prefix matches this
				 * shell pattern, in which "*" matches a "/"
				 * too; NULL: any */
	time_t before;		/* whose time is not later; 0: any */
};

/*
 * Append to *key the key of the latest such backup under prefix: the greatest,
 * as bk_record_compare() orders them, that bk_record_is_backup()
 * (listing/record.h).  0; -1 with *e set, BK_NONE if there is none.
 */
int bk_s3_list_latest(struct bk_s3 *s3, const char *prefix,
    const struct bk_s3_latest *of, struct bk_buf *key, struct bk_err *e);

#endif
