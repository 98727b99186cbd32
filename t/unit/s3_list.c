/* Listings page by page, and those that are none, or not the whole. */
#include "s3/list.h"
#include "http_host.h"
#include "tap.h"

#define TIME "<LastModified>2026-01-02T03:04:05.000Z</LastModified>"
#define SIZE "<Size>3</Size>"
#define OBJECT(key) "<Contents><Key>" key "</Key>" TIME SIZE "</Contents>"
#define VERSION(key, id) "<Version><Key>" key "</Key><VersionId>" id \
	"</VersionId>" TIME SIZE "</Version>"
#define MARKER(key, id) "<DeleteMarker><Key>" key "</Key><VersionId>" id \
	"</VersionId>" TIME "</DeleteMarker>"
#define UPLOAD(key, id) "<Upload><Key>" key "</Key><UploadId>" id \
	"</UploadId><Initiated>2026-01-02T03:04:05.000Z</Initiated></Upload>"
#define URL "<EncodingType>url</EncodingType>"
#define END "<IsTruncated>false</IsTruncated>"
#define MORE "<IsTruncated>true</IsTruncated>"
#define TOKEN(t) "<NextContinuationToken>" t "</NextContinuationToken>"
#define AFTER(key, id) MORE "<NextKeyMarker>" key "</NextKeyMarker>" \
	"<NextVersionIdMarker>" id "</NextVersionIdMarker>"
#define AFTER_UPLOAD(key, id) "<NextKeyMarker>" key "</NextKeyMarker>" \
	"<NextUploadIdMarker>" id "</NextUploadIdMarker>"

