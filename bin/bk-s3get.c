/* bk-s3get: an object in S3 to standard output, see bk-s3get(1) */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utctime.h"
#include "listing/record.h"
#include "s3/download.h"
#include "s3/list.h"
#include "s3/url.h"
#include "stream/writer.h"
#include "tool/rehearsal.h"
#include "tool/s3args.h"
#include "tool/tool.h"

#define REHEARSED (16 * 1024)	/* bytes of an object */

enum { OPT_SEAL = TOOL_OPT_TOOL, OPT_CHECK, OPT_NO_CHECK, OPT_THAW, OPT_WAIT,
	OPT_RATE, OPT_RETRY, OPT_MATCH, OPT_BEFORE };

static const struct tool_opt options[] = {
	{ OPT_BEFORE, "before", "TIME", NULL,
	    "the latest not after TIME: '2026-11-21 14:30Z'" },
	{ OPT_MATCH, "match", "GLOB", NULL,
	    "the latest that matches GLOB: '*.bk'" },
	{ OPT_SEAL, "seal", NULL, NULL,
	    "write an envelope, for another bk tool" },
	{ OPT_CHECK, "check", NULL, NULL, "verify, write nothing" },
	{ OPT_NO_CHECK, "no-check", NULL, NULL,
	    "verify the size only, no checksum" },
	{ OPT_RATE, "rate", "BYTES", NULL,
	    "read at most BYTES a second (1M)" },
	{ OPT_THAW, "thaw", "DAYS[:TIER]", NULL,
	    "if it is archived, request a copy for DAYS" },
	{ OPT_WAIT, "wait", "DURATION", NULL, "wait for that copy (0)" },
	{ 'j', "jobs", "N", NULL, "ranges in parallel (4)" },
	{ OPT_RETRY, "retry-for", "DURATION", NULL,
	    "give up after this time without success (15m)" },
	TOOL_OPTIONS_QUIET,
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-s3get",
	.example =
"bk-s3get s3://backups/shop/latest | bk-crypt -d -i key | bk-gz -d > d",
	.about =
"Writes the object KEY to standard output; if KEY ends in /latest, the latest "
"backup under that prefix; if it ends in ?versionId=ID, that version.  "
"Fetches ranges in parallel, writes them in order, resumes broken transfers, "
"verifies size and checksum before the last 4 KiB leave.  Of several, one "
"after the other.  Credentials, "
"region, endpoint: AWS_*.",
	.options = options,
	.settings = TOOL_SETTINGS_S3,
	.operands = "s3://BUCKET/KEY ...",
	.exits =
"0 done, 1 failed, 2 usage error, 3 damaged, 4 no such object, 5 not thawed yet",
	.rehearses = 1,
};

struct wanted {
	struct bk_s3_url url;
	const char *version;		/* NULL: the current one */
};

struct options {
	unsigned jobs, retry_for;
	uint64_t rate;
	int seal, check, no_check, verbosity;
	struct bk_s3_latest latest;
	struct bk_s3_thaw thaw;
	struct wanted *want;		/* n of them, of one bucket */
	size_t n;
};

static time_t
parse_before(const char *s)
{
	struct bk_moment m;
	struct bk_err e = {0};

	if (bk_moment_parse(s, "--before", localtime_r, 0, &m, &e) == -1)
		tool_refuse(&e);
	if (m.t == 0)
		tool_usage("--before: nothing is that old");
	return m.t;
}

/* "3", "3:Bulk" */
static void
parse_thaw(struct bk_s3_thaw *thaw, char *s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz";
	char *colon = strchr(s, ':');

	if (colon != NULL) {
		*colon = '\0';
		thaw->tier = colon + 1;
		if (*thaw->tier == '\0' ||
		    thaw->tier[strspn(thaw->tier, letters)] != '\0')
			tool_usage("--thaw: '%s': Standard, Bulk or Expedited",
			    thaw->tier);
	}
	thaw->days = (unsigned)tool_number(s, 1, 365, "--thaw");
}

static unsigned
parse_wait(const char *s)
{
	uint64_t n = tool_duration(s, "--wait");

	if (n > 30 * 86400)
		tool_usage("--wait: longer than 30 days");
	return (unsigned)n;
}

static void
parse_option(struct options *o, int ch)
{
	switch (ch) {
	case OPT_SEAL: o->seal = 1; break;
	case OPT_CHECK: o->check = 1; break;
	case OPT_NO_CHECK: o->no_check = 1; break;
	case OPT_THAW: parse_thaw(&o->thaw, optarg); break;
	case OPT_WAIT: o->thaw.wait = parse_wait(optarg); break;
	case OPT_RATE: o->rate = s3args_rate(optarg); break;
	case OPT_MATCH: o->latest.match = optarg; break;
	case OPT_BEFORE: o->latest.before = parse_before(optarg); break;
	case 'j': o->jobs = s3args_jobs(optarg); break;
	case OPT_RETRY: o->retry_for = s3args_retry_for(optarg); break;
	case 'q': o->verbosity = -1; break;
	case 'v': o->verbosity = 1; break;
	}
}

