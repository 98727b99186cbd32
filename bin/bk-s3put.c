/* bk-s3put: standard input as one object in S3, see bk-s3put(1) */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "s3/parts.h"
#include "s3/s3_ready.h"
#include "s3/upload.h"
#include "s3/url.h"
#include "stream/reader.h"
#include "tool/names.h"
#include "tool/rehearsal.h"
#include "tool/s3args.h"
#include "tool/signals.h"
#include "tool/tool.h"

#define MAX_META 10		/* --meta; S3 takes 2 KB of them */
#define MAX_TAGS 10		/* S3's limit */
#define MAX_LOCK (100ULL * 365 * 86400)

enum {
	OPT_OVERWRITE = TOOL_OPT_TOOL, OPT_SEALED, OPT_CLASS, OPT_SSE,
	OPT_LOCK, OPT_TAG, OPT_META, OPT_TYPE, OPT_PART, OPT_FIXED, OPT_MAX,
	OPT_EXPECTED, OPT_MEMORY, OPT_PROVIDER, OPT_RATE, OPT_RETRY,
};

static const struct tool_opt options[] = {
	{ OPT_OVERWRITE, "overwrite", NULL, NULL,
	    "replace an existing object" },
	{ OPT_SEALED, "sealed", NULL, NULL,
	    "refuse input that is not sealed" },
	NAMES_OPTIONS,
	{ OPT_CLASS, "storage-class", "CLASS", NULL, "e.g. STANDARD_IA" },
	{ OPT_SSE, "sse", "s3|kms[:KEYID]", "s3|kms",
	    "server-side encryption" },
	{ OPT_LOCK, "lock", "MODE:DURATION", NULL,
	    "object lock, e.g. COMPLIANCE:30d" },
	{ OPT_TAG, "tag", "NAME=VALUE", NULL, "tag (up to 10)" },
	{ OPT_META, "meta", "NAME=VALUE", NULL, "metadata (up to 10)" },
	{ OPT_TYPE, "content-type", "TYPE", NULL,
	    "instead of application/octet-stream" },
	{ 'j', "jobs", "N", NULL, "parts in parallel (4)" },
	{ OPT_MEMORY, "memory", "SIZE", NULL,
	    "memory for the parts (256M)" },
	{ OPT_PART, "part-size", "SIZE", NULL,
	    "size of the first part (8M); later ones grow" },
	{ OPT_FIXED, "fixed-parts", NULL, NULL,
	    "all parts have this size" },
	{ OPT_EXPECTED, "expected-size", "SIZE", NULL,
	    "size of the input, so that parts need not grow" },
	{ OPT_MAX, "max-parts", "N", NULL, "the provider's limit (10000)" },
	{ OPT_PROVIDER, "provider", "NAME", NULL,
	    "the provider, if its host name does not tell" },
	{ OPT_RATE, "rate", "BYTES", NULL,
	    "send at most BYTES a second" },
	{ OPT_RETRY, "retry-for", "DURATION", NULL,
	    "give up after this time without success (15m)" },
	TOOL_OPTIONS_QUIET,
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-s3put",
	.example =
"bk-dump shop | bk-gz | bk-crypt | bk-s3put s3://backups/{db}/{utc}.bk",
	.about =
"Stores standard input as one object, or none.  KEY may hold {db} {host} "
"{utc} {date} {time} {tier}.  Credentials, region, endpoint: AWS_*.",
	.options = options,
	.settings = TOOL_SETTINGS_S3 TOOL_SETTINGS_NAME,
	.operands = "s3://BUCKET/KEY",
	.exits =
"0 stored, 1 failed, 2 usage error, 3 input empty or unfinished",
	.rehearses = 1,
};

struct options {
	struct bk_s3_upload_options up;
	struct bk_s3_pair meta[MAX_META + 1];	/* names are owned */
	unsigned n_meta, n_tags;
	struct bk_buf tagging;
	const char *db, *tier;
	const struct bk_s3_provider *provider;
	uint64_t rate;
	unsigned retry_for;
	unsigned in_flags;
	int verbosity;			/* of the progress line */
};

/* Header values are limited to printable ASCII. */
static void
check_header(const char *label, const char *s)
{
	if (*s == '\0')
		tool_usage("%s: empty", label);
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			tool_usage("%s: printable ASCII only", label);
}

static void
parse_sse(struct options *o, const char *s)
{
	check_header("--sse", s);
	if (strcmp(s, "s3") == 0)
		o->up.sse = "AES256";
	else if (strcmp(s, "kms") == 0 || strncmp(s, "kms:", 4) == 0)
		o->up.sse = "aws:kms";
	else
		tool_usage("--sse %s: not s3, kms or kms:KEYID", s);
	o->up.kms_key = s[0] == 'k' && s[3] == ':' && s[4] != '\0' ?
	    s + 4 : NULL;
}

