#ifndef BK_S3_OBJECT_H
#define BK_S3_OBJECT_H
/* What a server reports about one object. */
#include <stdint.h>

#include "s3/client.h"
#include "s3/reply.h"

/* Metadata that bk-s3put gives every object. */
#define BK_S3_META_UPLOAD "x-amz-meta-bk-upload"	/* random, unique */
#define BK_S3_META_LABEL "x-amz-meta-bk-label"		/* a WAL file's, as
							 * after a mark */
#define BK_S3_META_PARTS "x-amz-meta-bk-parts"		/* see parts.h */

/*
 * The ETag as S3 makes it, of the MD5s of an object's parts, where the server
 * has made another: a tag, since it is known only when the object is complete.
 */
#define BK_S3_TAG_ETAG "bk-etag"

/* Read that tag; query as below.  1; 0: it is not there, or hidden. */
int bk_s3_etag_tag(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *query, char etag[BK_S3_ETAG]);

/*
 * Add that tag to those that key has.  0; -1 with *e set: the server
 * has no tags, or refuses.
 */
int bk_s3_tag_etag(struct bk_s3 *s3, const char *key, const char *etag,
    struct bk_err *e);

/*
 * HEAD key, or GET its first byte where HEAD is refused; more (or NULL) are
 * additional headers, done without where the server refuses them.  0: *reply
 * holds the response headers.  -1 with *e set: BK_NONE if the object does not
 * exist; BK_FAIL anything else, including a missing bucket.
 */
int bk_s3_head(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *more, struct bk_s3_reply *reply,
    struct bk_err *e);

/* The same with query parameters (or NULL): of a version. */
int bk_s3_head_with(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *query, const struct bk_s3_pair *more,
    struct bk_s3_reply *reply, struct bk_err *e);

/*
 * 1 if bk_s3_head() failed for lack of permission.  To an access key that may
 * not list the bucket, a missing object looks the same.
 */
int bk_s3_object_is_hidden(const struct bk_s3_reply *reply);

/* Content-Length of a HEAD response.  0, or -1 with *e set. */
int bk_s3_object_size(const struct bk_s3_reply *head, const char *key,
    uint64_t *size, struct bk_err *e);

/* 1 if etag is 32 hex digits and nothing else: an MD5 of one PUT. */
int bk_s3_etag_is_md5(const char *etag);

/* An archived object can be read only while a thawed copy of it exists. */
enum bk_s3_state { BK_S3_READABLE, BK_S3_ARCHIVED, BK_S3_THAWING };
enum bk_s3_state bk_s3_object_state(const struct bk_s3_reply *head);

struct bk_s3_thaw {
	unsigned days;		/* that the thawed copy stays; 0: none wanted */
	const char *tier;	/* NULL: the server's choice, mostly Standard */
	unsigned wait;		/* seconds to wait until it is there */
};

/*
 * Request a thawed copy (RestoreObject) of the object with this HEAD response,
 * or of the version in query (or NULL).  0, also if one is under way; -1 with
 * *e set.
 */
int bk_s3_thaw_start(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *query, const struct bk_s3_reply *head,
    const struct bk_s3_thaw *o, struct bk_err *e);

/* 1 if the HEAD response reports KMS encryption: the ETag is then no MD5. */
int bk_s3_object_is_kms(const struct bk_s3_reply *head);

#endif