/* 1 if key is a prefix, under which a backup is to be chosen. */
static int
is_prefix(const struct options *o, const char *key)
{
	return s3args_is_latest(key) || (o->latest.before != 0 &&
	    (*key == '\0' || key[strlen(key) - 1] == '/'));
}

/* The key that is asked for, as it is or the latest under its prefix. */
static int
find_key(const struct options *o, struct bk_s3 *s3, char *key,
    struct bk_buf *out, struct bk_err *e)
{
	if (!is_prefix(o, key))
		return bk_buf_puts(out, key, e);
	if (s3args_is_latest(key))
		key[strlen(key) - strlen("latest")] = '\0';
	return bk_s3_list_latest(s3, key, &o->latest, out, e);
}

/* Where it is, for the audit log. */
static int
note_source(const struct bk_s3_url *url, const char *key, const char *version,
    size_t more, struct bk_err *e)
{
	static struct bk_buf where;

	where.len = 0;
	if (bk_buf_printf(&where, e, "%s/%s%s%s", url->place, key,
	    version != NULL ? BK_S3_VERSION_MARK : "",
	    version != NULL ? version : "") == -1 || (more > 0 &&
	    bk_buf_printf(&where, e, " and %zu more", more) == -1))
		return -1;
	tool_audit()->source = where.data;
	return 0;
}

static int
get_one(const struct options *o, struct bk_s3 *s3, const struct wanted *w,
    struct bk_s3_download_options *down, struct bk_writer *out,
    struct bk_err *e)
{
	static struct bk_buf key;

	key.len = 0;
	down->version = w->version;
	if (w->version != NULL ? bk_buf_puts(&key, w->url.key, e) == -1 :
	    find_key(o, s3, w->url.key, &key, e) == -1)
		return -1;
	down->key = key.data;
	if (w == o->want && note_source(&w->url, key.data, w->version,
	    o->n - 1, e) == -1)
		return -1;
	return bk_s3_download(s3, down, out, e);
}

static int
get(const struct options *o, struct bk_s3_cred *cred, struct bk_err *e)
{
	static struct bk_progress progress;
	struct bk_s3_options client = {
		.bucket = o->want->url.bucket, .retry_for = o->retry_for,
		.rate = o->rate, .stop_fd = -1, .warn = s3args_warn,
	};
	struct bk_s3_download_options down = {
		.jobs = o->jobs, .progress = &progress,
		.size_only = o->no_check,
		.thaw = o->thaw, .warn = s3args_warn,
		.must_check = o->check,
	};
	struct bk_s3 *s3 = bk_s3_open(cred, &client, e);
	struct bk_writer *out = NULL;
	int rc = -1;
	size_t i;

	if (s3 == NULL)
		return -1;
	if (!o->check && ((out = bk_writer_open(STDOUT_FILENO,
	    "standard output", e)) == NULL || (o->seal &&
	    bk_writer_envelope(out, NULL, e) == -1)))
		goto done;
	tool_progress(&progress, o->verbosity);
	for (i = 0, rc = 0; rc == 0 && i < o->n; i++) {
		down.more = i + 1 < o->n;
		rc = get_one(o, s3, &o->want[i], &down, out, e);
	}
	tool_audit()->size_bytes = out != NULL ? bk_writer_bytes(out) :
	    progress.bytes;
 done:
	bk_writer_free(out);
	bk_s3_close(s3);
	return rc;
}

/* --- a rehearsal */

/* The first bytes of an object, which its readers know it by. */
static int
get_head(const struct options *o, struct bk_s3 *s3, const struct wanted *want,
    struct bk_err *e)
{
	static uint8_t head[REHEARSED];
	const struct bk_s3_url *url = &want->url;
	const char *version = want->version;
	struct bk_s3_pair query[] = { { "versionId", version }, { 0 } };
	struct bk_s3_request rq = { .method = "GET", .into = head,
	    .query = version == NULL ? NULL : query };
	struct bk_s3_reply reply = {0};
	struct bk_buf key = {0};
	uint64_t size = 0;
	int rc = -1;