static void
parse_lock(struct options *o, const char *s)
{
	static const char *const modes[] = { "COMPLIANCE", "GOVERNANCE" };
	size_t i, n = strcspn(s, ":");

	o->up.lock_mode = NULL;
	for (i = 0; i < 2; i++)
		if (strlen(modes[i]) == n && strncmp(s, modes[i], n) == 0)
			o->up.lock_mode = modes[i];
	if (o->up.lock_mode == NULL || s[n] == '\0')
		tool_usage("--lock %s: not COMPLIANCE:DURATION or "
		    "GOVERNANCE:DURATION", s);
	o->up.lock_seconds = tool_duration(s + n + 1, "--lock");
	if (o->up.lock_seconds == 0 || o->up.lock_seconds > MAX_LOCK)
		tool_usage("--lock %s: from 1 s to 100 years", s);
}

static void
add_tag(struct options *o, const char *s)
{
	struct bk_err e = {0};
	char *name = strndup(s, strcspn(s, "="));
	const char *value = strchr(s, '=');

	if (name == NULL || *name == '\0' || value == NULL)
		tool_usage("--tag %s: not NAME=VALUE", s);
	if (o->n_tags++ == MAX_TAGS)
		tool_usage("--tag: more than %d", MAX_TAGS);
	if ((o->tagging.len > 0 && bk_buf_puts(&o->tagging, "&", &e) == -1) ||
	    bk_s3_escape(&o->tagging, name, 0, &e) == -1 ||
	    bk_buf_puts(&o->tagging, "=", &e) == -1 ||
	    bk_s3_escape(&o->tagging, value + 1, 0, &e) == -1)
		tool_no_memory();
	free(name);
}

