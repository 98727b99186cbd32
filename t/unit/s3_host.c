/*
 * Requests to S3 of which each call fails once, and answers that real servers
 * do not give.  Its server holds what was stored last, and one object to read.
 */
#include <fcntl.h>

#include "base/utctime.h"
#include "s3/delete.h"
#include "s3/download.h"
#include "s3/list.h"
#include "s3/recheck.h"
#include "s3/upload.h"
#include "http_host.h"
#include "starve.h"
#include "tap.h"

#define ID "x-amz-meta-bk-upload"
#define OK_XML "Content-Type: application/xml\r\n" \
	"Date: Sat, 21 Nov 2026 08:00:00 GMT\r\n"
#define END "<IsTruncated>false</IsTruncated>"
#define TIME "2024-01-02T03:04:05.000Z"

static char endpoint[64], file[] = "/tmp/bk-s3-XXXXXX";
static size_t size;			/* of file */

/* Of the server. */
static char key[1024], described[2048];
static size_t stored;
static int lies;			/* it does */

/* What an object of so many bytes looks like, in *say's headers. */
static void
show(struct http_say *say, size_t n, const char *more)
{
	static char text[4096];

	(void)snprintf(text, sizeof(text), "Content-Length: %zu\r\n"
	    "ETag: \"900150983cd24fb0d6963f7d28e17f72\"\r\n%s", n, more);
	*say = (struct http_say){ 200, text, NULL, 0 };
}

/* Remember the headers that HEAD is to show. */
static void
describe(const struct http_ask *ask)
{
	static const char *const names[] = { ID, "x-amz-storage-class",
	    "x-amz-server-side-encryption",
	    "x-amz-server-side-encryption-aws-kms-key-id",
	    "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date" };
	char value[256];
	size_t i, n = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (*http_header(ask->head, names[i], value) != '\0')
			n += (size_t)snprintf(described + n,
			    sizeof(described) - n, "%s: %s\r\n", names[i],
			    value);
	stored = 0;
}

static void
say_xml(struct http_say *say, int status, const char *xml)
{
	*say = (struct http_say){ status, OK_XML, xml, 0 };
}

static void
list(const struct http_ask *ask, struct http_say *say)
{
	if (strstr(ask->path, "versions=") != NULL)
		say_xml(say, 200, strstr(ask->path, "key-marker") == NULL ?
		    "<ListVersionsResult><EncodingType>url</EncodingType>"
		    "<IsTruncated>true</IsTruncated><NextKeyMarker>a%2Db"
		    "</NextKeyMarker><NextVersionIdMarker>1"
		    "</NextVersionIdMarker><Version><Key>a%2Db</Key>"
		    "<VersionId>1</VersionId><LastModified>" TIME
		    "</LastModified><Size>3</Size></Version>"
		    "</ListVersionsResult>" :
		    "<ListVersionsResult><EncodingType>url</EncodingType>"
		    END "<Version><Key>b</Key><VersionId>2</VersionId>"
		    "<LastModified>" TIME "</LastModified><Size>3</Size>"
		    "</Version></ListVersionsResult>");
	else if (lies)
		say_xml(say, 200, "<ListBucketResult>" END
		    "<Contents><Key>shop-1.bk</Key>"
		    "<LastModified>" TIME "</LastModified><Size>3K"
		    "</Size></Contents></ListBucketResult>");
	else
		say_xml(say, 200, "<ListBucketResult>" END
		    "<Contents><Key>shop-1.bk</Key>"
		    "<LastModified>" TIME "</LastModified><Size>3</Size>"
		    "</Contents><Contents><Key>shop-2.bk</Key><LastModified>"
		    TIME "</LastModified><Size>3</Size></Contents>"
		    "</ListBucketResult>");
}

static void
post(const struct http_ask *ask, struct http_say *say)
{
	if (strstr(ask->path, "uploads=") != NULL) {
		describe(ask);
		say_xml(say, 200, "<InitiateMultipartUploadResult><UploadId>u"
		    "</UploadId></InitiateMultipartUploadResult>");
	} else if (strstr(ask->path, "uploadId=") != NULL) {
		(void)snprintf(key, sizeof(key), "%.*s",
		    (int)strcspn(ask->path, "?"), ask->path);
		say_xml(say, 200, "<CompleteMultipartUploadResult><ETag>x"
		    "</ETag></CompleteMultipartUploadResult>");
	} else if (strstr(ask->path, "delete=") != NULL)
		say_xml(say, 200, "<DeleteResult><Deleted><Key>a</Key>"
		    "<VersionId>1</VersionId></Deleted><Error><Key>b</Key>"
		    "<Code>AccessDenied</Code><Message>no</Message></Error>"
		    "</DeleteResult>");
	else if (strstr(ask->path, "restore=") != NULL)
		*say = (struct http_say){ .status = 202 };
}

