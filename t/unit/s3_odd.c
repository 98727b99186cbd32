/* What S3's answers are that no server of the other tests gives. */
#include <limits.h>

#include "s3/address.h"
#include "s3/confirm.h"
#include "s3/cred_http.h"
#include "s3/delete.h"
#include "s3/download.h"
#include "s3/integrity.h"
#include "s3/multipart.h"
#include "s3/parts.h"
#include "s3/recheck.h"
#include "s3/xml.h"
#include "http_host.h"
#include "starve.h"
#include "tap.h"

#define ETAG "ETag: \"e\"\r\n"
#define ELSEWHERE "x-amz-bucket-region: eu-west-9\r\n"

static char endpoint[64];
static int port;
static char big[BK_S3_REPLY_MAX + 1];
static const struct bk_label wal = { .wal = "00000001000000010000000A",
    .sum = "00112233445566778899aabbccddeeff" };

static const struct {
	const char *method, *path, *head;	/* which has that in it */
	struct http_say say;
} answers[] = {
	{ "GET", "moving", "", { 301, ELSEWHERE, "", 0 } },
	{ "GET", "moved", "/eu-west-9/", { 200, ETAG, "", 0 } },
	{ "GET", "moved", "", { 307, ELSEWHERE, "", 0 } },
	{ "GET", "big", "", { 200, ETAG, big, sizeof(big) } },
	{ "GET", "shifted", "", { 206, ETAG "Content-Range: bytes 5-7/8\r\n",
	    "abc", 0 } },
	{ "GET", "whole", "", { 200, ETAG, "abc", 0 } },
	{ "GET", "skewed", "", { 403, "Date: Fri, 01 Jan 1960 00:00:00 GMT\r\n",
	    "<Error><Code>RequestTimeTooSkewed</Code></Error>", 0 } },
	{ "HEAD", "alias", "", { 200, ETAG "x-amz-meta-bk-upload: id\r\n"
	    "x-amz-server-side-encryption: aws:kms\r\n"
	    "x-amz-server-side-encryption-aws-kms-key-id: k\r\n"
	    "Content-Length: 3\r\n", NULL, 0 } },
	{ "HEAD", "sizeless", "", { 200, ETAG "x-amz-meta-bk-upload: id\r\n",
	    NULL, 0 } },
	{ "HEAD", "cold", "", { 200, ETAG "Content-Length: 3\r\n"
	    "x-amz-storage-class: GLACIER\r\n", NULL, 0 } },
	{ "POST", "cold", "", { 403, NULL, "<Error><Code>AccessDenied</Code>"
	    "</Error>", 0 } },
	{ "HEAD", "thawing", "", { 200, ETAG "Content-Length: 3\r\n"
	    "x-amz-storage-class: GLACIER\r\n", NULL, 0 } },
	{ "POST", "thawing", "", { 409, NULL, "<Error><Code>"
	    "RestoreAlreadyInProgress</Code></Error>", 0 } },
	{ "HEAD", "no-head", "", { 403, NULL, NULL, 0 } },
	{ "GET", "no-head", "", { 206, ETAG "Content-Range: bytes 0-0/7\r\n",
	    "a", 0 } },
	{ "HEAD", "no-range", "", { 403, NULL, NULL, 0 } },
	{ "GET", "no-range", "", { 206, ETAG, "a", 0 } },
	{ "HEAD", "refuses", "x-amz-checksum-mode", { 400, NULL, NULL, 0 } },
	{ "HEAD", "refuses", "", { 200, ETAG "Content-Length: 0\r\n", NULL,
	    0 } },
	{ "GET", "refuses", "", { 416, NULL, "<Error><Code>InvalidRange</Code>"
	    "</Error>", 0 } },
	{ "DELETE", "", "", { 204, NULL, NULL, 0 } },
};