static const struct {
	enum bk_s3_kind kind;
	const char *page;
	const char *at, *next;	/* the page, if the request has that in it */
	const char *got;	/* "KEY/ID ..." or what is refused */
} cases[] = {
	{ BK_S3_OBJECTS, END OBJECT("p/a"), NULL, NULL, "p/a " },
	{ BK_S3_OBJECTS, MORE TOKEN("t%2F") OBJECT("p/a"),
	    "continuation-token=t%252F", END OBJECT("p/b"), "p/a p/b " },
	/* half a listing */
	{ BK_S3_OBJECTS, OBJECT("p/a"), NULL, NULL, "no 'IsTruncated'" },
	{ BK_S3_OBJECTS, TOKEN("t") OBJECT("p/a") "<IsTruncated>TRUE"
	    "</IsTruncated>", NULL, NULL, "IsTruncated 'TRUE'" },
	{ BK_S3_OBJECTS, TOKEN("t") OBJECT("p/a") "<IsTruncated>1"
	    "</IsTruncated>", NULL, NULL, "IsTruncated '1'" },
	{ BK_S3_OBJECTS, TOKEN("t") OBJECT("p/a") "<IsTruncated/>", NULL,
	    NULL, "IsTruncated ''" },
	{ BK_S3_OBJECTS, END TOKEN("t") OBJECT("p/a"), NULL, NULL,
	    "its end, and more at 't'" },
	{ BK_S3_OBJECTS, MORE OBJECT("p/a"), NULL, NULL,
	    "no 'NextContinuationToken'" },
	{ BK_S3_VERSIONS, VERSION("p/a", "1"), NULL, NULL,
	    "no 'IsTruncated'" },
	/* what would be old, and empty */
	{ BK_S3_OBJECTS, END "<Contents><Key>p/a</Key>" SIZE "</Contents>",
	    NULL, NULL, "no time of 'p/a'" },
	{ BK_S3_OBJECTS, END "<Contents><Key>p/a</Key>" TIME "</Contents>",
	    NULL, NULL, "no size of 'p/a'" },
	{ BK_S3_VERSIONS, END "<Version><Key>p/a</Key><VersionId>1"
	    "</VersionId>" TIME "</Version>", NULL, NULL,
	    "no size of 'p/a'" },
	{ BK_S3_UPLOADS, END "<Upload><Key>p/a</Key><UploadId>1"
	    "</UploadId></Upload>", NULL, NULL, "no time of 'p/a'" },
	/* what was not asked for */
	{ BK_S3_OBJECTS, END OBJECT("p/a") OBJECT("q"), NULL, NULL,
	    "another prefix's key 'q'" },
	{ BK_S3_OBJECTS, END URL OBJECT("p%2Fa"), NULL, NULL, "p/a " },
	{ BK_S3_OBJECTS, END OBJECT("p%2Fa"), NULL, NULL,
	    "another prefix's key 'p%2Fa'" },
	/* the key marker, encoded as the keys are */
	{ BK_S3_VERSIONS, URL AFTER("p%2Fa%2Bb%252Fc", "7")
	    VERSION("p%2Fa%2Bb%252Fc", "7"),
	    "key-marker=p%2Fa%2Bb%252Fc&", END URL VERSION("p/z", "1"),
	    "p/a+b%2Fc/7 p/z/1 " },
	/* and not */
	{ BK_S3_VERSIONS, URL AFTER("p/a+b%2Fc", "7")
	    VERSION("p%2Fa%2Bb%252Fc", "7"),
	    "key-marker=p%2Fa%2Bb%252Fc&", END URL VERSION("p/z", "1"),
	    "p/a+b%2Fc/7 p/z/1 " },
	{ BK_S3_VERSIONS, URL AFTER("p/a%zz", "7") VERSION("p%2Fa%25zz", "7"),
	    "key-marker=p%2Fa%25zz&", END URL VERSION("p/z", "1"),
	    "p/a%zz/7 p/z/1 " },
	{ BK_S3_VERSIONS, AFTER("p/%2F", "7") VERSION("p/%2F", "7"),
	    "key-marker=p%2F%252F&", END VERSION("p/z", "1"),
	    "p/%2F/7 p/z/1 " },
	{ BK_S3_UPLOADS, MORE AFTER_UPLOAD("p/a%2Fb", "7")
	    UPLOAD("p%2Fa%252Fb", "7"), "key-marker=p%2Fa%252Fb&",
	    END AFTER_UPLOAD("p/z", "1") UPLOAD("p%2Fz", "1"),
	    "p/a%2Fb/7 p/z/1 " },
	/* after an entry of the other kind, or nothing else */
	{ BK_S3_VERSIONS, URL AFTER("p/b%2F", "8") VERSION("p%2Fa", "7")
	    MARKER("p%2Fb%252F", "8"), "key-marker=p%2Fb%252F&",
	    END URL VERSION("p/z", "1"), "p/a/7 p/z/1 " },
	{ BK_S3_MARKERS, URL AFTER("p/b%2F", "8") VERSION("p%2Fb%252F", "8"),
	    "key-marker=p%2Fb%252F&", END URL MARKER("p/z", "1"), "p/z/1 " },
	/* after another one */
	{ BK_S3_VERSIONS, URL AFTER("p/b", "8") VERSION("p%2Fa", "7"), NULL,
	    NULL, "a page that ends with another key than 'p/b'" },
	{ BK_S3_VERSIONS, URL AFTER("p/b", "8"), "key-marker=p%2Fb&",
	    END URL VERSION("p/z", "1"), "p/z/1 " },
	{ BK_S3_VERSIONS, URL AFTER("p/b%2F", "8"), NULL, NULL,
	    "a page that ends with another key than 'p/b%2F'" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static char endpoint[64];

/* The bucket's name has the number of the case. */
static void
answer(const struct http_ask *ask, struct http_say *say)
{
	static const char *const roots[] = { "ListBucketResult",
	    "ListVersionsResult", "ListVersionsResult",
	    "ListMultipartUploadsResult" };
	static char body[4096];
	const size_t i = strtoul(ask->path + strlen("/case"), NULL, 10);
	const char *page;

	if (i >= CASES)
		return;
	page = strstr(ask->path, "marker=") == NULL &&
	    strstr(ask->path, "token=") == NULL ? cases[i].page :
	    cases[i].at != NULL && strstr(ask->path, cases[i].at) != NULL ?
	    cases[i].next : END;
	(void)snprintf(body, sizeof(body), "<%s>%s</%s>", roots[cases[i].kind],
	    page, roots[cases[i].kind]);
	*say = (struct http_say){ 200, NULL, body, 0 };
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

/* All of case i in out, or why not. */
static void
list(struct bk_s3_cred *cred, size_t i, char out[], size_t size)
{
	char bucket[16];
	const struct bk_s3_options o = { .bucket = bucket, .stop_fd = -1 };
	struct bk_err e = {0};
	struct bk_s3_list *l = NULL;
	struct bk_s3_listed one;
	struct bk_s3 *s3;
	size_t n = 0;
	int rc = -1;

	(void)snprintf(bucket, sizeof(bucket), "case%zu", i);
	s3 = bk_s3_open(cred, &o, &e);
	if (s3 != NULL)
		l = bk_s3_list_open(s3, cases[i].kind, "p/", &e);
	while (l != NULL && (rc = bk_s3_list_next(l, &one, &e)) == 1)
		n += (size_t)snprintf(out + n, size - n, "%s%s%s ", one.key,
		    one.id != NULL ? "/" : "", one.id != NULL ? one.id : "");
	if (rc == -1)
		(void)snprintf(out, size, "%s", e.msg);
	bk_s3_list_free(l);
	bk_s3_close(s3);
}

int
main(void)
{
	struct bk_s3_cred *cred;
	struct bk_err e = {0};
	char out[1024], want[256], what[16];
	size_t i;

	alarm(300);			/* a hang is a failure */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d",
	    http_host(answer));
	if (bk_s3_global_init(&e) == -1 ||
	    (cred = bk_s3_cred_new(env, NULL, 0, &e)) == NULL)
		return 99;
	for (i = 0; i < CASES; i++) {
		*out = '\0';
		list(cred, i, out, sizeof(out));
		(void)snprintf(want, sizeof(want), "s3://case%zu: the server "
		    "lists %s", i, cases[i].got);
		(void)snprintf(what, sizeof(what), "case %zu", i);
		is_str(out, strncmp(cases[i].got, "p/", 2) == 0 ?
		    cases[i].got : want, what);
	}
	bk_s3_cred_free(cred);
	http_host_end();
	return tap_done();
}