static void
put(const struct http_ask *ask, struct http_say *say)
{
	static char echo[512];
	char sum[256];

	if (strstr(ask->path, "partNumber=") == NULL) {
		describe(ask);
		(void)snprintf(key, sizeof(key), "%s", ask->path);
	}
	stored += ask->len;
	(void)snprintf(echo, sizeof(echo), "ETag: \"e\"\r\n"
	    "x-amz-checksum-sha256: %s\r\n", lies ? "b3RoZXI=" :
	    http_header(ask->head, "x-amz-checksum-sha256", sum));
	*say = (struct http_say){ 200, echo, NULL, 0 };
}

static void
get(const struct http_ask *ask, struct http_say *say)
{
	if (strstr(ask->path, "/abc") != NULL) {
		show(say, 3, "Content-Range: bytes 0-2/3\r\n");
		*say = (struct http_say){ 206, say->headers, "abc", 3 };
		if (strcmp(ask->method, "HEAD") == 0)
			show(say, 3, "");
	} else if (strstr(ask->path, "/cold") != NULL)
		show(say, 3, "x-amz-storage-class: GLACIER\r\n");
	else if (strcmp(ask->path, key) == 0)
		show(say, stored, described);
	else if (strcmp(ask->method, "HEAD") != 0)
		say_xml(say, 404, "<Error><Code>NoSuchKey</Code></Error>");
}

static void
answer(const struct http_ask *ask, struct http_say *say)
{
	if (strcmp(ask->method, "PUT") == 0)
		put(ask, say);
	else if (strcmp(ask->method, "POST") == 0)
		post(ask, say);
	else if (strcmp(ask->method, "DELETE") == 0)
		*say = (struct http_say){ .status = 204 };
	else if (strncmp(ask->path, "/b?", 3) == 0)
		list(ask, say);
	else
		get(ask, say);
}

static char *
env(const char *name)
{
	static char *const vars[][2] = {
		{ "AWS_ACCESS_KEY_ID", "A" }, { "AWS_SECRET_ACCESS_KEY", "S" },
		{ "AWS_SESSION_TOKEN", "T" }, { "AWS_ENDPOINT_URL", endpoint },
		{ "AWS_EC2_METADATA_DISABLED", "true" },
	};
	size_t i;

	for (i = 0; i < sizeof(vars) / sizeof(vars[0]); i++)
		if (strcmp(name, vars[i][0]) == 0)
			return vars[i][1];
	return NULL;
}

/* A client, for one call of fn. */
static int
with_client(int fn(struct bk_s3 *, struct bk_err *), struct bk_err *e)
{
	const struct bk_s3_options o = { .bucket = "b", .stop_fd = -1 };
	struct bk_s3_cred *cred = bk_s3_cred_new(env, NULL, 0, e);
	struct bk_s3 *s3 = cred != NULL ? bk_s3_open(cred, &o, e) : NULL;
	int rc = s3 != NULL ? fn(s3, e) : -1;

	bk_s3_close(s3);
	bk_s3_cred_free(cred);
	return rc;
}

/* Upload file under a name not used so far, in parts of this size. */
static int
send_file(struct bk_s3 *s3, uint64_t part, struct bk_err *e)
{
	static unsigned number;
	char name[32];
	const struct bk_s3_pair meta[] = { { "x-amz-meta-a", "b" }, { 0 } };
	struct bk_s3_upload_options o = { .key = name, .part_size = part,
	    .max_parts = 1000, .memory = 1 << 20, .jobs = 2,
	    .storage_class = "STANDARD_IA", .sse = "aws:kms", .kms_key = "k",
	    .lock_mode = "COMPLIANCE", .lock_seconds = 60, .tagging = "a=b",
	    .meta = meta };
	struct bk_label wal = {0};
	struct bk_reader *in;
	uint64_t bytes;
	int fd = open(file, O_RDONLY), rc;

	(void)bk_label_wal(&wal, "00000001000000000000000A");
	(void)snprintf(wal.sum, sizeof(wal.sum), "%032d", 1);
	o.wal = &wal;
	(void)snprintf(name, sizeof(name), "new-%u", number++);
	if (fd == -1)
		return bk_fail_errno(e, "%s", file);
	in = bk_reader_open(fd, "input", 0, e);
	rc = in != NULL ? bk_s3_upload(s3, in, &o, &bytes, e) : -1;
	bk_reader_free(in);
	close(fd);
	return rc == 0 && bytes != size ? 1 : rc;
}

static int
put_once(struct bk_s3 *s3, struct bk_err *e)
{
	return send_file(s3, 1 << 20, e);
}

static int
put_parts(struct bk_s3 *s3, struct bk_err *e)
{
	return send_file(s3, 1000, e);
}

static void
warn(const char *text)
{
	(void)text;
}

static int
fetch(struct bk_s3 *s3, struct bk_err *e)
{
	const struct bk_s3_download_options o = { .key = "abc", .jobs = 2,
	    .version = "v", .warn = warn };
	int fd = open("/dev/null", O_WRONLY), rc = -1;
	struct bk_writer *out;

	if (fd == -1)
		return bk_fail_errno(e, "/dev/null");
	if ((out = bk_writer_open(fd, "output", e)) != NULL)
		rc = bk_s3_download(s3, &o, out, e);
	bk_writer_free(out);
	close(fd);
	return rc;
}

