#include "s3/origin_check.h"

#include <string.h>

#include "s3/xml.h"

struct root {
	const char *name;
	int found;
};

static int
on_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct root *root = ctx;

	(void)text;
	(void)e;
	root->found |= strcmp(path, root->name) == 0;
	return 0;
}

static int
foreign(const struct bk_s3_reply *r, struct bk_err *why)
{
	bk_fail(why, BK_FAIL, "the answer (%d) is not one of S3's; check "
	    "AWS_ENDPOINT_URL and any proxy", r->status);
	return 0;
}

static int
has_root(const struct bk_s3_request *rq, const struct bk_s3_reply *r,
    struct bk_err *why)
{
	struct root root = { .name = rq->root };
	struct bk_err bad = {0};

	if (r->body.len == 0)
		return foreign(r, why);
	if (bk_s3_xml_parse(r->body.data, r->body.len, on_element, &root,
	    &bad) == -1) {
		bk_fail(why, BK_FAIL, "the answer is %s", bad.msg);
		return 0;
	}
	return root.found ? 1 : foreign(r, why);
}

static int
has_etag(const struct bk_s3_request *rq, const struct bk_s3_reply *r)
{
	const struct bk_s3_pair *h;
	char etag[BK_S3_ETAG];
	size_t n;

	bk_s3_reply_etag(r, etag);
	for (h = rq->headers; h != NULL && h->name != NULL; h++) {
		if (strcmp(h->name, "if-match") != 0)
			continue;
		n = strlen(etag);
		return n > 0 && strncmp(h->value + (*h->value == '"'), etag,
		    n) == 0;
	}
	return etag[0] != '\0';
}

static int
is_about_tags(const struct bk_s3_request *rq)
{
	return rq->query != NULL && rq->query->name != NULL &&
	    strcmp(rq->query->name, "tagging") == 0;
}

int
bk_s3_is_genuine(const struct bk_s3_request *rq, const struct bk_s3_reply *r,
    struct bk_err *why)
{
	if (rq->root != NULL)
		return has_root(rq, r, why);
	if (strcmp(rq->method, "POST") == 0)
		return 1;		/* of a restore, nothing is told */
	if (is_about_tags(rq))
		return 1;		/* they are read again */
	if (strcmp(rq->method, "DELETE") == 0)
		return r->status == 204 ? 1 : foreign(r, why);
	return has_etag(rq, r) ? 1 : foreign(r, why);
}
