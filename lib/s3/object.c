#include "s3/object.h"

#include <string.h>

#include "base/num.h"

/*
 * A response to HEAD has no body, so it cannot tell a missing object from a
 * missing bucket: ask again with GET for one byte.  That the object is missing
 * is S3's to say, in so many words: a 404 without them may be a proxy's.
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
	if (reply->status == 404 && (strcmp(reply->code, "NoSuchKey") == 0 ||
	    strcmp(reply->code, "NoSuchVersion") == 0))
		return bk_fail(e, BK_NONE, "%s/%s: no such object",
		    bk_s3_place(s3), key);
	if (reply->status == 405 && query != NULL &&
	    strcmp(reply->code, "MethodNotAllowed") == 0)
		return bk_fail(e, BK_NONE, "%s/%s: that version is a "
		    "delete marker, not an object", bk_s3_place(s3), key);
	*e = reason;
	if (reply->status == 404 && reply->code[0] == '\0')
		bk_fail_add(e, "; not an answer of S3's, so nothing is known "
		    "of the object; check AWS_ENDPOINT_URL and what stands "
		    "between");
	return -1;
}

/*
 * The headers of a GET of one byte are those of a HEAD, but for the size of the
 * whole, which stands in Content-Range.
 */
static int
as_head(struct bk_s3_reply *r, struct bk_err *e)
{
	const char *range = bk_s3_reply_header(r, "content-range");
	const char *size = range != NULL ? strchr(range, '/') : NULL;
	struct bk_buf all = {0};

	if (size == NULL)
		return bk_fail(e, BK_FAIL, "no Content-Range in an answer of "
		    "206");
	if (bk_buf_add(&all, "content-length", 15, e) == -1 ||
	    bk_buf_add(&all, size + 1, strlen(size), e) == -1 ||
	    bk_buf_add(&all, r->headers.data, r->headers.len, e) == -1) {
		bk_buf_free(&all);
		return -1;
	}
	bk_buf_free(&r->headers);
	r->headers = all;	/* r's now; the first of a name counts */
	return 0;
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
	if (reply->status == 206)
		return as_head(reply, e);
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

enum bk_s3_state
bk_s3_object_state(const struct bk_s3_reply *head)
{
	const char *class = bk_s3_reply_header(head, "x-amz-storage-class");
	const char *tier = bk_s3_reply_header(head, "x-amz-archive-status");
	const char *copy = bk_s3_reply_header(head, "x-amz-restore");

	if (tier == NULL && (class == NULL || (strcmp(class, "GLACIER") != 0 &&
	    strcmp(class, "DEEP_ARCHIVE") != 0)))
		return BK_S3_READABLE;
	if (copy == NULL)
		return BK_S3_ARCHIVED;
	return strstr(copy, "ongoing-request=\"true\"") != NULL ?
	    BK_S3_THAWING : BK_S3_READABLE;
}

/* What comes out of Intelligent-Tiering's archive stays out: no days. */
static int
thaw_request(const struct bk_s3_reply *head, const struct bk_s3_thaw *o,
    struct bk_buf *xml, struct bk_err *e)
{
	if (bk_buf_puts(xml, "<RestoreRequest xmlns=\"http://s3.amazonaws.com/"
	    "doc/2006-03-01/\">", e) == -1 ||
	    (bk_s3_reply_header(head, "x-amz-archive-status") == NULL &&
	    bk_buf_printf(xml, e, "<Days>%u</Days>", o->days) == -1) ||
	    (o->tier != NULL && bk_buf_printf(xml, e, "<GlacierJobParameters>"
	    "<Tier>%s</Tier></GlacierJobParameters>", o->tier) == -1))
		return -1;
	return bk_buf_puts(xml, "</RestoreRequest>", e);
}

int
bk_s3_thaw_start(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *query, const struct bk_s3_reply *head,
    const struct bk_s3_thaw *o, struct bk_err *e)
{
	struct bk_s3_pair q[3] = { { "restore", "" } };
	struct bk_s3_pair type[] = { { "content-type", "application/xml" },
	    { 0 } };
	struct bk_s3_request rq = { .method = "POST", .key = key, .query = q,
	    .headers = type };
	struct bk_s3_reply r = {0};
	struct bk_buf xml = {0};
	struct bk_err reason = {0};
	int rc = -1;

	if (query != NULL)
		q[1] = *query;
	if (thaw_request(head, o, &xml, e) == 0) {
		rq.body = xml.data;
		rq.body_len = xml.len;
		rc = bk_s3_do(s3, &rq, &r, &reason);
		if (rc == -1 && strcmp(r.code, "RestoreAlreadyInProgress") == 0)
			rc = 0;
		else if (rc == -1)
			*e = reason;
	}
	bk_buf_free(&xml);
	bk_s3_reply_free(&r);
	return rc;
}
