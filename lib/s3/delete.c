#include "s3/delete.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/utf8.h"
#include "s3/reply.h"
#include "s3/xml.h"

#define MD5_LEN 16

/* The state of a batch, and the response entry being parsed. */
struct batch {
	const struct bk_s3_delete *d;
	const struct bk_s3_doomed *o;
	size_t n;
	enum fate {
		LATER,		/* by a request of its own */
		ASKED,		/* no result yet */
		REPORTED,	/* done was called */
	} fate[BK_S3_DELETE_MAX];
	struct bk_buf key, version, code, message;
};

/* UTF-8 without control bytes: XML 1.0 cannot represent anything else. */
static int
fits_xml(const char *s)
{
	size_t n;

	for (; *s != '\0'; s += n)
		if ((unsigned char)*s < 0x20 || *s == 0x7f ||
		    (n = bk_utf8_len(s)) == 0 ||
		    strncmp(s, "\xef\xbf\xbe", 3) == 0 ||
		    strncmp(s, "\xef\xbf\xbf", 3) == 0)
			return 0;
	return 1;
}

/* Some servers repeat the code as the message. */
static int
is_news(const char *code, const char *message)
{
	return *message != '\0' && strcmp(code, message) != 0;
}

/* 1 if the error is not about the object: the next key would fail alike. */
static int
is_general(const struct bk_s3_reply *r)
{
	static const char *const codes[] = { "NoSuchBucket", "ExpiredToken",
	    "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch",
	    "AuthorizationHeaderMalformed", "RequestTimeTooSkewed" };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(r->code, codes[i]) == 0)
			return 1;
	return r->status == 0;
}

static int
is_gone(const char *code)
{
	return strcmp(code, "NoSuchKey") == 0 ||
	    strcmp(code, "NoSuchVersion") == 0;
}

static int
delete_one(const struct bk_s3_delete *d, const struct bk_s3_doomed *o,
    struct bk_err *e)
{
	struct bk_s3_pair query[] = { { "versionId", o->version }, { 0 } };
	struct bk_s3_request rq = { .method = "DELETE", .key = o->key,
	    .query = o->version != NULL ? query : NULL };
	struct bk_s3_reply reply = {0};
	struct bk_err reason = {0};
	char text[sizeof(reply.code) + sizeof(reply.message) + 2];
	int rc = bk_s3_do(d->s3, &rq, &reply, &reason);

	if (rc == 0 || is_gone(reply.code))
		rc = d->done(d->ctx, o, NULL, e);
	else if (is_general(&reply))
		rc = bk_fail(e, reason.code, "%s", reason.msg);
	else {
		int news = is_news(reply.code, reply.message);

		(void)snprintf(text, sizeof(text), "%s%s%s",
		    reply.code[0] != '\0' ? reply.code : "refused",
		    news ? ": " : "", news ? reply.message : "");
		rc = d->done(d->ctx, o, text, e);
	}
	bk_s3_reply_free(&reply);
	return rc;
}

/* Is o the one that the response entry is about? */
static int
is_meant(const struct batch *b, const struct bk_s3_doomed *o)
{
	const char *version = o->version != NULL ? o->version : "";

	return strcmp(o->key, b->key.data) == 0 &&
	    strcmp(version, b->version.len > 0 ? b->version.data : "") == 0;
}

/* End of a response entry, which applies to all of that name. */
static int
end_entry(struct batch *b, int deleted, struct bk_err *e)
{
	struct bk_buf reason = {0};
	const char *code = b->code.len > 0 ? b->code.data : "refused";
	size_t i;
	int rc = 0;

	if (b->message.len > 0 && is_news(code, b->message.data))
		rc = bk_buf_printf(&reason, e, "%s: %s", code, b->message.data);
	else
		rc = bk_buf_puts(&reason, code, e);
	for (i = 0; rc == 0 && b->key.len > 0 && i < b->n; i++) {
		if (b->fate[i] != ASKED || !is_meant(b, &b->o[i]))
			continue;
		/* a server error: retried by a request of its own */
		b->fate[i] = !deleted && bk_s3_judge(0, code) == BK_S3_AGAIN ?
		    LATER : REPORTED;
		if (b->fate[i] == REPORTED)
			rc = b->d->done(b->d->ctx, &b->o[i], deleted ||
			    is_gone(code) ? NULL : reason.data, e);
	}
	bk_buf_free(&reason);
	b->key.len = b->version.len = b->code.len = b->message.len = 0;
	return rc;
}

static int
set(struct bk_buf *b, const char *text, struct bk_err *e)
{
	b->len = 0;
	return bk_buf_puts(b, text, e);
}

static int
on_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct batch *b = ctx;

	if (strcmp(path, "DeleteResult/Deleted/Key") == 0 ||
	    strcmp(path, "DeleteResult/Error/Key") == 0)
		return set(&b->key, text, e);
	if (strcmp(path, "DeleteResult/Deleted/VersionId") == 0 ||
	    strcmp(path, "DeleteResult/Error/VersionId") == 0)
		return set(&b->version, text, e);
	if (strcmp(path, "DeleteResult/Error/Code") == 0)
		return set(&b->code, text, e);
	if (strcmp(path, "DeleteResult/Error/Message") == 0)
		return set(&b->message, text, e);
	if (strcmp(path, "DeleteResult/Deleted") == 0)
		return end_entry(b, 1, e);
	if (strcmp(path, "DeleteResult/Error") == 0)
		return end_entry(b, 0, e);
	return 0;
}

