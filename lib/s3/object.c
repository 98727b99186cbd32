#include "s3/object.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/num.h"
#include "s3/xml.h"

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
		bk_fail_add(e, "; not an answer of S3, so nothing is known "
		    "about the object; check AWS_ENDPOINT_URL and any proxy");
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

struct tags {
	struct bk_buf key, value;	/* of the one being read */
	struct bk_buf others;		/* all but ours, as XML */
	int found;			/* it is an answer about tags */
	char etag[BK_S3_ETAG];		/* ours; "": none */
};

static int
add_tag(struct bk_buf *xml, const char *key, const char *value,
    struct bk_err *e)
{
	return bk_buf_puts(xml, "<Tag><Key>", e) == -1 ||
	    bk_s3_xml_escape(xml, key, e) == -1 ||
	    bk_buf_puts(xml, "</Key><Value>", e) == -1 ||
	    bk_s3_xml_escape(xml, value, e) == -1 ||
	    bk_buf_puts(xml, "</Value></Tag>", e) == -1 ? -1 : 0;
}

static int
on_tag(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct tags *t = ctx;
	int rc = 0;

	if (strcmp(path, "Tagging/TagSet/Tag/Key") == 0) {
		t->key.len = 0;
		rc = bk_buf_puts(&t->key, text, e);
	} else if (strcmp(path, "Tagging/TagSet/Tag/Value") == 0) {
		t->value.len = 0;
		rc = bk_buf_puts(&t->value, text, e);
	} else if (strcmp(path, "Tagging") == 0) {
		t->found = 1;
	} else if (strcmp(path, "Tagging/TagSet/Tag") == 0 &&
	    t->key.len > 0) {
		text = t->value.len > 0 ? t->value.data : "";
		if (strcmp(t->key.data, BK_S3_TAG_ETAG) != 0)
			rc = add_tag(&t->others, t->key.data, text, e);
		else if (strlen(text) < sizeof(t->etag))
			(void)snprintf(t->etag, sizeof(t->etag), "%s", text);
		t->key.len = t->value.len = 0;
	}
	return rc;
}

/* 0, or -1 with *e set: also where the answer is not one about tags. */
static int
read_tags(struct bk_s3 *s3, const char *key, const struct bk_s3_pair *query,
    struct tags *t, struct bk_err *e)
{
	struct bk_s3_pair q[3] = { { "tagging", "" } };
	/* a server that does not know "tagging" may send the object */
	struct bk_s3_pair range[] = { { "range", "bytes=0-65535" }, { 0 } };
	struct bk_s3_request rq = { .method = "GET", .key = key, .query = q,
	    .headers = range };
	struct bk_s3_reply r = {0};
	int rc;

	*t = (struct tags){0};
	if (query != NULL)
		q[1] = *query;
	rc = bk_s3_do(s3, &rq, &r, e);
	if (rc == 0)
		rc = bk_s3_xml_parse(r.body.len > 0 ? r.body.data : "",
		    r.body.len, on_tag, t, e);
	if (rc == 0 && !t->found)
		rc = bk_fail(e, BK_FAIL, "the server does not know tags");
	bk_s3_reply_free(&r);
	bk_buf_free(&t->key);
	bk_buf_free(&t->value);
	return rc;
}

int
bk_s3_etag_tag(struct bk_s3 *s3, const char *key,
    const struct bk_s3_pair *query, char etag[BK_S3_ETAG])
{
	struct bk_err ignored = {0};
	struct tags t;
	int rc = read_tags(s3, key, query, &t, &ignored);

	if (rc == 0)
		memcpy(etag, t.etag, sizeof(t.etag));
	bk_buf_free(&t.others);
	return rc == 0 && *etag != '\0';
}

/* Servers require Content-MD5 on this request. */
static int
put_tags(struct bk_s3 *s3, const char *key, const struct bk_buf *xml,
    struct bk_err *e)
{
	unsigned char md5[EVP_MAX_MD_SIZE];
	char text[2 * 16];
	struct bk_s3_pair q[] = { { "tagging", "" }, { 0 } };
	struct bk_s3_pair h[] = { { "content-md5", text },
	    { "content-type", "application/xml" }, { 0 } };
	struct bk_s3_request rq = { .method = "PUT", .key = key, .query = q,
	    .headers = h, .body = xml->data, .body_len = xml->len };
	struct bk_s3_reply r = {0};
	int rc;

	if (EVP_Digest(xml->data, xml->len, md5, NULL, EVP_md5(), NULL) != 1)
		return bk_fail(e, BK_FAIL, "libcrypto has no MD5");
	(void)EVP_EncodeBlock((unsigned char *)text, md5, 16);
	rc = bk_s3_do(s3, &rq, &r, e);
	bk_s3_reply_free(&r);
	return rc;
}

int
bk_s3_tag_etag(struct bk_s3 *s3, const char *key, const char *etag,
    struct bk_err *e)
{
	struct bk_buf xml = {0};
	char stored[BK_S3_ETAG];
	struct tags t;
	int rc = -1;

	/* a server without tags must not take them for the object */
	if (read_tags(s3, key, NULL, &t, e) == 0 &&
	    bk_buf_puts(&xml, "<Tagging><TagSet>", e) == 0 &&
	    (t.others.len == 0 || bk_buf_puts(&xml, t.others.data, e) == 0) &&
	    add_tag(&xml, BK_S3_TAG_ETAG, etag, e) == 0 &&
	    bk_buf_puts(&xml, "</TagSet></Tagging>", e) == 0)
		rc = put_tags(s3, key, &xml, e);
	if (rc == 0 && (!bk_s3_etag_tag(s3, key, NULL, stored) ||
	    strcmp(stored, etag) != 0))
		rc = bk_fail(e, BK_FAIL, "the server does not keep tags");
	bk_buf_free(&t.others);
	bk_buf_free(&xml);
	return rc;
}
