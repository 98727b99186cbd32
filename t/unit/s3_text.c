/* URLs, addresses, queries, XML, responses: all that is plain text. */
#include "s3/address.h"
#include "s3/reply.h"
#include "s3/url.h"
#include "s3/xml.h"
#include "tap.h"

static void
urls(void)
{
	static const char *const bad[] = { "", "s3:", "s3://", "s3:///k",
	    "s3://ab/k", "S3://abc/k", "http://abc/k", "s3://a b/k",
	    "s3://.abc/k", "s3://abc?x/k", "abc/k" };
	struct bk_s3_url u;
	struct bk_err e;
	size_t i;

	e = (struct bk_err){0};
	ok(bk_s3_url_parse("s3://a-b.c_D/x//y%20 ?#/", &u, &e) == 0, "a URL");
	is_str(u.bucket, "a-b.c_D", "its bucket");
	is_str(u.key, "x//y%20 ?#/", "its key, as it stands");
	bk_s3_url_free(&u);
	ok(bk_s3_url_parse("s3://abc", &u, &e) == 0 && *u.key == '\0',
	    "a bucket alone");
	bk_s3_url_free(&u);
	ok(bk_s3_url_parse("s3://abc/k?versionId=?versionId=x", &u, &e) == 0,
	    "a version of an odd key");
	is_str(bk_s3_url_cut_version(&u), "x", "its ID");
	is_str(u.key, "k?versionId=", "and the key");
	ok(bk_s3_url_cut_version(&u) == NULL, "an empty ID");
	bk_s3_url_free(&u);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_s3_url_parse(bad[i], &u, &e) == -1 &&
		    e.code == BK_USAGE, "'%s' is none", bad[i]);
	}
}

static void
escapes(void)
{
	struct bk_buf b = {0}, all = {0};
	struct bk_err e = {0};
	char c;
	int i;

	bk_s3_escape(&b, "a/b c+d%~-._\xc3\xa9\x01", 1, &e);
	is_str(b.data, "a/b%20c%2Bd%25~-._%C3%A9%01", "a key");
	b.len = 0;
	bk_s3_escape(&b, "/a/b", 0, &e);
	is_str(b.data, "%2Fa%2Fb", "a slash in a query");
	for (i = 1; i < 256; i++) {
		c = (char)i;
		bk_buf_add(&all, &c, 1, &e);
	}
	b.len = 0;
	bk_s3_escape(&b, all.data, 0, &e);
	ok(bk_s3_unescape(b.data) == 0 && strcmp(b.data, all.data) == 0,
	    "every byte there and back");
	ok(bk_s3_unescape((char[]){ "%" }) == -1 &&
	    bk_s3_unescape((char[]){ "%4" }) == -1 &&
	    bk_s3_unescape((char[]){ "%g0" }) == -1 &&
	    bk_s3_unescape((char[]){ "%00" }) == -1, "bad escapes");
	bk_buf_free(&b);
	bk_buf_free(&all);
}

static void
is_address(const char *endpoint, int style, const char *bucket,
    const char *origin, const char *path)
{
	struct bk_s3_settings set = { .endpoint = endpoint,
	    .path_style = style };
	struct bk_s3_address a = {0};
	struct bk_err e = {0};

	bk_s3_address_make(&a, &set, "eu-north-1", bucket, &e);
	is_str(a.origin, origin, endpoint != NULL ? endpoint : "AWS");
	is_str(a.path, path, "its path");
	bk_s3_address_free(&a);
}

static void
addresses(void)
{
	static const char *const bad[] = { "", "x", "ftp://h", "http://",
	    "http:///x", "http://u:p@h", "https://h?x", "https://h #" };
	struct bk_s3_pair query[] = { { "uploadId", "a b/=" },
	    { "partNumber", "1" }, { "uploads", "" }, { 0 } };
	struct bk_s3_settings set = { .path_style = -1 };
	struct bk_s3_address a = {0};
	struct bk_buf b = {0};
	struct bk_err e = {0};
	size_t i;

	is_address(NULL, -1, "shop", "https://shop.s3.eu-north-1.amazonaws.com",
	    "");
	is_address(NULL, -1, "my.shop", "https://s3.eu-north-1.amazonaws.com",
	    "/my.shop");
	is_address(NULL, 1, "shop", "https://s3.eu-north-1.amazonaws.com",
	    "/shop");
	is_address("http://h:9000/", -1, "shop", "http://h:9000", "/shop");
	is_address("https://h/p/", -1, "shop", "https://h", "/p/shop");
	is_address("https://h:1", 0, "shop", "https://shop.h:1", "");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		set.endpoint = bad[i];
		ok(bk_s3_address_make(&a, &set, "r", "abc", &e) == -1 &&
		    e.code == BK_USAGE, "'%s' is no endpoint", bad[i]);
	}
	e = (struct bk_err){0};
	bk_s3_address_query(query, &b, &e);
	is_str(b.data, "partNumber=1&uploadId=a%20b%2F%3D&uploads=",
	    "a query is sorted and encoded");
	bk_buf_free(&b);
}

