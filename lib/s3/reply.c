#include "s3/reply.h"

#include <string.h>
#include <stdio.h>

#include "s3/url.h"
#include "s3/xml.h"

const char *
bk_s3_reply_header(const struct bk_s3_reply *r, const char *name)
{
	const char *p = r->headers.data, *end, *value;

	if (p == NULL)
		return NULL;
	for (end = p + r->headers.len; p < end; p = value + strlen(value) + 1) {
		value = p + strlen(p) + 1;
		if (strcmp(p, name) == 0)
			return value;
	}
	return NULL;
}

/* Add the header of n bytes, whose name ends at colon. */
static int
add_header(struct bk_buf *all, const char *line, size_t n, const char *colon,
    struct bk_err *e)
{
	size_t start = all->len, len = (size_t)(colon - line), i;

	if (bk_buf_add(all, line, len, e) == -1 ||
	    bk_buf_add(all, "", 1, e) == -1)
		return -1;
	for (i = start; i < start + len; i++)
		if (all->data[i] >= 'A' && all->data[i] <= 'Z')
			all->data[i] += 'a' - 'A';
	if (len > 7 && memcmp(all->data + start, "x-goog-", 7) == 0) {
		memcpy(all->data + start, "x-amz-", 6);
		memmove(all->data + start + 6, all->data + start + 7, len - 6);
		all->len--;
	}
	for (colon++, len++; len < n && strchr(" \t", *colon) != NULL; len++)
		colon++;
	if (bk_buf_add(all, colon, n - len, e) == -1)
		return -1;
	return bk_buf_add(all, "", 1, e);
}

int
bk_s3_reply_take(struct bk_s3_reply *r, const char *line, size_t n,
    struct bk_err *e)
{
	const char *colon;
	size_t start = r->headers.len;

	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		r->headers.len = 0;
		return 0;
	}
	while (n > 0 && strchr("\r\n \t", line[n - 1]) != NULL)
		n--;
	colon = memchr(line, ':', n);
	if (colon == NULL || memchr(line, '\0', n) != NULL)
		return 0;
	if (add_header(&r->headers, line, n, colon, e) == 0)
		return 0;
	r->headers.len = start;		/* no name without a value */
	return -1;
}

static int
read_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct bk_s3_reply *r = ctx;

	(void)e;
	if (strcmp(path, "Error/Code") == 0)
		(void)snprintf(r->code, sizeof(r->code), "%s", text);
	else if (strcmp(path, "Error/Message") == 0)
		(void)snprintf(r->message, sizeof(r->message), "%s", text);
	else if (strcmp(path, "Error/Region") == 0)
		(void)snprintf(r->region, sizeof(r->region), "%s", text);
	return 0;
}

void
bk_s3_reply_read_error(struct bk_s3_reply *r)
{
	const char *region = bk_s3_reply_header(r, "x-amz-bucket-region");
	struct bk_err ignored = {0};	/* a proxy's HTML: the status will do */

	if (region != NULL)
		(void)snprintf(r->region, sizeof(r->region), "%s", region);
	if (r->body.len > 0)
		(void)bk_s3_xml_parse(r->body.data, r->body.len, read_element,
		    r, &ignored);
	if (!bk_s3_is_region(r->region))
		r->region[0] = '\0';
}

struct search {
	const char *path;
	struct bk_buf *out;
	int found;
};

static int
match_element(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	struct search *s = ctx;

	if (s->found || strcmp(path, s->path) != 0)
		return 0;
	s->found = 1;
	return bk_buf_puts(s->out, text, e);
}

int
bk_s3_reply_xml(const struct bk_s3_reply *r, const char *path,
    struct bk_buf *out, struct bk_err *e)
{
	struct search s = { .path = path, .out = out };

	if (bk_s3_xml_parse(r->body.data, r->body.len, match_element, &s,
	    e) == -1)
		return -1;
	return s.found;
}

void
bk_s3_reply_etag(const struct bk_s3_reply *r, char out[BK_S3_ETAG])
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

void
bk_s3_reply_reset(struct bk_s3_reply *r)
{
	r->status = 0;
	r->headers.len = 0;
	r->body.len = 0;
	r->code[0] = r->message[0] = r->region[0] = '\0';
}

void
bk_s3_reply_free(struct bk_s3_reply *r)
{
	bk_buf_free(&r->headers);
	bk_buf_free(&r->body);
	*r = (struct bk_s3_reply){0};
}

struct rule {
	const char *code;
	enum bk_s3_outcome verdict;
	const char *remedy;
};

static const struct rule rules[] = {
	{ "RequestTimeTooSkewed", BK_S3_SKEWED, "; set the clock" },
	{ "ExpiredToken", BK_S3_EXPIRED, "; renew the session's keys" },
	{ "TokenRefreshRequired", BK_S3_EXPIRED,
	    "; renew the session's keys" },
	{ "PermanentRedirect", BK_S3_ELSEWHERE,
	    "; set AWS_REGION to the bucket's region" },
	{ "AuthorizationHeaderMalformed", BK_S3_ELSEWHERE,
	    "; set AWS_REGION to the bucket's region" },
	{ "TemporaryRedirect", BK_S3_AGAIN, "" },
	{ "InternalError", BK_S3_AGAIN, "" },
	{ "ServiceUnavailable", BK_S3_AGAIN, "" },
	{ "SlowDown", BK_S3_AGAIN, "" },
	{ "RequestTimeout", BK_S3_AGAIN, "" },
	{ "OperationAborted", BK_S3_AGAIN, "" },
	{ "ConditionalRequestConflict", BK_S3_AGAIN, "" },
	/* damaged in transit: our bytes are intact */
	{ "IncompleteBody", BK_S3_AGAIN, "" },
	{ "BadDigest", BK_S3_AGAIN, "" },
	{ "XAmzContentSHA256Mismatch", BK_S3_AGAIN, "" },
	{ "SignatureDoesNotMatch", BK_S3_BAD,
	    "; check the secret key (AWS_SECRET_ACCESS_KEY)" },
	{ "InvalidAccessKeyId", BK_S3_BAD,
	    "; check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL" },
	{ "AccessDenied", BK_S3_BAD, "; check the permissions of the key" },
	{ "NoSuchBucket", BK_S3_BAD,
	    "; create the bucket, or check its name and AWS_ENDPOINT_URL" },
	{ "InvalidObjectState", BK_S3_BAD, "; it is archived: "
	    "bk-s3get --thaw requests a readable copy" },
	{ "GlacierExpeditedRetrievalNotAvailable", BK_S3_BAD,
	    "; ask for Standard" },
};

static const struct rule *
find(const char *code)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(code, rules[i].code) == 0)
			return &rules[i];
	return NULL;
}

enum bk_s3_outcome
bk_s3_judge(int status, const char *code)
{
	const struct rule *r = find(code);

	if (r != NULL)
		return r->verdict;
	if (status >= 200 && status < 300)
		return *code == '\0' ? BK_S3_GOOD : BK_S3_BAD;
	switch (status) {
	case 301:
		return BK_S3_ELSEWHERE;
	case 401:			/* Google: the token has expired */
		return BK_S3_EXPIRED;
	case 307: case 408: case 429: case 500: case 502: case 503: case 504:
		return BK_S3_AGAIN;
	default:
		return BK_S3_BAD;
	}
}

const char *
bk_s3_remedy(const char *code)
{
	const struct rule *r = find(code);

	return r != NULL ? r->remedy : "";
}