static void
add_meta(struct options *o, const char *s)
{
	struct bk_err e = {0};
	struct bk_buf name = {0};
	const char *value = strchr(s, '=');
	unsigned i;
	char *p;

	check_header("--meta", s);
	if (value == NULL || value == s)
		tool_usage("--meta %s: not NAME=VALUE", s);
	if (o->n_meta == MAX_META)
		tool_usage("--meta: more than %d", MAX_META);
	if (bk_buf_printf(&name, &e, "x-amz-meta-%.*s", (int)(value - s),
	    s) == -1)
		tool_no_memory();
	for (p = name.data; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			tool_usage("--meta %s: a name has letters, digits, - "
			    "and _ only", s);
		else
			*p = (char)tolower((unsigned char)*p);
	if (strncmp(name.data, "x-amz-meta-bk-", 14) == 0)
		tool_usage("--meta %s: names that begin with bk- are "
		    "reserved", s);
	for (i = 0; i < o->n_meta; i++)
		if (strcmp(o->meta[i].name, name.data) == 0)
			tool_usage("--meta %s: given twice", s);
	o->meta[o->n_meta++] = (struct bk_s3_pair){ name.data, value + 1 };
}

static uint64_t
parse_size(const char *s, const char *label, uint64_t min, uint64_t max)
{
	struct bk_err e = {0};
	char least[BK_NUM_TEXT], most[BK_NUM_TEXT];
	uint64_t n;

	if (bk_size_parse(s, label, &n, &e) == -1)
		tool_refuse(&e);
	bk_size_format(min, least);
	bk_size_format(max, most);
	if (n < min || n > max)
		tool_usage("%s %s: from %s to %s", label, s, least, most);
	return n;
}

static void
parse_option(struct options *o, int ch)
{
	switch (ch) {
	case OPT_OVERWRITE: o->up.overwrite = 1; break;
	case OPT_SEALED: o->in_flags |= BK_READER_SEALED; break;
	case NAMES_OPT_DB: o->db = optarg; break;
	case NAMES_OPT_TIER: o->tier = optarg; break;
	case OPT_CLASS:
		check_header("--storage-class", optarg);
		o->up.storage_class = optarg;
		break;
	case OPT_SSE: parse_sse(o, optarg); break;
	case OPT_LOCK: parse_lock(o, optarg); break;
	case OPT_TAG: add_tag(o, optarg); break;
	case OPT_META: add_meta(o, optarg); break;
	case OPT_TYPE:
		check_header("--content-type", optarg);
		o->up.content_type = optarg;
		break;
	case 'j': o->up.jobs = s3args_jobs(optarg); break;
	case OPT_PART:
		o->up.part_size = parse_size(optarg, "--part-size",
		    BK_S3_PART_MIN, BK_S3_PART_MAX);
		break;
	case OPT_FIXED: o->up.fixed_parts = 1; break;
	case OPT_EXPECTED:
		o->up.expected = parse_size(optarg, "--expected-size", 1,
		    BK_S3_OBJECT_MAX);
		break;
	case OPT_MEMORY:
		o->up.memory = parse_size(optarg, "--memory", BK_S3_PART_MIN,
		    BK_S3_OBJECT_MAX);
		break;
	case OPT_MAX:
		o->up.max_parts = (unsigned)tool_number(optarg, 1,
		    BK_S3_PARTS_MAX, "--max-parts");
		break;
	case OPT_PROVIDER: o->provider = s3args_provider(optarg); break;
	case OPT_RATE: o->rate = s3args_rate(optarg); break;
	case OPT_RETRY: o->retry_for = s3args_retry_for(optarg); break;
	case 'q': o->verbosity = -1; break;
	case 'v': o->verbosity = 1; break;
	}
}

static void
free_options(struct options *o)
{
	while (o->n_meta > 0)
		free((char *)(uintptr_t)o->meta[--o->n_meta].name);
	bk_buf_free(&o->tagging);
}

/* Name the object, upload it and record its name in the audit log. */
static int
put(struct options *o, const struct bk_s3_url *url, struct bk_reader *in,
    struct bk_s3_cred *cred, struct bk_err *e)
{
	static struct bk_progress progress;
	static struct bk_label held;
	static struct bk_buf key, where;
	struct bk_s3_options client = {
		.bucket = url->bucket, .retry_for = o->retry_for,
		.provider = o->provider, .rate = o->rate,
		.warn = s3args_warn,
	};
	struct bk_s3 *s3;
	int rc;

	if (names_expand(url->key, o->db, o->tier, in, &key, e) == -1 ||
	    bk_buf_printf(&where, e, "%s/%s", url->place,
	    key.data) == -1 || (client.stop_fd = signals_stop_fd(e)) == -1 ||
	    (s3 = bk_s3_open(cred, &client, e)) == NULL)
		return -1;
	/* which --db or the stream's own name may also have come to */
	if (s3args_is_latest(key.data)) {
		bk_s3_close(s3);
		return bk_fail(e, BK_USAGE, "%s: could never be fetched: to "
		    "bk-s3get, latest is the latest backup; give another name",
		    where.data);
	}
	tool_audit()->destination = where.data;
	tool_progress(&progress, o->verbosity);
	o->up.key = key.data;
	if (bk_label_is_wal(bk_reader_label(in)))
		o->up.wal = bk_reader_label(in);
	o->up.held = &held;
	o->up.progress = &progress;
	rc = bk_s3_upload(s3, in, &o->up, &tool_audit()->size_bytes, e);
	if (rc == -1)
		tool_held(&held, e);
	bk_s3_close(s3);
	return rc;
}

/* What would keep us from it, in a rehearsal. */
static int
rehearse(struct options *o, struct bk_s3_url *url, struct bk_s3_cred *cred,
    struct bk_err *e)
{
	struct bk_s3_options client = { .bucket = url->bucket,
	    .provider = o->provider, .stop_fd = -1, .warn = s3args_warn };
	struct bk_s3_ready ready = { .report = rehearsal_report };
	struct bk_buf place = {0}, key = {0};
	int rc = -1;

	if (bk_buf_printf(&place, e, "%s/", url->place) == 0 &&
	    names_rehearse(url->key, o->db, o->tier, place.data, &key,
	    e) == 0 && (ready.s3 = bk_s3_open(cred, &client, e)) != NULL) {
		o->up.key = key.data;
		/* the directory that all of them are in */
		url->key[strcspn(url->key, "{")] = '\0';
		if (strrchr(url->key, '/') == NULL)
			*url->key = '\0';
		else
			strrchr(url->key, '/')[1] = '\0';
		bk_s3_ready_put(&ready, url->key, &o->up);
		rc = 0;
	}
	bk_s3_close(ready.s3);
	bk_buf_free(&place);
	bk_buf_free(&key);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct options o = {
		.up = { .memory = 256 << 20, .jobs = 4 },
		.retry_for = 15 * 60, .in_flags = BK_READER_NONEMPTY,
	};
	struct bk_err e = {0};
	struct bk_s3_url url = {0};
	struct bk_s3_cred *cred = NULL;
	struct bk_reader *in = NULL;
	int ch, rc = -1;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(&o, ch);
	if (argc - optind != 1)
		tool_usage("give one s3://BUCKET/KEY");
	if (bk_s3_url_parse(argv[optind], &url, &e) == -1)
		tool_refuse(&e);
	if (*url.key == '\0' || url.key[strlen(url.key) - 1] == '/')
		tool_usage("%s: not the name of an object", argv[optind]);
	names_check(url.key, o.db, o.tier);
	o.up.tagging = o.tagging.data;
	o.up.meta = o.meta;
	tool_run("upload", "standard input", argv[optind]);

	if (bk_s3_global_init(&e) == -1 ||
	    (cred = s3args_cred(url.google, &e)) == NULL)
		goto done;
	s3args_narrow(cred);
	if (rehearsing()) {
		rc = rehearse(&o, &url, cred, &e);
		goto done;
	}
	in = bk_reader_open(STDIN_FILENO, "standard input", o.in_flags, &e);
	if (in != NULL) {
		tool_run_id(bk_reader_label(in)->run);
		rc = put(&o, &url, in, cred, &e);
	}
 done:
	bk_reader_free(in);
	bk_s3_cred_free(cred);
	bk_s3_url_free(&url);
	free_options(&o);
	return tool_end(rc, &e);
}