static int
join(void *ctx, const char *path, const char *text, struct bk_err *e)
{
	return bk_buf_printf(ctx, e, "%s=%s;", path, text);
}

static void
is_xml(const char *doc, const char *want, const char *what)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int rc = bk_s3_xml_parse(doc, strlen(doc), join, &b, &e);

	if (want == NULL)
		ok(rc == -1 && e.code == BK_FAIL, "%s", what);
	else
		is_str(b.data, want, what);
	bk_buf_free(&b);
}

static void
xml(void)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	is_xml("<?xml version='1.0'?>\n<A xmlns='u'><B>x &amp; <C/>y</B>"
	    "<n:B xmlns:n='v'>&#9;</n:B></A>",
	    "A/B/C=;A/B=x & y;A/B=\t;A=;", "elements in order");
	is_xml("", NULL, "nothing");
	is_xml("<A>", NULL, "an open element");
	is_xml("<A></B>", NULL, "a wrong end");
	is_xml("<!DOCTYPE A [<!ENTITY x 'y'>]><A>&x;</A>", NULL,
	    "a document type");
	is_xml("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a/></a></a>"
	    "</a></a></a></a></a></a></a></a></a></a></a></a></a></a>", NULL,
	    "17 levels");
	bk_s3_xml_escape(&b, "a<b>&\"\t\xc3\xa9", &e);
	is_str(b.data, "a&lt;b&gt;&amp;\"&#9;\xc3\xa9", "escaped");
	bk_buf_free(&b);
}

static void
replies(void)
{
	static const char *const lines[] = { "HTTP/1.1 100 Continue\r\n",
	    "X-Old: 1\r\n", "\r\n", "HTTP/1.1 404 NotFound\r\n",
	    "ETag:\"x\"\r\n", "X-Amz-Bucket-Region:  eu-west-1 \r\n",
	    "Empty:\r\n", "no colon\r\n", "\r\n" };
	static const char body[] = "<Error><Code>NoSuchKey</Code>"
	    "<Message>gone</Message></Error>";
	struct bk_s3_reply r = {0};
	struct bk_buf b = {0};
	struct bk_err e = {0};
	size_t i;

	ok(bk_s3_reply_header(&r, "etag") == NULL, "no headers yet");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		bk_s3_reply_take(&r, lines[i], strlen(lines[i]), &e);
	is_str(bk_s3_reply_header(&r, "etag"), "\"x\"", "a header");
	is_str(bk_s3_reply_header(&r, "empty"), "", "an empty one");
	ok(bk_s3_reply_header(&r, "x-old") == NULL, "100's are forgotten");
	bk_buf_puts(&r.body, body, &e);
	bk_s3_reply_read_error(&r);
	is_str(r.code, "NoSuchKey", "the code");
	is_str(r.message, "gone", "the message");
	is_str(r.region, "eu-west-1", "the region");
	is_int(bk_s3_reply_xml(&r, "Error/Message", &b, &e), 1, "an element");
	is_str(b.data, "gone", "its text");
	is_int(bk_s3_reply_xml(&r, "Error/No", &b, &e), 0, "none");
	bk_buf_free(&b);
	bk_s3_reply_free(&r);
}

/* A region goes into host names and headers: nothing else may get there. */
static void
regions(void)
{
	static const char *const bad[] = { "x&#13;&#10;X-Injected: yes",
	    "evil.net/", "evil.net#", "a b", "\xc3\xa9" };
	struct bk_s3_reply r = {0};
	struct bk_err e = {0};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bk_s3_reply_reset(&r);
		bk_buf_printf(&r.body, &e, "<Error><Code>PermanentRedirect"
		    "</Code><Region>%s</Region></Error>", bad[i]);
		bk_s3_reply_read_error(&r);
		is_str(r.code, "PermanentRedirect", "a code");
		is_str(r.region, "", bad[i]);
	}
	bk_s3_reply_reset(&r);
	bk_s3_reply_take(&r, "x-amz-bucket-region: a/b\r\n", 26, &e);
	bk_s3_reply_read_error(&r);
	is_str(r.region, "", "nor from a header");
	bk_s3_reply_free(&r);
}

int
main(void)
{
	regions();
	urls();
	escapes();
	addresses();
	xml();
	replies();
	return tap_done();
}