/* The PUT of WAL: an error first, then that it is there. */
static void
race(const struct http_ask *ask, struct http_say *say)
{
	static char label[1024];
	static int puts;
	char value[256];

	if (strcmp(ask->method, "PUT") == 0) {
		(void)snprintf(label, sizeof(label), ETAG "Content-Length: 3"
		    "\r\n" BK_S3_META_LABEL ": %s\r\n", http_header(ask->head,
		    BK_S3_META_LABEL, value));
		*say = (struct http_say){ puts++ == 0 ? 500 : 412, NULL, "",
		    0 };
	} else if (strcmp(ask->method, "HEAD") == 0 && puts > 0)
		*say = (struct http_say){ 200, label, NULL, 0 };
	else if (strcmp(ask->method, "GET") == 0)
		*say = (struct http_say){ 404, NULL,
		    "<Error><Code>NoSuchKey</Code></Error>", 0 };
}

static void
answer(const struct http_ask *ask, struct http_say *say)
{
	size_t i, n;

	if (strcmp(ask->path, "/b/race") == 0) {
		race(ask, say);
		return;
	}
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		n = strlen(answers[i].path);
		if (strcmp(ask->method, answers[i].method) == 0 &&
		    strncmp(ask->path, "/b/", 3) == 0 &&
		    strncmp(ask->path + 3, answers[i].path, n) == 0 &&
		    strstr(ask->head, answers[i].head) != NULL) {
			*say = answers[i].say;
			return;
		}
	}
}

static char *
env(const char *name)
{
	static char *const vars[][2] = {
		{ "AWS_ACCESS_KEY_ID", "A" }, { "AWS_SECRET_ACCESS_KEY", "S" },
		{ "AWS_ENDPOINT_URL", endpoint },
		{ "AWS_EC2_METADATA_DISABLED", "true" },
	};
	size_t i;

	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		if (strcmp(name, vars[i][0]) == 0)
			return vars[i][1];
	return NULL;
}

static struct bk_s3_cred *cred;
static struct bk_s3 *s3;
static struct bk_err e;

/* A new client, which tries again for so many seconds.  NULL: e. */
static struct bk_s3 *
begin(unsigned retry_for)
{
	const struct bk_s3_options o = { .bucket = "b", .stop_fd = -1,
	    .retry_for = retry_for };

	bk_s3_close(s3);
	bk_s3_cred_free(cred);
	e = (struct bk_err){0};
	cred = bk_s3_cred_new(env, NULL, 0, &e);
	return s3 = cred != NULL ? bk_s3_open(cred, &o, &e) : NULL;
}

/* What is open then is its connections, too. */
static void
end(void)
{
	bk_s3_close(s3);
	s3 = NULL;
}

/* GET key; the message, or "". */
static const char *
get(const char *key, const struct bk_s3_pair *headers, uint8_t *into, size_t n)
{
	const struct bk_s3_request rq = { .method = "GET", .key = key,
	    .headers = headers, .into = into, .into_len = n };
	struct bk_s3_reply r = {0};

	e = (struct bk_err){0};
	(void)bk_s3_do(s3, &rq, &r, &e);
	bk_s3_reply_free(&r);
	return e.msg;
}

static void
says(const char *got, const char *want, const char *what)
{
	if (!ok(strstr(got, want) != NULL && (*want == '\0') == (*got == '\0'),
	    "%s", what))
		printf("# got '%s'\n# want '%s'\n", got, want);
}

static int
moved(void *arg, struct bk_err *err)
{
	(void)arg;
	if (begin(0) != NULL)
		(void)get("moved", NULL, NULL, 0);
	end();
	*err = e;
	return e.code == BK_OK ? 0 : -1;
}

