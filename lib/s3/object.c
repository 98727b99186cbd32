#include "s3/object.h"

#include <string.h>

#include "base/num.h"

/*
 * A response to HEAD has no body, so it cannot tell a missing object from a
 * missing bucket: ask again with GET for one byte.
 */
static int
explain(struct bk_s3 *s3, const char *key, const struct bk_s3_pair *query,
    struct bk_s3_reply *reply, struct bk_err *e)
{
	struct bk_s3_pair range[] = { { "range", "bytes=0-0" }, { 0 } };
	struct bk_s3_request rq = {
		.method = "GET", .key = key, .query = query, .headers = range,
	};
	struct bk_err reason = {0};

	if (bk_s3_do(s3, &rq, reply, &reason) == 0 || reply->status == 416)
		return 0;		/* created between the two requests */
	if (reply->status == 404 && (reply->code[0] == '\0' ||
	    strcmp(reply->code, "NoSuchKey") == 0 ||
	    strcmp(reply->code, "NoSuchVersion") == 0))
		return bk_fail(e, BK_NONE, "s3://%s/%s: no such object",
		    bk_s3_bucket(s3), key);
	if (reply->status == 405 && query != NULL)
		return bk_fail(e, BK_NONE, "s3://%s/%s: that version is a "
		    "delete marker, not an object", bk_s3_bucket(s3), key);
	*e = reason;
	return -1;
}

int
bk_s3_head(struct bk_s3 *s3, const char *key, const struct bk_s3_pair *more,
    struct bk_s3_reply *reply, struct bk_err *e)
{
	return bk_s3_head_with(s3, key, NULL, more, reply, e);
}

int
bk_s3_head_with(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *query, const struct bk_s3_pair *more,
    struct bk_s3_reply *reply, struct bk_err *e)
{
	struct bk_s3_request rq = {
		.method = "HEAD", .key = key, .query = query, .headers = more,
	};
	struct bk_err first = {0};
	int refused;

	if (bk_s3_do(s3, &rq, reply, &first) == 0)
		return 0;
	if (reply->status == 0) {
		*e = first;
		return -1;
	}
	refused = reply->status == 400 || reply->status == 501;
	if (explain(s3, key, query, reply, e) == -1)
		return -1;
	if (refused)
		rq.headers = NULL;
	return bk_s3_do(s3, &rq, reply, e);
}

int
bk_s3_object_is_hidden(const struct bk_s3_reply *reply)
{
	return reply->status == 403 && (reply->code[0] == '\0' ||
	    strcmp(reply->code, "AccessDenied") == 0);
}

int
bk_s3_object_size(const struct bk_s3_reply *head, const char *key,
    uint64_t *size, struct bk_err *e)
{
	const char *length = bk_s3_reply_header(head, "content-length");

	if (length == NULL)
		return bk_fail(e, BK_FAIL, "%s: no size in the server's answer",
		    key);
	if (bk_num_parse(length, 0, INT64_MAX, "Content-Length", size,
	    e) == -1) {
		e->code = BK_FAIL;	/* the server's fault, not the user's */
		return -1;
	}
	return 0;
}

void
bk_s3_object_etag(const struct bk_s3_reply *r, char out[BK_S3_ETAG])
{
	const char *etag = bk_s3_reply_header(r, "etag");
	size_t n;

	out[0] = '\0';
	if (etag == NULL)
		return;
	if (*etag == '"')
		etag++;
	n = strcspn(etag, "\"");
	if (n >= BK_S3_ETAG)
		return;
	memcpy(out, etag, n);
	out[n] = '\0';
}

int
bk_s3_etag_is_md5(const char *etag)
{
	return strlen(etag) == 32 && strspn(etag, "0123456789abcdef") == 32;
}

int
bk_s3_object_is_kms(const struct bk_s3_reply *head)
{
	const char *sse = bk_s3_reply_header(head,
	    "x-amz-server-side-encryption");

	return sse != NULL && strncmp(sse, "aws:kms", 7) == 0;
}
