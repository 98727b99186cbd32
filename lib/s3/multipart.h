#ifndef BK_S3_MULTIPART_H
#define BK_S3_MULTIPART_H
/*
 * The requests that create an object: CreateMultipartUpload, Complete, Abort,
 * or one PUT; upload.c decides which and sends the parts.
 *
 * Not overwriting: the request that makes the object visible carries
 * If-None-Match: *.  Some servers ignore it there and others reject it (it is
 * then omitted), so bk_s3_key_is_free() checks beforehand as well.
 *
 * A response may be lost after the object was created, and the retry then fails
 * with 412 or 404.  So after any failure of that request the object's metadata
 * is checked for this upload's id; if it matches, the upload succeeded.
 *
 * A server that is still completing an upload must not be told to abort it:
 * some then give its parts away and list the object all the same.  So after
 * CompleteMultipartUpload was sent the upload is aborted only if each answer
 * was a refusal and the object is not there; else it is left, and the message
 * says so.  A run that is to stop waits BK_S3_STOP_AFTER seconds for the answer
 * to Create, which tells what there is to abort, and to Complete.
 */
#include "s3/confirm.h"
#include "s3/object.h"
#include "s3/part_reader.h"

#define BK_S3_BASE64 45		/* 32 bytes in base64 and a NUL */
#define BK_S3_STOP_AFTER 20	/* seconds; systemd and Kubernetes give 30 */

struct bk_s3_sent {		/* an uploaded part */
	char *etag;		/* with its quotes, as answered */
	uint8_t sha256[BK_S3_SHA256];
	int echoed;		/* the response had the same checksum */
	int odd;		/* the ETag is known not to be its MD5 */
};

struct bk_s3_multipart {
	struct bk_s3 *s3;
	const struct bk_s3_upload_options *o;
	char id[BK_S3_UPLOAD_ID];
	char parts[BK_S3_PARTS_TEXT];	/* the layout */
	time_t lock_until;		/* 0: no lock */
	char lock_text[32];
	struct bk_buf upload_id;	/* empty: there is none to abort */
	char label[BK_SEAL_OPENING];	/* o->wal's; "": none */
	int replaces;			/* an earlier .partial is there */
	char etag[BK_S3_ETAG];	/* of what was stored, as S3 makes it, of MD5s;
				 * "": not known */
};

/* Fill in *d; s3, o and plan are borrowed.  0, or -1 with *e set. */
int bk_s3_multipart_open(struct bk_s3_multipart *d, struct bk_s3 *s3,
    const struct bk_s3_upload_options *o, const struct bk_s3_parts *plan,
    struct bk_err *e);

/*
 * 0 if the key is free or may be overwritten; 1 if it holds this WAL already,
 * and there is nothing to store; -1 with *e set.
 */
int bk_s3_key_is_free(struct bk_s3_multipart *d, struct bk_err *e);

/*
 * Set the end of the lock, if one is wanted, by the server's clock: after
 * bk_s3_key_is_free(), whose request may tell it.  0, or -1 with *e set.
 */
int bk_s3_multipart_lock(struct bk_s3_multipart *d, struct bk_err *e);

/* CreateMultipartUpload: d->upload_id is set. */
int bk_s3_multipart_create(struct bk_s3_multipart *d, struct bk_err *e);

/* Store the whole object by one PUT.  1: it was there, see above. */
int bk_s3_multipart_put(struct bk_s3_multipart *d, struct bk_s3_part *p,
    struct bk_err *e);

/*
 * What a body's request carries for its integrity, at most
 * BK_S3_SUMS headers from h[*n] on; text is what they point to.  The bits of
 * provider.h that were added.
 */
#define BK_S3_SUMS 2
struct bk_s3_sums {
	char sha256[BK_S3_BASE64], md5[25];
};
unsigned bk_s3_multipart_sums(struct bk_s3_multipart *d, struct bk_s3_part *p,
    struct bk_s3_sums *text, struct bk_s3_pair *h, size_t *n);

/*
 * CompleteMultipartUpload of n parts: d->upload_id is empty on success.  1: the
 * object was there, see above, and the upload is to be aborted.
 */
int bk_s3_multipart_complete(struct bk_s3_multipart *d,
    const struct bk_s3_sent *parts, size_t n, struct bk_err *e);

/*
 * After the failure in *e, or none: abort the multipart upload, if any.  If
 * that fails, the message says so.
 */
void bk_s3_multipart_abort(struct bk_s3_multipart *d, struct bk_err *e);

void bk_s3_multipart_close(struct bk_s3_multipart *d);

#endif