static void
test_requests(void)
{
	struct bk_s3_pair many[60] = {{0}};
	const struct bk_s3_pair blanks[] = { { "x-amz-meta-a", "b  c" }, {0} };
	struct bk_buf out = {0};
	uint8_t into[3];
	size_t i;

	(void)begin(0);
	says(get("moving", NULL, NULL, 0), "it is in eu-west-9",
	    "a bucket that is always elsewhere");
	(void)begin(0);
	says(get("moved", NULL, NULL, 0), "", "one that is there");
	says(get("big", NULL, NULL, 0), "an answer of more than",
	    "an answer of over 16 MiB");
	says(get("shifted", NULL, into, 3), "does not honour Range",
	    "another range than was asked for");
	says(get("whole", NULL, into, 3), "", "all of an object from 0 on");
	says(get("whole", blanks, into, 3), "", "blanks in a header");
	for (i = 0; i + 1 < sizeof(many) / sizeof(many[0]); i++)
		many[i] = (struct bk_s3_pair){ "x-amz-meta-a", "b" };
	says(get("whole", many, NULL, 0), "more than 40 headers",
	    "too many headers");
	e = (struct bk_err){0};
	ok(bk_s3_address_query(many, &out, &e) == -1, "and query parameters");
	bk_buf_free(&out);
	(void)begin(30);
	says(get("skewed", NULL, NULL, 0), "clock is not in the years",
	    "a server of 1960");
	(void)begin(0);
	ok(bk_s3_start(s3, &(struct bk_s3_request){ .method = "GET",
	    .key = "whole" }, &e) != NULL && bk_s3_step(s3, 0, &e) == 0,
	    "a request that is not waited for");
	end();
	starve_all("a redirection", moved, NULL);
	(void)begin(0);
}

static int
head(const char *key, uint64_t *size)
{
	const struct bk_s3_pair mode[] = {
	    { "x-amz-checksum-mode", "ENABLED" }, { 0 } };
	struct bk_s3_reply r = {0};
	int rc;

	e = (struct bk_err){0};
	rc = bk_s3_head(s3, key, mode, &r, &e);
	if (rc == 0)
		rc = bk_s3_object_size(&r, key, size, &e);
	bk_s3_reply_free(&r);
	return rc;
}

static int
no_head(void *arg, struct bk_err *err)
{
	uint64_t size;
	int rc;

	(void)arg;
	rc = begin(0) != NULL ? head("no-head", &size) : -1;
	end();
	*err = e;
	return rc;
}

static void
test_head(void)
{
	uint64_t size = 0;

	ok(head("no-head", &size) == 0 && size == 7, "GET instead of HEAD");
	ok(head("no-range", &size) == -1 && strstr(e.msg, "Content-Range") !=
	    NULL, "without the whole's size: %s", e.msg);
	ok(head("refuses", &size) == 0 && size == 0,
	    "an empty object, and a header that is refused");
	end();
	starve_all("GET instead of HEAD", no_head, NULL);
	(void)begin(0);
}

static void
test_stored(void)
{
	struct bk_s3_upload_options o = { .key = "alias", .sse = "aws:kms",
	    .kms_key = "alias/x" };
	struct bk_s3_expected want = { .o = &o, .id = "id", .size = 3,
	    .etag = "" };
	const struct bk_s3_parts plan = { .size = 1, .step = 1, .max = 1 };
	struct bk_s3_multipart d;
	struct bk_s3_part part = { .data = (uint8_t *)"abc", .len = 3 };

	ok(bk_s3_confirm(s3, &want, &e) == 0, "a key's alias is told as a key");
	o.key = "sizeless";
	ok(bk_s3_confirm(s3, &want, &e) == -1, "no size: %s", e.msg);
	e = (struct bk_err){0};
	o.wal = &wal;
	if (bk_s3_multipart_open(&d, s3, &o, &plan, &e) == -1)
		exit(99);
	ok(bk_s3_key_is_free(&d, &e) == -1, "WAL without one: %s", e.msg);
	bk_s3_multipart_close(&d);

	(void)begin(30);
	o = (struct bk_s3_upload_options){ .key = "race", .wal = &wal };
	if (bk_s3_multipart_open(&d, s3, &o, &plan, &e) == -1 ||
	    bk_buf_puts(&d.upload_id, "u", &e) == -1)
		exit(99);
	is_int(bk_s3_multipart_put(&d, &part, &e), 1,
	    "an answer was lost, and the same WAL is there");
	is_int((intmax_t)d.upload_id.len, 0,
	    "what the server may still be at is not aborted");
	bk_s3_multipart_close(&d);
	(void)begin(0);
}

static int
on_done(void *ctx, const struct bk_s3_doomed *o, const char *reason,
    struct bk_err *err)
{
	(void)o;
	(void)err;
	*(int *)ctx += reason == NULL;
	return 0;
}

