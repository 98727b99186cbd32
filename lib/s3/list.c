#include "s3/list.h"

#include <string.h>

#include "base/num.h"
#include "base/utctime.h"
#include "s3/url.h"
#include "s3/xml.h"

/* One page being read: the object so far, and where the next page is. */
struct page {
	struct bk_s3 *s3;
	bk_s3_list_fn *fn;
	void *ctx;
	struct bk_buf key, class, token;
	uint64_t size;
	time_t modified;
	int encoded;		/* the server did as it was asked */
	int truncated;
};

static int
bad_answer(const struct page *p, const char *what, const char *text,
    struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "s3://%s: the server lists %s '%s'",
	    bk_s3_bucket(p->s3), what, text);
}

static int
set(struct bk_buf *b, const char *text, struct bk_err *e)
{
	b->len = 0;
	return bk_buf_puts(b, text, e);
}

static int
on_object(struct page *p, struct bk_err *e)
{
	struct bk_s3_object o = {
		.size = p->size, .modified = p->modified,
		.storage_class = p->class.len > 0 ? p->class.data : "STANDARD",
	};

	if (p->key.len == 0)
		return bad_answer(p, "the key", "", e);
	if (p->encoded && bk_s3_unescape(p->key.data) == -1)
		return bad_answer(p, "the key", p->key.data, e);
	o.key = p->key.data;
	if (p->fn(p->ctx, &o, e) == -1)
		return -1;
	p->key.len = p->class.len = 0;
	p->size = 0;
	p->modified = 0;
	return 0;
}

static int
on_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct bk_err number = {0};
	struct page *p = ctx;

	if (strncmp(path, "ListBucketResult/", 17) != 0)
		return 0;
	path += 17;
	if (strcmp(path, "Contents/Key") == 0)
		return set(&p->key, text, e);
	if (strcmp(path, "Contents/StorageClass") == 0)
		return set(&p->class, text, e);
	if (strcmp(path, "NextContinuationToken") == 0)
		return set(&p->token, text, e);
	if (strcmp(path, "IsTruncated") == 0)
		p->truncated = strcmp(text, "true") == 0;
	else if (strcmp(path, "Contents/Size") == 0 && bk_num_parse(text, 0,
	    INT64_MAX, "", &p->size, &number) == -1)
		return bad_answer(p, "the size", text, e);
	else if (strcmp(path, "Contents/LastModified") == 0 &&
	    bk_utctime_parse(text, strlen(text), &p->modified) == -1)
		return bad_answer(p, "the time", text, e);
	else if (strcmp(path, "Contents") == 0)
		return on_object(p, e);
	return 0;
}

/* Get the page that *token (empty: the first) names, and the next's name. */
static int
get_page(struct page *p, const char *prefix, struct bk_buf *token,
    struct bk_err *e)
{
	struct bk_s3_pair query[] = {
		{ "list-type", "2" }, { "encoding-type", "url" },
		{ "prefix", prefix },
		{ token->len > 0 ? "continuation-token" : NULL, token->data },
		{ 0 },
	};
	struct bk_s3_request rq = { .method = "GET", .query = query };
	struct bk_s3_reply reply = {0};
	struct bk_buf encoding = {0};
	int rc;

	p->token.len = 0;
	p->truncated = 0;
	rc = bk_s3_do(p->s3, &rq, &reply, e);
	if (rc == 0)
		/* it may stand behind the keys that it is about */
		rc = p->encoded = bk_s3_reply_xml(&reply,
		    "ListBucketResult/EncodingType", &encoding, e);
	if (rc != -1)
		rc = bk_s3_xml_parse(reply.body.data, reply.body.len,
		    on_element, p, e);
	bk_s3_reply_free(&reply);
	bk_buf_free(&encoding);
	if (rc == 0 && p->truncated && p->token.len == 0)
		rc = bad_answer(p, "no", "NextContinuationToken", e);
	if (rc == 0 && p->truncated && token->len > 0 &&
	    strcmp(p->token.data, token->data) == 0)
		rc = bad_answer(p, "the same page twice, at", token->data, e);
	if (rc == 0)
		rc = set(token, p->truncated ? p->token.data : "", e);
	return rc;
}

int
bk_s3_list(struct bk_s3 *s3, const char *prefix, bk_s3_list_fn *fn,
    void *ctx, struct bk_err *e)
{
	struct page p = { .s3 = s3, .fn = fn, .ctx = ctx };
	struct bk_buf token = {0};
	int rc;

	do
		rc = get_page(&p, prefix, &token, e);
	while (rc == 0 && token.len > 0);
	bk_buf_free(&p.key);
	bk_buf_free(&p.class);
	bk_buf_free(&p.token);
	bk_buf_free(&token);
	return rc;
}

struct newest {
	struct bk_buf key;
	time_t modified;
};

static int
keep_newest(void *ctx, const struct bk_s3_object *o, struct bk_err *e)
{
	struct newest *n = ctx;
	size_t len = strlen(o->key);

	if (o->size == 0 && o->key[len - 1] == '/')
		return 0;
	if (n->key.len > 0 && (o->modified < n->modified ||
	    (o->modified == n->modified && strcmp(o->key, n->key.data) < 0)))
		return 0;
	n->modified = o->modified;
	return set(&n->key, o->key, e);
}

int
bk_s3_list_newest(struct bk_s3 *s3, const char *prefix, struct bk_buf *key,
    struct bk_err *e)
{
	struct newest n = {0};
	int rc = bk_s3_list(s3, prefix, keep_newest, &n, e);

	if (rc == 0 && n.key.len == 0)
		rc = bk_fail(e, BK_NONE, "s3://%s/%s: no object under this "
		    "prefix",
		    bk_s3_bucket(s3), prefix);
	if (rc == 0)
		rc = bk_buf_puts(key, n.key.data, e);
	bk_buf_free(&n.key);
	return rc;
}
