/* bk-s3ls: list the objects under a prefix, see bk-s3ls(1) */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "listing/record.h"
#include "policy/records.h"
#include "s3/client.h"
#include "s3/list.h"
#include "s3/url.h"
#include "tool/rehearsal.h"
#include "tool/s3args.h"
#include "tool/tool.h"

enum { VERSIONS = TOOL_OPT_TOOL, MARKERS, UPLOADS, STORED, OLDER, RETRY_FOR };

static const struct tool_opt options[] = {
	{ VERSIONS, "versions", NULL, NULL,
	    "list all versions, also those replaced or deleted" },
	{ MARKERS, "markers", NULL, NULL,
	    "list the delete markers that hide versions" },
	{ STORED, "stored", NULL, NULL,
	    "give the time stored, even if the name has one" },
	{ UPLOADS, "uploads", NULL, NULL,
	    "list unfinished multipart uploads instead" },
	{ OLDER, "older", "TIME", NULL,
	    "only what was stored, or begun, longer ago" },
	{ RETRY_FOR, "retry-for", "TIME", NULL,
	    "retry failed requests for that long (1m)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-s3ls",
	.example =
"bk-s3ls s3://backups/shop/ | bk-prune -d 30 -m 12 | bk-s3rm",
	.about =
"Lists every object whose key begins with PREFIX, oldest first: time (UTC), "
"bytes and name, tab-separated, one per line.  The time is that in the name, "
"as {utc} writes it, else the time stored.  Fields follow, key=value: stored "
"if that was over a day later, ETag, endpoint, the ID of a version.  A "
"listing that could not be finished ends with an error record, which every "
"reader refuses.\n"
"Credentials and endpoint: AWS_ACCESS_KEY_ID ..., AWS_PROFILE, AWS_REGION, "
"AWS_ENDPOINT_URL and the AWS tools' other settings.",
	.options = options,
	.settings = TOOL_SETTINGS_S3,
	.operands = "s3://BUCKET[/PREFIX]",
	.exits = "0 listed, 1 failed, 2 usage error, 4 nothing there",
	.rehearses = 1,
};

struct options {
	unsigned retry_for;
	enum bk_s3_kind kind;
	time_t before;		/* list what is not younger; 0: all */
};

static const char *const kinds[] = {
	[BK_S3_OBJECTS] = "nothing there",
	[BK_S3_VERSIONS] = "no version",
	[BK_S3_MARKERS] = "no delete marker",
	[BK_S3_UPLOADS] = "no unfinished upload",
};

static const enum bk_record_field ids[] = {
	[BK_S3_VERSIONS] = BK_RECORD_VERSION,
	[BK_S3_MARKERS] = BK_RECORD_MARKER,
	[BK_S3_UPLOADS] = BK_RECORD_UPLOAD,
};

/* A record named s3://bucket/key. */
static int
add(struct bk_records *out, const char *place, const char *at,
    enum bk_s3_kind kind, const struct bk_s3_listed *o, struct bk_err *e)
{
	struct bk_record r = { .time = o->time, .bytes = o->size,
	    .field = { [BK_RECORD_ETAG] = o->etag, [BK_RECORD_AT] = at } };
	struct bk_buf name = {0};
	int rc = bk_buf_printf(&name, e, "%s/%s", place, o->key);

	r.name = name.data;
	if (kind != BK_S3_OBJECTS)
		r.field[ids[kind]] = o->id;
	if (rc == 0)
		rc = bk_records_add(out, &r, e);
	bk_buf_free(&name);
	return rc;
}

static int
list(struct bk_records *out, const struct bk_s3_url *url,
    const struct options *want, struct bk_err *e)
{
	struct bk_s3_options o = { .bucket = url->bucket,
	    .retry_for = want->retry_for, .stop_fd = -1, .warn = s3args_warn };
	struct bk_s3_cred *cred = NULL;
	struct bk_s3 *s3 = NULL;
	struct bk_s3_list *l = NULL;
	struct bk_s3_listed one;
	int rc = -1;

	if (bk_s3_global_init(e) == -1 ||
	    (cred = s3args_cred(url->google, e)) == NULL)
		goto done;
	s3args_narrow(cred);
	if ((s3 = bk_s3_open(cred, &o, e)) == NULL ||
	    (l = bk_s3_list_open(s3, want->kind, url->key, e)) == NULL)
		goto done;
	while ((rc = bk_s3_list_next(l, &one, e)) == 1)
		if ((want->before == 0 || one.time <= want->before) &&
		    add(out, url->place, s3args_endpoint(cred), want->kind,
		    &one, e) == -1) {
			rc = -1;
			break;
		}
 done:
	bk_s3_list_free(l);
	bk_s3_close(s3);
	bk_s3_cred_free(cred);
	return rc;
}

static time_t
older(const char *s)
{
	uint64_t age = tool_duration(s, "--older");
	time_t now = time(NULL);

	return age < (uint64_t)now ? now - (time_t)age : 1;
}

static void
kind(struct options *o, enum bk_s3_kind k)
{
	if (o->kind != BK_S3_OBJECTS && o->kind != k)
		tool_usage("one of --versions, --markers and --uploads");
	o->kind = k;
}

static int
is_left(enum bk_s3_kind k)
{
	return k == BK_S3_MARKERS || k == BK_S3_UPLOADS;
}

int
main(int argc, char *argv[])
{
	struct bk_err e = {0};
	struct bk_s3_url url = {0};
	struct bk_records records = { .warn = s3args_warn };
	struct options o = { .retry_for = 60 };
	int ch, rc;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case VERSIONS: kind(&o, BK_S3_VERSIONS); break;
		case MARKERS: kind(&o, BK_S3_MARKERS); break;
		case UPLOADS: kind(&o, BK_S3_UPLOADS); break;
		case STORED: records.by_store = 1; break;
		case OLDER: o.before = older(optarg); break;
		case RETRY_FOR: o.retry_for = s3args_retry_for(optarg); break;
		}
	}
	if (records.by_store && is_left(o.kind))
		tool_usage("--stored is of no use with --markers, --uploads");
	/* what a key says is not when one of these was left */
	records.by_store |= is_left(o.kind);
	if (argc - optind != 1)
		tool_usage("give one s3://BUCKET[/PREFIX]");
	if (bk_s3_url_parse(argv[optind], &url, &e) == -1)
		tool_refuse(&e);
	if (rehearsing())
		o.retry_for = 5;
	tool_run("list", argv[optind], NULL);

	rc = list(&records, &url, &o, &e);
	/* what came before a failure too, as ls does */
	if (bk_records_write(&records, rc == -1 ? e.msg : NULL, STDOUT_FILENO,
	    "standard output", &e) == -1 ||
	    bk_io_close(STDOUT_FILENO, "standard output", &e) == -1)
		rc = -1;
	if (rc == 0 && records.n == 0)
		rc = bk_fail(&e, BK_NONE, "%s/%s: %s", url.place,
		    url.key, kinds[o.kind]);
	bk_records_free(&records);
	bk_s3_url_free(&url);
	return tool_end(rc, &e);
}
