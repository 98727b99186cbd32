/* bk-age: whether backups are as they should be, see bk-age(1) */
#include <sys/statvfs.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "policy/group.h"
#include "policy/listing.h"
#include "policy/recoverable.h"
#include "policy/series.h"
#include "report/age_report.h"
#include "stream/textfile.h"
#include "tool/receipts.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"
#include "walfile/wal_name.h"

#define OK_LINE "BACKUP OK "	/* how a line of what is well begins */

enum {
	OPT_MIN_SIZE = TOOL_OPT_TOOL, OPT_MAX_SHRINK, OPT_MAX_GROWTH, OPT_LAST,
	OPT_MAX_GAP, OPT_MIN_COUNT, OPT_RECEIPTS, OPT_PROVEN, OPT_LOG,
	OPT_FAILS, OPT_PATH, OPT_MIN_FREE, OPT_WAL, OPT_LAG, OPT_SEGMENT,
	OPT_GROUP, OPT_EXPECT, OPT_TABLE, OPT_JSON, OPT_PROMETHEUS
};

static const struct tool_opt options[] = {
	{ 'w', "warning", "TIME", NULL,
	    "WARNING if the newest is older (25h)" },
	{ 'c', "critical", "TIME", NULL,
	    "CRITICAL if the newest is older (49h)" },
	{ OPT_MIN_SIZE, "min-size", "LIMIT", NULL,
	    "minimum size of the newest (1)" },
	{ OPT_MAX_SHRINK, "max-shrink", "LIMIT", NULL,
	    "how much smaller than usual it may be (90%)" },
	{ OPT_MAX_GROWTH, "max-growth", "LIMIT", NULL,
	    "how much larger than usual it may be" },
	{ OPT_LAST, "last", "N", NULL,
	    "usual: the median of the last N (7)" },
	{ OPT_MAX_GAP, "max-gap", "LIMIT", NULL,
	    "longest time between two backups" },
	{ OPT_MIN_COUNT, "min-count", "LIMIT", NULL,
	    "minimum number of backups" },
	{ OPT_RECEIPTS, "receipts", "DIR|s3://BUCKET/PREFIX/", "DIR",
	    "check bk-verify's receipts" },
	{ OPT_PROVEN, "proven", "LIMIT", NULL,
	    "maximum age of the last proof (8d,32d)" },
	{ OPT_LOG, "log", "FILE", NULL, "check this audit log" },
	{ OPT_FAILS, "fails", "N", NULL,
	    "CRITICAL after N failures in a row (2)" },
	{ OPT_PATH, "path", "DIR", NULL, "check the file system of DIR" },
	{ OPT_MIN_FREE, "min-free", "LIMIT", NULL,
	    "minimum free space, % or bytes (20%,10%)" },
	{ OPT_WAL, "wal", NULL, NULL,
	    "the listing is of WAL: check gaps and age" },
	{ OPT_LAG, "lag", "FILE", NULL,
	    "metrics of bk-walrecv or bk-stat: is any WAL missing" },
	{ OPT_SEGMENT, "segment-size", "SIZE", NULL,
	    "size of a WAL segment (16M)" },
	{ OPT_GROUP, "group", "PATTERN", NULL,
	    "how names map to series: 's3://b/{db}/{tier}/*'" },
	{ OPT_EXPECT, "expect", "NAME", NULL,
	    "CRITICAL if the listing has no backup of it" },
	{ OPT_TABLE, "table", NULL, NULL,
	    "print a table of all backups, judge nothing" },
	{ OPT_JSON, "json", NULL, NULL, "print JSON" },
	{ OPT_PROMETHEUS, "prometheus", "FILE", NULL,
	    "also write metrics to FILE" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-age",
	.usage_status = BK_STATE_UNKNOWN,
	.usage_prefix = "BACKUP UNKNOWN - bk-age: ",
	.example = "bk-s3ls s3://backups/shop/ | bk-age -w 25h -c 49h",
	.about =
"Reads a listing of backups and prints one status line per database.  A LIMIT "
"is CRITICAL or WARNING,CRITICAL: 10% or 20%,10%.",
	.options = options,
	.settings = "BK_SIGNERS",
	.operands = "< LISTING",
	.exits =
"0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN: usage error, no listing",
};

struct options {
	struct bk_fresh fresh;
	const char *group, *receipts, *log, *path, *lag, *prometheus;
	const char **expect;	/* points into argv; n of them */
	size_t nexpect;
	int wal, table, json, limits, fails, proven, min_free;
};

/* CRITICAL or WARNING,CRITICAL. */
static void
parse_limit(struct options *o, enum bk_metric metric, const char *s,
    const char *label)
{
	struct bk_limit *l = &o->fresh.limit[metric];
	const char *comma = strchr(s, ',');
	struct bk_err e = {0};
	char first[64];
	size_t n = comma == NULL ? 0 : (size_t)(comma - s);
	int rc;

	if (n >= sizeof(first))
		tool_usage("%s: '%s' is too long", label, s);
	memcpy(first, s, n);
	first[n] = '\0';
	rc = bk_metric_parse(metric, comma == NULL ? s : comma + 1, label,
	    &l->critical, &e);
	l->warning = l->critical;
	if (rc == 0 && comma != NULL)
		rc = bk_metric_parse(metric, first, label, &l->warning, &e);
	if (rc == -1)
		tool_refuse(&e);
	if (bk_metric_is_floor(metric) ? l->warning < l->critical :
	    l->warning > l->critical)
		tool_usage("%s: '%s': WARNING would never be reached; write it "
		    "WARNING,CRITICAL", label, s);
}

/* Shares or sizes; what is not given has no limit. */
static void
parse_free(struct options *o, const char *s)
{
	enum bk_metric metric = strpbrk(s, "%c") != NULL ? BK_METRIC_FREE :
	    BK_METRIC_FREE_BYTES;

	o->fresh.limit[BK_METRIC_FREE] = (struct bk_limit){0};
	o->fresh.limit[BK_METRIC_FREE_BYTES] = (struct bk_limit){0};
	parse_limit(o, metric, s, "--min-free");
	o->min_free = 1;
}

static void
parse_segment(struct options *o, const char *s)
{
	struct bk_err e = {0};
	uint64_t v;

	if (bk_size_parse(s, "--segment-size", &v, &e) == -1)
		tool_refuse(&e);
	if (!bk_wal_segment_is_size(v))
		tool_usage("--segment-size: '%s': a WAL segment is 1M, 2M, 4M "
		    "... or 1G", s);
	o->fresh.segment = v;
}

/* Options for sources other than the listing. */
static void
parse_source(struct options *o, int ch, const char *arg)
{
	struct bk_err e = {0};

	switch (ch) {
	case OPT_RECEIPTS: o->receipts = arg; break;
	case OPT_LOG: o->log = arg; break;
	case OPT_FAILS:
		o->fails = 1;
		o->fresh.limit[BK_METRIC_FAILURES].warning =
		    o->fresh.limit[BK_METRIC_FAILURES].critical =
		    tool_number(arg, 1, 1000000, "--fails") - 1;
		break;
	case OPT_PATH: o->path = arg; break;
	case OPT_GROUP:
		if (bk_group_check(arg, &e) == -1)
			tool_usage("--group: %s", e.msg);
		o->group = arg;
		break;
	case OPT_EXPECT: o->expect[o->nexpect++] = arg; break;
	case OPT_WAL: o->wal = 1; break;
	case OPT_LAG: o->lag = arg; break;
	case OPT_SEGMENT: parse_segment(o, arg); break;
	case OPT_TABLE: o->table = 1; break;
	case OPT_JSON: o->json = 1; break;
	case OPT_PROMETHEUS: o->prometheus = arg; break;
	}
}

static void
parse_option(struct options *o, int ch, const char *arg)
{
	struct bk_limit *age = &o->fresh.limit[BK_METRIC_AGE];

	switch (ch) {
	case 'w': age->warning = tool_duration(arg, "-w"); break;
	case 'c': age->critical = tool_duration(arg, "-c"); break;
	case OPT_MIN_SIZE:
		parse_limit(o, BK_METRIC_SIZE, arg, "--min-size");
		break;
	case OPT_MAX_SHRINK:
		parse_limit(o, BK_METRIC_SHRINK, arg, "--max-shrink");
		break;
	case OPT_MAX_GROWTH:
		parse_limit(o, BK_METRIC_GROWTH, arg, "--max-growth");
		break;
	case OPT_MAX_GAP:
		parse_limit(o, BK_METRIC_GAP, arg, "--max-gap");
		break;
	case OPT_MIN_COUNT:
		parse_limit(o, BK_METRIC_COUNT, arg, "--min-count");
		break;
	case OPT_LAST:
		o->fresh.last = (size_t)tool_number(arg, BK_SERIES_HISTORY,
		    1000000, "--last");
		break;
	case OPT_PROVEN:
		o->proven = 1;
		parse_limit(o, BK_METRIC_PROOF, arg, "--proven");
		break;
	case OPT_MIN_FREE:
		parse_free(o, arg);
		break;
	default:
		parse_source(o, ch, arg);
		return;
	}
	o->limits = 1;
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	const struct bk_limit *age = &o->fresh.limit[BK_METRIC_AGE];
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(o, ch, optarg);
	if (optind != argc)
		tool_usage("the listing is read from standard input: bk-ls %s "
		    "| bk-age ...", argv[optind]);
	if (age->warning > age->critical)
		tool_usage("-w is greater than -c: WARNING would never be "
		    "reached");
	if ((o->fails && o->log == NULL) ||
	    (o->proven && o->receipts == NULL) ||
	    (o->min_free && o->path == NULL))
		tool_usage("%s", o->fails ? "--fails needs --log" :
		    o->proven ? "--proven needs --receipts" :
		    "--min-free needs --path");
	if (o->wal && (o->receipts != NULL || o->group != NULL))
		tool_usage("--wal: not with --receipts or --group");
	if (o->table && (o->limits || o->nexpect > 0 || o->log != NULL ||
	    o->path != NULL || o->prometheus != NULL || o->json))
		tool_usage("--table judges nothing: not with limits, --expect, "
		    "--log, --path, --json or --prometheus");
	if (o->lag != NULL && !o->wal)
		tool_usage("--lag needs --wal");
}

static void
set_defaults(struct options *o)
{
	struct bk_limit *limit = o->fresh.limit;

	bk_fresh_init(&o->fresh, time(NULL));
	o->fresh.last = 7;
	o->fresh.segment = 16 << 20;
	limit[BK_METRIC_AGE] = (struct bk_limit){ 25 * 3600, 49 * 3600 };
	limit[BK_METRIC_PROOF] = (struct bk_limit){ 8 * 86400, 32 * 86400 };
	limit[BK_METRIC_SIZE] = (struct bk_limit){ 1, 1 };
	limit[BK_METRIC_SHRINK] = (struct bk_limit){ 9000, 9000 };
	limit[BK_METRIC_MISSING] = (struct bk_limit){ 0, 0 };
	limit[BK_METRIC_FAILURES] = (struct bk_limit){ 1, 1 };
	limit[BK_METRIC_FREE] = (struct bk_limit){ 2000, 1000 };
}

/* Add a subject for the file system that path is on. */
static int
add_disk(struct bk_subjects *out, const char *path, const struct bk_fresh *f,
    struct bk_err *e)
{
	struct statvfs v;
	struct bk_subject *s;
	uint64_t bytes;

	if (statvfs(path, &v) == -1)
		return bk_fail_errno(e, "%s", path);
	if ((s = bk_subjects_add(out, BK_SUBJECT_DISK, path, path, e)) == NULL)
		return -1;
	/* as df(1): space reserved for root is neither free nor counted */
	bk_subject_set(s, BK_METRIC_FREE, bk_fresh_share(v.f_bavail,
	    v.f_blocks - v.f_bfree + v.f_bavail), f);
	if (!__builtin_mul_overflow((uint64_t)v.f_bavail, v.f_frsize, &bytes))
		bk_subject_set(s, BK_METRIC_FREE_BYTES, bytes, f);
	return 0;
}

/* Expected subjects that the listing lacks. */
static int
judge_expected(const struct options *o, struct bk_subjects *out,
    struct bk_err *e)
{
	struct bk_subject *s;
	size_t i, j, n = out->n;

	for (i = 0; i < o->nexpect; i++) {
		for (j = 0; j < n; j++)
			if (strcmp(out->v[j].name, o->expect[i]) == 0 ||
			    strcmp(out->v[j].series, o->expect[i]) == 0)
				break;
		if (j < n)
			continue;
		s = bk_subjects_add(out, o->wal ? BK_SUBJECT_WAL :
		    BK_SUBJECT_BACKUP, o->expect[i], o->expect[i], e);
		if (s == NULL || bk_subject_note(s, e, "none at all") == -1)
			return -1;
		s->state = BK_STATE_CRITICAL;
	}
	return 0;
}

/* A source that failed is a finding: UNKNOWN, with the reason. */
static int
note_failure(struct bk_subjects *out, const char *source,
    const struct bk_err *reason, struct bk_err *e)
{
	struct bk_subject *s = bk_subjects_add(out, BK_SUBJECT_SOURCE, source,
	    source, e);

	if (s == NULL || bk_subject_note(s, e, "%s", reason->msg) == -1)
		return -1;
	s->state = BK_STATE_UNKNOWN;
	return bk_fail(e, reason->code, "%s", reason->msg);
}

static struct receipts receipts;

/* What counts for nothing is told, and hides nothing that the others say. */
static int
judge_receipts(struct bk_subjects *out, const struct bk_proofs *proofs,
    struct bk_err *e)
{
	struct bk_buf text = {0};
	struct bk_subject *s;
	int rc = receipts_describe(proofs, &text, e);

	if (rc == 0 && text.len > 0) {
		s = bk_subjects_add(out, BK_SUBJECT_SOURCE, "receipts",
		    "receipts", e);
		rc = s == NULL ? -1 : bk_subject_note(s, e, "%s", text.data);
		if (rc == 0)
			s->state = BK_STATE_WARNING;
	}
	bk_buf_free(&text);
	return rc;
}

/* no_more: what else than the listing could not be read. */
static int
judge_listing(const struct options *o, struct bk_subjects *out,
    struct bk_proofs *proofs, struct bk_err *no_more, struct bk_err *e)
{
	struct bk_listing items = {0};
	struct bk_fresh fresh = o->fresh;
	int rc;

	rc = bk_listing_read(&items, stdin, "standard input", e);
	if (rc == -1 && e->code == BK_NONE && o->nexpect > 0) {
		*e = (struct bk_err){0}; /* none of the expected ones */
		rc = 0;
	} else if (rc == 0 && o->wal) {
		if (o->lag != NULL)
			(void)bk_age_lag(o->lag, &fresh.stored, no_more);
		rc = bk_series_judge_wal(out, &items, &fresh, e);
	} else if (rc == 0) {
		fresh.receipts = o->receipts != NULL &&
		    receipts_load(&receipts, &items, o->group, proofs,
		    no_more) == 0;
		rc = bk_series_group(&items, o->group, e);
		if (rc == 0)
			rc = bk_series_judge(out, &items, &fresh, e);
		if (rc == 0)
			rc = bk_recoverable_find(out->v, out->n, &items,
			    &fresh, e);
	}
	bk_listing_free(&items);
	return rc == 0 ? judge_expected(o, out, e) : -1;
}

/* Findings from every source; the failure of one does not hide the others. */
static int
judge(const struct options *o, struct bk_subjects *out, struct bk_err *e)
{
	struct bk_err reason[3] = {{0}}, no_more = {0};
	struct bk_proofs proofs = {0};
	int rc = 0;

	if (judge_listing(o, out, &proofs, &no_more, &reason[0]) == -1)
		rc = note_failure(out, "listing", &reason[0], e);
	if (no_more.code != BK_OK)
		rc = note_failure(out, o->wal ? "lag" : "receipts", &no_more,
		    e);
	if (judge_receipts(out, &proofs, e) == -1)
		rc = -1;
	if (o->log != NULL && bk_age_log(out, o->log, &o->fresh,
	    &reason[1]) == -1)
		rc = note_failure(out, "audit log", &reason[1], e);
	if (o->path != NULL && add_disk(out, o->path, &o->fresh,
	    &reason[2]) == -1)
		rc = note_failure(out, "disk", &reason[2], e);
	bk_subjects_sort(out);
	return rc;
}

static int
store_metrics(const struct options *o, struct bk_subjects *s, struct bk_err *e)
{
	struct bk_buf text = {0};
	struct bk_err reason = {0};
	int rc = bk_age_prometheus(s, &o->fresh, o->prometheus, &text,
	    &reason);

	if (rc == 0)
		rc = bk_textfile_store(o->prometheus, &text, &reason);
	bk_buf_free(&text);
	if (rc == -1)
		rc = note_failure(s, "metrics", &reason, e);
	bk_subjects_sort(s);
	return rc;
}

/* What is shown when there is no memory for the status line. */
static void
print_failure(const struct bk_err *e)
{
	char line[1200];
	struct bk_err ignored = {0};

	(void)snprintf(line, sizeof(line), "%s%s\n", tool.usage_prefix, e->msg);
	(void)bk_io_write(STDOUT_FILENO, line, strlen(line), "standard output",
	    &ignored);
}

static int
print(const struct options *o, const struct bk_subjects *s, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = (o->json ? bk_age_json : o->table ? bk_age_table :
	    bk_age_text)(s, &o->fresh, &text, e);

	if (rc == -1 && !o->json)
		print_failure(e);
	if (rc == 0)
		rc = bk_io_write(STDOUT_FILENO, text.data, text.len,
		    "standard output", e);
	if (rc == 0)
		rc = bk_io_close(STDOUT_FILENO, "standard output", e);
	bk_buf_free(&text);
	return rc;
}

/* For who runs us in a pipeline: the lines of what is not OK, as one. */
static int
report(const struct options *o, const struct bk_subjects *s,
    struct bk_buf *out, struct bk_err *e)
{
	struct bk_buf text = {0};
	char *line, *save = NULL;
	int rc = bk_age_lines(s, &o->fresh, &text, e);

	for (line = rc == -1 ? NULL : strtok_r(text.data, "\n", &save);
	    rc == 0 && line != NULL; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, OK_LINE, strlen(OK_LINE)) != 0)
			rc = bk_buf_printf(out, e, "%s%s",
			    out->len == 0 ? "" : "; ", line);
	bk_buf_free(&text);
	if (rc == 0 && out->len > 0)
		tool_found(out->data);
	return rc;
}