static int
add_object(struct bk_buf *body, const struct bk_s3_doomed *o, struct bk_err *e)
{
	if (bk_buf_puts(body, "<Object><Key>", e) == -1 ||
	    bk_s3_xml_escape(body, o->key, e) == -1 ||
	    bk_buf_puts(body, "</Key>", e) == -1 ||
	    (o->version != NULL && (bk_buf_puts(body, "<VersionId>", e) == -1 ||
	    bk_s3_xml_escape(body, o->version, e) == -1 ||
	    bk_buf_puts(body, "</VersionId>", e) == -1)))
		return -1;
	return bk_buf_puts(body, "</Object>", e);
}

/* Write the request body; *asked is the number of objects in it. */
static int
compose(struct batch *b, struct bk_buf *body, size_t *asked,
    struct bk_err *e)
{
	size_t i;

	*asked = 0;
	if (bk_buf_puts(body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/"
	    "2006-03-01/\">", e) == -1)
		return -1;
	for (i = 0; i < b->n; i++) {
		if (!fits_xml(b->o[i].key))
			continue;
		if (add_object(body, &b->o[i], e) == -1)
			return -1;
		b->fate[i] = ASKED;
		++*asked;
	}
	return bk_buf_puts(body, "</Delete>", e);
}

/* Every server requires Content-MD5 on this request. */
static int
content_md5(const struct bk_buf *body, char out[2 * MD5_LEN],
    struct bk_err *e)
{
	unsigned char md5[EVP_MAX_MD_SIZE];

	if (EVP_Digest(body->data, body->len, md5, NULL, EVP_md5(),
	    NULL) != 1)
		return bk_fail(e, BK_FAIL, "libcrypto has no MD5");
	(void)EVP_EncodeBlock((unsigned char *)out, md5, MD5_LEN);
	return 0;
}

/* 1 if the server does not implement this request. */
static int
is_unknown(const struct bk_s3_reply *r)
{
	return r->status == 501 || r->status == 405 ||
	    strcmp(r->code, "NotImplemented") == 0 ||
	    strcmp(r->code, "MethodNotAllowed") == 0 ||
	    /* Google, once: "Cannot create buckets using a POST" */
	    strcmp(r->code, "InvalidArgument") == 0;
}

/* One DeleteObjects for what fits into it; the rest stays LATER. */
static int
delete_many(struct bk_s3_delete *d, struct batch *b, struct bk_err *e)
{
	struct bk_buf body = {0};
	struct bk_s3_reply reply = {0};
	struct bk_err reason = {0};
	char md5[2 * MD5_LEN];
	struct bk_s3_pair query[] = { { "delete", "" }, { 0 } };
	struct bk_s3_pair headers[] = { { "content-md5", md5 },
	    { "content-type", "application/xml" }, { 0 } };
	struct bk_s3_request rq = { .method = "POST", .query = query,
	    .headers = headers, .root = "DeleteResult" };
	size_t asked, i;
	int rc = -1;

	if (compose(b, &body, &asked, e) == -1 ||
	    content_md5(&body, md5, e) == -1)
		goto done;
	rq.body = body.data;
	rq.body_len = body.len;
	if (asked == 0)
		rc = 0;
	else if (bk_s3_do(d->s3, &rq, &reply, &reason) == 0)
		rc = bk_s3_xml_parse(reply.body.data, reply.body.len,
		    on_element, b, e);
	else if (is_unknown(&reply)) {
		d->singly = 1;
		for (i = 0; i < b->n; i++)
			b->fate[i] = LATER;
		rc = 0;
	} else
		bk_fail(e, reason.code, "%s", reason.msg);
 done:
	bk_s3_reply_free(&reply);
	bk_buf_free(&body);
	return rc;
}

int
bk_s3_delete(struct bk_s3_delete *d, const struct bk_s3_doomed *o, size_t n,
    struct bk_err *e)
{
	struct batch b = { .d = d, .o = o, .n = n };
	size_t i;
	int rc = 0;

	if (!d->singly && n > 1)
		rc = delete_many(d, &b, e);
	for (i = 0; rc == 0 && i < n; i++) {
		if (b.fate[i] == ASKED)
			rc = d->done(d->ctx, &o[i],
			    "the server's answer does not say", e);
		else if (b.fate[i] == LATER)
			rc = delete_one(d, &o[i], e);
	}
	bk_buf_free(&b.key);
	bk_buf_free(&b.version);
	bk_buf_free(&b.code);
	bk_buf_free(&b.message);
	return rc;
}

int
bk_s3_delete_upload(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e)
{
	struct bk_s3_pair query[] = { { "uploadId", id }, { 0 } };
	struct bk_s3_request rq = { .method = "DELETE", .key = key,
	    .query = query };
	struct bk_s3_reply reply = {0};
	struct bk_err reason = {0};
	int rc = bk_s3_do(s3, &rq, &reply, &reason), gone;

	/* some servers report a missing upload as a missing key */
	gone = reply.status == 404 && (is_gone(reply.code) ||
	    strcmp(reply.code, "NoSuchUpload") == 0);
	bk_s3_reply_free(&reply);
	if (rc == -1)
		bk_fail(e, gone ? BK_NONE : reason.code, "%s", reason.msg);
	return rc;
}
