#include "s3/uploads.h"

#include <string.h>

#include "base/utctime.h"
#include "s3/url.h"
#include "s3/xml.h"

/* One page being read: the upload so far, and where the next page begins. */
struct page {
	struct bk_s3 *s3;
	bk_s3_uploads_fn *fn;
	void *ctx;
	struct bk_buf key, id;
	struct bk_buf next_key, next_id;
	time_t initiated;
	int truncated;
};

static int
bad_answer(const struct page *p, const char *what, const char *text,
    struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "s3://%s: the server lists an upload with "
	    "%s '%s'", bk_s3_bucket(p->s3), what, text);
}

static int
set(struct bk_buf *b, const char *text, struct bk_err *e)
{
	b->len = 0;
	return bk_buf_puts(b, text, e);
}

static int
set_decoded(struct page *p, struct bk_buf *b, const char *text,
    struct bk_err *e)
{
	if (set(b, text, e) == -1)
		return -1;
	if (bk_s3_unescape(b->data) == -1)
		return bad_answer(p, "the key", text, e);
	b->len = strlen(b->data);
	return 0;
}

static int
on_upload(struct page *p, struct bk_err *e)
{
	struct bk_s3_upload u = { p->key.data, p->id.data, p->initiated };

	if (p->key.len == 0 || p->id.len == 0)
		return bad_answer(p, "no key or id", "", e);
	if (p->fn(p->ctx, &u, e) == -1)
		return -1;
	p->key.len = p->id.len = 0;
	p->initiated = 0;
	return 0;
}

static int
on_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct page *p = ctx;

	if (strncmp(path, "ListMultipartUploadsResult/", 27) != 0)
		return 0;
	path += 27;
	if (strcmp(path, "Upload/Key") == 0)
		return set_decoded(p, &p->key, text, e);
	if (strcmp(path, "Upload/UploadId") == 0)
		return set(&p->id, text, e);
	if (strcmp(path, "NextKeyMarker") == 0)
		return set_decoded(p, &p->next_key, text, e);
	if (strcmp(path, "NextUploadIdMarker") == 0)
		return set(&p->next_id, text, e);
	if (strcmp(path, "IsTruncated") == 0)
		p->truncated = strcmp(text, "true") == 0;
	else if (strcmp(path, "Upload/Initiated") == 0 &&
	    bk_utctime_parse(text, strlen(text), &p->initiated) == -1)
		return bad_answer(p, "the time", text, e);
	else if (strcmp(path, "Upload") == 0)
		return on_upload(p, e);
	return 0;
}

/* Get the page behind the markers (empty: the first) and the next's. */
static int
get_page(struct page *p, const char *prefix, struct bk_buf *key,
    struct bk_buf *id, struct bk_err *e)
{
	struct bk_s3_pair query[] = {
		{ "uploads", "" }, { "encoding-type", "url" },
		{ "prefix", prefix },
		{ key->len > 0 ? "key-marker" : NULL, key->data },
		{ id->len > 0 ? "upload-id-marker" : NULL, id->data },
		{ 0 },
	};
	struct bk_s3_request rq = { .method = "GET", .query = query };
	struct bk_s3_reply reply = {0};
	int rc;

	p->next_key.len = p->next_id.len = 0;
	p->truncated = 0;
	rc = bk_s3_do(p->s3, &rq, &reply, e);
	if (rc == 0)
		rc = bk_s3_xml_parse(reply.body.data, reply.body.len,
		    on_element, p, e);
	bk_s3_reply_free(&reply);
	if (rc == 0 && p->truncated && p->next_key.len == 0)
		rc = bad_answer(p, "no", "NextKeyMarker", e);
	if (rc == -1 || !p->truncated)
		return rc;
	if (key->len > 0 && strcmp(key->data, p->next_key.data) == 0 &&
	    (p->next_id.len == 0 || (id->len > 0 &&
	    strcmp(id->data, p->next_id.data) == 0)))
		return bad_answer(p, "the same page twice, at", key->data, e);
	if (set(key, p->next_key.data, e) == -1)
		return -1;
	return set(id, p->next_id.len > 0 ? p->next_id.data : "", e);
}

int
bk_s3_uploads_list(struct bk_s3 *s3, const char *prefix,
    bk_s3_uploads_fn *fn, void *ctx, struct bk_err *e)
{
	struct page p = { .s3 = s3, .fn = fn, .ctx = ctx };
	struct bk_buf key = {0}, id = {0};
	int rc;

	do
		rc = get_page(&p, prefix, &key, &id, e);
	while (rc == 0 && p.truncated);
	bk_buf_free(&p.key);
	bk_buf_free(&p.id);
	bk_buf_free(&p.next_key);
	bk_buf_free(&p.next_id);
	bk_buf_free(&key);
	bk_buf_free(&id);
	return rc;
}

int
bk_s3_uploads_abort(struct bk_s3 *s3, const char *key, const char *id,
    struct bk_err *e)
{
	struct bk_s3_pair query[] = { { "uploadId", id }, { 0 } };
	struct bk_s3_request rq = { .method = "DELETE", .key = key,
	    .query = query };
	struct bk_s3_reply reply = {0};
	struct bk_err why = {0};
	int rc = bk_s3_do(s3, &rq, &reply, &why), gone;

	/* for an upload that is not there some say that the key is not */
	gone = reply.status == 404 && strcmp(reply.code, "NoSuchBucket") != 0;
	bk_s3_reply_free(&reply);
	if (rc == -1)
		bk_fail(e, gone ? BK_NONE : why.code, "%s", why.msg);
	return rc;
}
