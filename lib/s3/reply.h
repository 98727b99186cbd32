#ifndef BK_S3_REPLY_H
#define BK_S3_REPLY_H
/*
 * A server's response: status, headers, body and, for an error, S3's code and
 * message; and how to react to it: the rules alone, without a connection.
 * Initialise it with = {0}.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_S3_REPLY_MAX (16 * 1024 * 1024)	/* bytes of a body in memory */

struct bk_s3_reply {
	int status;		/* 0: no response */
	struct bk_buf headers;	/* NAME NUL VALUE NUL ..., names lower case,
				 * x-amz- for Google's x-goog- */
	struct bk_buf body;	/* unless it went to rq->into */
	char code[64];		/* "NoSuchKey"; "" if none */
	char message[256];
	char region[40];	/* of the bucket, if reported and well-formed */
	/*
	 * After a failure: the server may have carried out the request, or may
	 * still be doing so: there was no answer, or none that refuses.
	 */
	int unsure;
};

/* The value of header name (lower case), NULL if missing. */
const char *bk_s3_reply_header(const struct bk_s3_reply *r, const char *name);

/* Add a header line of n bytes; a status line clears the earlier ones. */
int bk_s3_reply_take(struct bk_s3_reply *r, const char *line, size_t n,
    struct bk_err *e);

/*
 * Fill in code, message and region from an XML error body, which may come
 * with any status, 200 included, and from headers.
 */
void bk_s3_reply_read_error(struct bk_s3_reply *r);

/*
 * The text of element path, e.g. "CompleteMultipartUploadResult/ETag", of an
 * XML body, appended to *out.  1 found, 0 missing, -1 with *e set.
 */
int bk_s3_reply_xml(const struct bk_s3_reply *r, const char *path,
    struct bk_buf *out, struct bk_err *e);

/* Copy the ETag without its quotes; "" if missing or too long. */
#define BK_S3_ETAG 128
void bk_s3_reply_etag(const struct bk_s3_reply *r, char out[BK_S3_ETAG]);

/* Clear everything for another attempt. */
void bk_s3_reply_reset(struct bk_s3_reply *r);

void bk_s3_reply_free(struct bk_s3_reply *r);

enum bk_s3_outcome {
	BK_S3_GOOD,		/* 2xx */
	BK_S3_BAD,		/* a retry would not help */
	BK_S3_AGAIN,		/* a retry may help */
	BK_S3_SKEWED,		/* our clock is off: sign with the server's */
	BK_S3_EXPIRED,		/* get new keys first */
	BK_S3_ELSEWHERE,	/* the bucket is in another region */
};

/*
 * Judge an HTTP status and S3's error code ("": none known, as in every
 * response to HEAD).
 */
enum bk_s3_outcome bk_s3_judge(int status, const char *code);

/* "; what to do about it" for an S3 error code; "" if unknown. */
const char *bk_s3_remedy(const char *code);

#endif