	if ((version != NULL ? bk_buf_puts(&key, url->key, e) :
	    find_key(o, s3, url->key, &key, e)) == -1 ||
	    bk_s3_head_with(s3, key.data, rq.query, NULL, &reply, e) == -1 ||
	    bk_s3_object_size(&reply, key.data, &size, e) == -1)
		goto done;
	if (bk_s3_object_state(&reply) != BK_S3_READABLE &&
	    o->thaw.days == 0) {
		(void)bk_fail(e, BK_FAIL, "%s/%s: is archived; bk-s3get --thaw "
		    "requests a readable copy", url->place, key.data);
		goto done;
	}
	rq.key = key.data;
	rq.into_len = size < sizeof(head) ? (size_t)size : sizeof(head);
	if (rq.into_len > 0 && (bk_s3_do(s3, &rq, &reply, e) == -1 ||
	    bk_io_write(STDOUT_FILENO, head, rq.into_len, "standard output",
	    e) == -1))
		goto done;
	rehearsal_say(BK_READY_OK, "%s/%s: can be read", url->place,
	    key.data);
	rc = 0;
 done:
	bk_s3_reply_free(&reply);
	bk_buf_free(&key);
	return rc;
}

static int
rehearse(const struct options *o, struct bk_s3_cred *cred, struct bk_err *e)
{
	struct bk_s3_options client = { .bucket = o->want->url.bucket,
	    .retry_for = 5, .stop_fd = -1, .warn = s3args_warn };
	struct bk_s3 *s3 = bk_s3_open(cred, &client, e);
	int rc = s3 == NULL ? -1 : 0;
	size_t i;

	for (i = 0; rc == 0 && i < o->n; i++)
		rc = get_head(o, s3, &o->want[i], e);
	bk_s3_close(s3);
	return rc;
}

/* What cannot be asked for. */
static void
check_key(const struct options *o, const struct wanted *w, const char *arg)
{
	const char *key = w->url.key;

	if (w->version == NULL && is_prefix(o, key))
		return;
	if (*key == '\0')
		tool_usage("%s: not the name of an object", arg);
	if (o->latest.before != 0)
		tool_usage("--before chooses under a prefix: give "
		    "s3://BUCKET/PREFIX/");
	if (o->latest.match != NULL)
		tool_usage("--match chooses what latest is: give "
		    "s3://BUCKET/PREFIX/latest");
}

/* One URL; key and ID are escaped as in a listing. */
static void
parse_url(const struct options *o, const char *arg, struct wanted *w)
{
	struct bk_err e = {0};

	if (bk_s3_url_parse(arg, &w->url, &e) == -1)
		tool_refuse(&e);
	w->version = bk_s3_url_cut_version(&w->url);
	if (bk_record_unescape(w->url.key) == -1 || (w->version != NULL &&
	    bk_record_unescape((char *)(uintptr_t)w->version) == -1))
		tool_usage("%s: an invalid escape; write \\\\ for a "
		    "backslash", arg);
	check_key(o, w, arg);
}

/* What the operands name, all of it in one bucket. */
static void
parse_urls(struct options *o, char *arg[], size_t n)
{
	if (n == 0)
		tool_usage("give s3://BUCKET/KEY");
	if ((o->want = calloc(n, sizeof(*o->want))) == NULL)
		tool_no_memory();
	for (; o->n < n; o->n++) {
		parse_url(o, arg[o->n], &o->want[o->n]);
		if (strcmp(o->want[o->n].url.place, o->want->url.place) != 0)
			tool_usage("%s: in another bucket than %s", arg[o->n],
			    arg[0]);
	}
}

static void
free_urls(struct options *o)
{
	while (o->n-- > 0)
		bk_s3_url_free(&o->want[o->n].url);
	free(o->want);
}

int
main(int argc, char *argv[])
{
	struct options o = { .jobs = 4, .retry_for = 15 * 60 };
	struct bk_err e = {0};
	struct bk_s3_cred *cred = NULL;
	int ch, rc = -1;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(&o, ch);
	parse_urls(&o, argv + optind, (size_t)(argc - optind));
	if (o.check && (o.no_check || o.seal))
		tool_usage("--check: not with %s", o.no_check ? "--no-check" :
		    "--seal");
	if (o.thaw.wait > 0 && o.thaw.days == 0)
		tool_usage("--wait is for --thaw");
	tool_run("download", argv[optind], o.check ? NULL : "standard output");

	if (bk_s3_global_init(&e) == 0 &&
	    (cred = s3args_cred(o.want->url.google, &e)) != NULL) {
		s3args_narrow(cred);
		rc = rehearsing() ? rehearse(&o, cred, &e) :
		    get(&o, cred, &e);
	}
	bk_s3_cred_free(cred);
	free_urls(&o);
	return tool_end(rc, &e);
}