static void
test_others(void)
{
	const struct bk_s3_download_options get_it = { .key = "cold",
	    .jobs = 1, .thaw.days = 1 };
	const struct bk_s3_thaw days = { .days = 1 };
	const struct bk_s3_doomed odd[] = { { "\x01", NULL, NULL },
	    { "\x02", NULL, NULL } };
	int gone = 0;
	struct bk_s3_delete d = { .s3 = s3, .done = on_done, .ctx = &gone };
	struct bk_s3_parts plan;
	struct bk_s3_parts_wish wish = { .expected = UINT64_MAX, .max = 1 };
	struct bk_s3_reply r = {0};
	char region[201];
	const struct bk_http_sign sign = { .access_key = "a",
	    .service = "sts", .region = region };
	struct bk_http_ask ask = { .method = "GET", .url = "http://127.0.0.1/",
	    .sign = &sign };
	struct bk_buf out = {0};
	long status;

	ok(bk_s3_download(s3, &get_it, NULL, &e) == -1, "no thawed copy: %s",
	    e.msg);
	e = (struct bk_err){0};
	ok(bk_s3_thaw_start(s3, "thawing", NULL, &r, &days, &e) == 0,
	    "one that is being made");
	ok(bk_s3_delete(&d, odd, 2, &e) == 0 && gone == 2,
	    "keys that XML cannot say");
	ok(bk_s3_recheck(s3, BK_S3_OBJECTS, NULL, 0, NULL, &e) == 0,
	    "nothing to look at again");
	ok(bk_s3_parts_plan(&plan, &wish, &e) == -1, "no object is so large");
	e = (struct bk_err){0};
	ok(bk_s3_xml_parse("", (size_t)INT_MAX + 1, NULL, NULL, &e) == -1,
	    "no XML either");
	e = (struct bk_err){0};
	memset(region, 'x', sizeof(region) - 1);
	region[sizeof(region) - 1] = '\0';
	ok(bk_cred_http(&ask, &out, &status, &e) == -1 &&
	    strstr(e.msg, "too long") != NULL, "a long region");
	bk_buf_free(&out);
}

/* An object in two parts, by its checksum. */
static int
check(void *arg, struct bk_err *err)
{
	static const char *const lines[] = { "HTTP/1.1 200 OK\r\n",
	    "x-amz-checksum-sha256: wrong-2\r\n",
	    BK_S3_META_PARTS ": 5242880x1000\r\n" };
	const size_t n = (5 << 20) + 1;
	struct bk_s3_integrity *v = NULL;
	struct bk_s3_reply r = {0};
	const char *doubt;
	size_t i;
	int rc = 0;

	(void)arg;
	for (i = 0; i < 3 && rc == 0; i++)
		rc = bk_s3_reply_take(&r, lines[i], strlen(lines[i]), err);
	if (rc == 0 && (v = bk_s3_integrity_new(&r, n, 0, err)) == NULL)
		rc = -1;
	if (rc == 0 && (rc = bk_s3_integrity_add(v, big, n, err)) == 0 &&
	    (rc = bk_s3_integrity_finish(v, "x", &doubt, err)) == -1 &&
	    err->code == BK_DATA) {
		*err = (struct bk_err){0};	/* it is damaged, of course */
		rc = 0;
	}
	bk_s3_integrity_free(v);
	bk_s3_reply_free(&r);
	return rc;
}

static int
init(void *arg, struct bk_err *err)
{
	(void)arg;
	return bk_s3_global_init(err);
}

int
main(void)
{
	alarm(300);			/* a hang is a failure */
	(void)signal(SIGPIPE, SIG_IGN);
	port = http_host(answer);
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d",
	    port);
	starve_all("libcurl", init, NULL);
	if (bk_s3_global_init(&e) == -1)
		return 99;
	test_requests();
	test_head();
	test_stored();
	test_others();
	starve_all("a checksum", check, NULL);
	bk_s3_close(s3);
	bk_s3_cred_free(cred);
	http_host_end();
	return tap_done();
}
