#ifndef BK_S3_MULTIPART_H
#define BK_S3_MULTIPART_H
/*
 * The requests that make an object: CreateMultipartUpload, Complete, Abort,
 * or one PUT; upload.c decides which and sends the parts.
 *
 * Not overwriting: If-None-Match: * goes with the request that makes the
 * object visible.  As some servers ignore it there and others refuse it (501,
 * then it is left out), bk_s3_key_is_free() asks before, too.
 *
 * An answer may be lost after the object was made, and the repetition then
 * fails with 412 or 404.  So after any failure of that request the object
 * is asked for this upload's id, and if it has it, all is well.
 */
#include "s3/confirm.h"
#include "s3/object.h"
#include "s3/part_reader.h"

#define BK_S3_BASE64 45		/* 32 bytes in base64 and a NUL */

struct bk_s3_sent {		/* a part that is there */
	char *etag;		/* with its quotes, as answered */
	uint8_t sha256[BK_S3_SHA256];
	int echoed;		/* the answer told the same checksum */
};

struct bk_s3_multipart {
	struct bk_s3 *s3;
	const struct bk_s3_upload_options *o;
	char id[BK_S3_UPLOAD_ID];
	char parts[BK_S3_PARTS_TEXT];	/* the layout */
	time_t lock_until;
	char lock_text[32];
	struct bk_buf upload_id;	/* empty: none to abort */
	int no_checksums;		/* the server does not take them */
	int no_condition;		/* nor If-None-Match */
	char etag[BK_S3_ETAG];	/* as answered; "" */
	char md5_etag[BK_S3_ETAG];	/* as computed; "" */
};

/* Fill in *d; s3, o and plan are borrowed.  0, or -1 with *e set. */
int bk_s3_multipart_open(struct bk_s3_multipart *d, struct bk_s3 *s3,
    const struct bk_s3_upload_options *o, const struct bk_s3_parts *plan,
    struct bk_err *e);

/* 0 if there is no such object or it may be overwritten; -1 with *e set. */
int bk_s3_key_is_free(struct bk_s3_multipart *d, struct bk_err *e);

/* CreateMultipartUpload: d->upload_id is set. */
int bk_s3_multipart_create(struct bk_s3_multipart *d, struct bk_err *e);

/* The whole object by one PUT. */
int bk_s3_multipart_put(struct bk_s3_multipart *d, const struct bk_s3_part *p,
    struct bk_err *e);

/* CompleteMultipartUpload of n parts: d->upload_id is empty if it is done. */
int bk_s3_multipart_complete(struct bk_s3_multipart *d,
    const struct bk_s3_sent *parts, size_t n, struct bk_err *e);

/*
 * After a failure that *e tells: AbortMultipartUpload if there is one to
 * abort.  If it cannot be, the message gets that behind it.
 */
void bk_s3_multipart_abort(struct bk_s3_multipart *d, struct bk_err *e);

void bk_s3_multipart_close(struct bk_s3_multipart *d);

void bk_s3_base64(const uint8_t sha256[BK_S3_SHA256],
    char out[BK_S3_BASE64]);

#endif