static int
thaw(struct bk_s3 *s3, struct bk_err *e)
{
	const struct bk_s3_thaw o = { .days = 1, .tier = "Bulk" };
	const struct bk_s3_pair version[] = { { "versionId", "v" }, { 0 } };
	struct bk_s3_reply r = {0};
	int rc = bk_s3_head(s3, "cold", NULL, &r, e);

	if (rc == 0)
		rc = bk_s3_thaw_start(s3, "cold", version, &r, &o, e);
	bk_s3_reply_free(&r);
	return rc;
}

static int
count(struct bk_s3 *s3, struct bk_err *e)
{
	struct bk_s3_list *l = bk_s3_list_open(s3, BK_S3_VERSIONS, "", e);
	struct bk_s3_listed o;
	int n = 0, rc = -1;

	while (l != NULL && (rc = bk_s3_list_next(l, &o, e)) == 1)
		n++;
	bk_s3_list_free(l);
	return rc == 0 && n != 2 ? 1 : rc;
}

static int
latest(struct bk_s3 *s3, struct bk_err *e)
{
	const struct bk_s3_latest of = { .match = "*" };
	struct bk_buf name = {0};
	int rc = bk_s3_list_latest(s3, "shop", &of, &name, e);

	if (rc == 0 && strcmp(name.data, "shop-2.bk") != 0)
		rc = 1;
	bk_buf_free(&name);
	return rc;
}

static int
on_done(void *ctx, const struct bk_s3_doomed *o, const char *reason,
    struct bk_err *e)
{
	(void)o;
	(void)e;
	*(int *)ctx += reason == NULL ? 1 : 10;
	return 0;
}

static int
delete(struct bk_s3 *s3, struct bk_err *e)
{
	const struct bk_s3_doomed o[] = { { "a", "1", NULL },
	    { "b", NULL, NULL }, { "\x01", NULL, NULL } };
	int sum = 0;
	struct bk_s3_delete d = { .s3 = s3, .done = on_done, .ctx = &sum };
	int rc = bk_s3_delete(&d, o, 3, e);

	if (rc == 0)
		rc = bk_s3_delete_upload(s3, "a", "u", e);
	return rc == 0 && sum != 12 ? 1 : rc;
}

static int
is_same(const struct bk_record *r, const struct bk_record *now)
{
	(void)r;
	return now->time > 0 && now->bytes == 3;
}

static int
recheck(struct bk_s3 *s3, struct bk_err *e)
{
	int gone[3] = {0};
	struct bk_s3_recheck v[] = {
		{ "shop-2.bk", NULL, NULL, &gone[0] },
		{ "shop-9.bk", NULL, NULL, &gone[1] },
		{ "shop-2.bk", NULL, NULL, &gone[2] },
	};
	int rc = bk_s3_recheck(s3, BK_S3_OBJECTS, v, 3, is_same, e);

	return rc == 0 && (gone[0] || !gone[1] || gone[2]) ? 1 : rc;
}

static const struct job {
	const char *name;
	int (*fn)(struct bk_s3 *, struct bk_err *);
} jobs[] = {
	{ "one PUT", put_once }, { "a multipart upload", put_parts },
	{ "a download", fetch }, { "a thawed copy", thaw },
	{ "a listing", count }, { "the latest", latest },
	{ "deletion", delete }, { "a second look", recheck },
};

static int
run(void *arg, struct bk_err *e)
{
	const struct job *job = arg;

	return with_client(job->fn, e);
}

static void
test_starved(void)
{
	struct bk_err e = {0};
	size_t i;

	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		struct job job = jobs[i];

		if (!ok(run(&job, &e) == 0, "%s (%s)", job.name, e.msg))
			continue;
		starve_all(job.name, run, &job);
	}
}

static void
test_lies(void)
{
	static const struct {
		struct job job;
		const char *says;
	} told[] = {
		{ { "parts", put_parts }, ": the server stored different "
		    "bytes: SHA-256 b3RoZXI= instead of " },
		{ { "a size", latest }, "the server lists the size '3K'" },
	};
	struct bk_err e;
	size_t i;

	http_host_end();
	lies = 1;
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d",
	    http_host(answer));
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct job job = told[i].job;

		e = (struct bk_err){0};
		ok(run(&job, &e) == -1 && strstr(e.msg, told[i].says) != NULL,
		    "%s: %s", job.name, e.msg);
	}
}

/* An input of a few parts. */
static void
make_file(void)
{
	int fd = mkstemp(file);
	FILE *f = fd != -1 ? fdopen(fd, "w") : NULL;
	int i;

	for (i = 0; f != NULL && i < 700; i++)
		fprintf(f, "%d\n", i);
	if (f == NULL || (size = (size_t)ftell(f)) == 0 || fclose(f) != 0)
		exit(99);
}

int
main(void)
{
	struct bk_err e = {0};

	alarm(300);			/* a hang is a failure */
	(void)signal(SIGPIPE, SIG_IGN);
	make_file();
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d",
	    http_host(answer));
	if (bk_s3_global_init(&e) == -1)
		return 99;
	test_starved();
	test_lies();
	http_host_end();
	(void)unlink(file);
	return tap_done();
}