/* A table judges nothing: it is only sure of its facts, or not. */
static enum bk_state
sure(const struct bk_subjects *all, const struct bk_fresh *f)
{
	const struct bk_subject *s;
	uint64_t age;

	for (s = all->v; s < all->v + all->n; s++)
		if (s->state == BK_STATE_UNKNOWN ||
		    bk_fresh_age(f, s->newest, &age) == -1)
			return BK_STATE_UNKNOWN;
	return BK_STATE_OK;
}

int
main(int argc, char *argv[])
{
	struct options o = {0};
	struct bk_subjects subjects = {0};
	struct bk_buf found = {0};
	struct bk_err e = {0};
	enum bk_state state;
	int rc;

	tool_start(&tool);
	set_defaults(&o);
	if ((o.expect = calloc((size_t)argc, sizeof(*o.expect))) == NULL)
		tool_no_memory();
	parse_options(&o, argc, argv);
	tool_run("monitor", "standard input", NULL);
	receipts_open(&receipts, o.receipts);
	narrow_read(o.log);
	narrow_read(o.lag);
	narrow_write(o.prometheus);
	tool_narrow();

	rc = judge(&o, &subjects, &e);
	/* metrics that could not be determined stay as they were */
	if (rc == 0 && o.prometheus != NULL)
		rc = store_metrics(&o, &subjects, &e);
	state = o.table ? sure(&subjects, &o.fresh) :
	    bk_subjects_state(&subjects);
	if ((!o.table && report(&o, &subjects, &found, &e) == -1) ||
	    print(&o, &subjects, &e) == -1) {
		state = BK_STATE_UNKNOWN;
		rc = -1;
	} else
		e.quiet = 1;		/* the status line has it */
	bk_subjects_free(&subjects);
	free(o.expect);
	if (tool_end(rc, &e) != BK_OK)
		state = bk_state_worse(state, BK_STATE_UNKNOWN);
	bk_buf_free(&found);
	return (int)state;
}
