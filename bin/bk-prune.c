/* bk-prune: select what a retention policy deletes, see bk-prune(1) */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/num.h"
#include "base/utctime.h"
#include "crypt/plan.h"
#include "crypt/signature.h"
#include "crypt/suite.h"
#include "policy/group.h"
#include "policy/holds.h"
#include "policy/listing.h"
#include "policy/prune.h"
#include "policy/wal.h"
#include "tool/receipts.h"
#include "tool/rehearsal.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"
#include "tool/zone.h"

enum {
	OPT_WITHIN = TOOL_OPT_TOOL, OPT_EXPLAIN, OPT_FIRST_RUN, OPT_GROUP,
	OPT_HOLDS, OPT_MAX_AHEAD, OPT_MAX_SHARE, OPT_MIN_KEEP, OPT_MIN_STORED,
	OPT_RECEIPTS, OPT_FRESH, OPT_TZ, OPT_WAL_FOR, OPT_PLAN, OPT_KEY
};

static const struct tool_opt options[] = {
	{ 'l', "keep-last", "N", NULL, "keep the newest N" },
	{ 'H', "keep-hourly", "N", NULL,
	    "keep the newest of each of N hours" },
	{ 'd', "keep-daily", "N", NULL,
	    "keep the newest of each of N days" },
	{ 'w', "keep-weekly", "N", NULL,
	    "keep the newest of each of N weeks" },
	{ 'm', "keep-monthly", "N", NULL,
	    "keep the newest of each of N months" },
	{ 'y', "keep-yearly", "N", NULL,
	    "keep the newest of each of N years" },
	{ OPT_WITHIN, "keep-within", "TIME", NULL,
	    "keep all within TIME of the newest: 7d" },
	{ OPT_EXPLAIN, "explain", NULL, NULL,
	    "print every record and why it is kept" },
	{ OPT_GROUP, "group", "PATTERN", NULL,
	    "how names map to series: 's3://b/{db}/{tier}/*'" },
	{ OPT_TZ, "tz", "ZONE", NULL,
	    "time zone of the calendar: Europe/Berlin (UTC)" },
	{ OPT_HOLDS, "holds", "FILE", NULL,
	    "never delete the backups named in FILE" },
	{ OPT_RECEIPTS, "receipts", "DIR|s3://BUCKET/PREFIX/", "DIR",
	    "never delete the last one that is proven" },
	{ OPT_WAL_FOR, "wal-for", "LISTING", "FILE",
	    "prune WAL that no base backup in LISTING needs" },
	{ OPT_PLAN, "plan", "FILE", NULL,
	    "write a plan, for approval by others" },
	{ OPT_KEY, "key", "FILE", NULL, "sign the plan with this key" },
	{ OPT_FRESH, "require-fresh", "TIME", NULL,
	    "refuse a series whose newest is older (2d)" },
	{ OPT_MAX_SHARE, "max-share", "PERCENT", NULL,
	    "refuse to delete more of a series (50pc)" },
	{ OPT_FIRST_RUN, "first-run", NULL, NULL,
	    "allow any share of a series" },
	{ OPT_MAX_AHEAD, "max-ahead", "TIME", NULL,
	    "refuse a time further in the future (10s)" },
	{ OPT_MIN_KEEP, "min-keep", "N", NULL,
	    "always keep the newest N (3)" },
	{ OPT_MIN_STORED, "min-stored", "TIME", NULL,
	    "keep what was stored in the last TIME (1d)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-prune",
	.example =
"bk-s3ls s3://backups/shop/ | bk-prune -d 30 -m 12 -y 7 | bk-s3rm",
	.about =
"Prints the records of a listing that no rule keeps; deletes nothing itself.",
	.options = options,
	.settings = "BK_SIGNERS",
	.operands = "< LISTING",
	.exits = "0 done, 1 failed, 2 usage error, 3 refused, 4 empty listing",
	.rehearses = 1,
};

struct options {
	struct bk_policy policy;
	struct bk_guards guards;
	const char *group, *tz, *holds, *receipts, *wal_for, *plan, *key;
	struct bk_buf options_text;	/* the options, for a plan */
	int explain;
};

static void
parse_count(struct options *o, enum bk_rule rule, const char *text)
{
	struct bk_err e = {0};
	uint64_t n = 0;

	if (strcmp(text, "-1") == 0)
		o->policy.count[rule] = BK_KEEP_ALL;
	else if (bk_num_parse(text, 0, 1000000000, bk_rule_name(rule), &n,
	    &e) == -1)
		tool_usage("--keep-%s, or -1 for all", e.msg);
	else
		o->policy.count[rule] = (int64_t)n;
}

static void
parse_share(struct options *o, const char *text)
{
	struct bk_err e = {0};
	uint64_t percent;

	if (bk_fraction_parse(text, 100, "--max-share", &percent, &e) == -1)
		tool_refuse(&e);
	o->guards.max_share = (unsigned)percent;
}

/* An option other than a rule. */
static void
parse_option(struct options *o, int ch, const char *arg)
{
	struct bk_err e = {0};

	switch (ch) {
	case OPT_WITHIN:
		o->policy.within = tool_duration(arg, "--keep-within");
		/* elsewhere m means month */
		if (o->policy.within > 0 && o->policy.within < 3600)
			tool_usage("--keep-within: '%s' is less than an "
			    "hour; write months as days", arg);
		break;
	case OPT_EXPLAIN: o->explain = 1; break;
	case OPT_FIRST_RUN: o->guards.max_share = 100; break;
	case OPT_GROUP:
		if (bk_group_check(arg, &e) == -1)
			tool_usage("--group: %s", e.msg);
		o->group = arg;
		break;
	case OPT_HOLDS: o->holds = arg; break;
	case OPT_MAX_AHEAD:
		o->guards.max_ahead = tool_duration(arg, "--max-ahead");
		break;
	case OPT_MAX_SHARE: parse_share(o, arg); break;
	case OPT_MIN_KEEP:
		o->guards.min_keep = (size_t)tool_number(arg, 0, 1000000000,
		    "--min-keep");
		break;
	case OPT_MIN_STORED:
		o->guards.min_stored = tool_duration(arg, "--min-stored");
		break;
	case OPT_RECEIPTS: o->receipts = arg; break;
	case OPT_FRESH:
		o->guards.fresh = tool_duration(arg, "--require-fresh");
		break;
	case OPT_TZ: o->tz = arg; break;
	case OPT_WAL_FOR: o->wal_for = arg; break;
	case OPT_PLAN: o->plan = arg; break;
	case OPT_KEY: o->key = arg; break;
	}
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	static const char rules[] = "lHdwmy";	/* as enum bk_rule */
	struct bk_err e = {0};
	const char *rule;
	int ch, i;

	while ((ch = tool_getopt(argc, argv)) != -1) {
		rule = ch < TOOL_OPT_HELP ? strchr(rules, ch) : NULL;
		if (rule != NULL)
			parse_count(o, (enum bk_rule)(rule - rules), optarg);
		else
			parse_option(o, ch, optarg);
	}
	if (optind != argc)
		tool_usage("the listing is read from standard input: bk-ls %s "
		    "| bk-prune ...", argv[optind]);
	for (i = 1; i < argc; i++)
		if (bk_buf_printf(&o->options_text, &e, "%s%s",
		    i > 1 ? " " : "", argv[i]) == -1)
			tool_no_memory();
	if ((o->plan == NULL) != (o->key == NULL))
		tool_usage("--plan and --key go together");
	if (o->plan != NULL && o->explain)
		tool_usage("--plan or --explain, not both");
}

/* Use ZONE for the calendar. */
static void
set_zone(struct options *o)
{
	o->policy.wall = bk_utctime_civil;
	if (o->tz == NULL || strcmp(o->tz, "UTC") == 0)
		return;
	zone_use(o->tz);
	o->policy.wall = localtime_r;
}

static FILE *
open_file(const char *path, struct bk_err *e)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		(void)bk_fail_errno(e, "%s", path);
	return f;
}

static int
read_holds(const struct options *o, struct bk_holds *h, struct bk_err *e)
{
	FILE *f;
	int rc;

	if (o->holds == NULL)
		return 0;
	if ((f = open_file(o->holds, e)) == NULL)
		return -1;
	rc = bk_holds_read(h, f, o->holds, e);
	fclose(f);			/* read only: nothing to lose */
	return rc;
}

static struct receipts receipts;
static struct bk_err refused;	/* the first series that a guard refused */

static void
refuse(const char *text)
{
	tool_say("%s", text);
	(void)bk_fail(&refused, BK_DATA, "%s", text);
}

/* Judge backups by the options: series, receipts, rules. */
static int
judge_backups(const struct options *o, struct bk_listing *items,
    struct bk_err *e)
{
	struct bk_proofs proofs = {0};
	struct bk_buf text = {0};

	if (o->receipts != NULL && (receipts_load(&receipts, items, o->group,
	    &proofs, e) == -1 || receipts_describe(&proofs, &text, e) == -1))
		return -1;
	if (text.len > 0)
		tool_say("%s", text.data);
	bk_buf_free(&text);
	if (bk_listing_group(items, o->group, e) == -1 ||
	    bk_prune_judge(items, &o->policy, &o->guards, e) == -1)
		return -1;
	if (o->receipts == NULL || proofs.matched > 0)
		return 0;
	return bk_fail(e, BK_DATA, "%s: no receipt of %zu matches any record "
	    "in the listing: nothing is proven", o->receipts, proofs.receipts);
}

/* Judge the WAL in items by the base backups that -l to -y, if given, keep. */
static int
judge_wal(const struct options *o, struct bk_listing *items,
    struct bk_holds *holds, struct bk_err *e)
{
	struct bk_policy counts = o->policy;
	struct bk_listing bases = {0};
	FILE *f = open_file(o->wal_for, e);
	int rc;

	counts.within = 0;	/* alone it is the recovery window only */
	if (f == NULL)
		return -1;
	rc = bk_listing_read(&bases, f, o->wal_for, e);
	fclose(f);			/* read only: nothing to lose */
	if (rc == 0) {
		bk_holds_apply(holds, &bases);
		rc = bk_policy_is_empty(&counts) ?
		    bk_prune_check_clock(&bases, &o->guards, e) :
		    judge_backups(o, &bases, e);
	}
	if (rc == 0)
		rc = bk_wal_judge(items, &bases, o->policy.within, &o->guards,
		    e);
	bk_listing_free(&bases);
	return rc;
}

static int
judge(const struct options *o, struct bk_listing *items, struct bk_err *e)
{
	struct bk_holds holds = {0};
	int rc = read_holds(o, &holds, e);

	if (rc == 0) {
		bk_holds_apply(&holds, items);
		rc = o->wal_for != NULL ? judge_wal(o, items, &holds, e) :
		    judge_backups(o, items, e);
	}
	if (rc == 0)
		rc = bk_holds_check(&holds, o->holds, e);
	bk_holds_free(&holds);
	return rc;
}

/* The records of items, all or those that go, as lines; how many. */
static int
format_records(struct bk_buf *b, const struct bk_listing *items, int all,
    size_t *n, struct bk_err *e)
{
	const struct bk_listed *item;
	int rc = 0;

	*n = 0;
	for (item = items->item; rc == 0 && item < items->item + items->n;
	    item++)
		if (all || item->expired) {
			rc = bk_record_format(b, &item->r, e);
			++*n;
		}
	return rc;
}

/* Where the records are: that of the first is to be that of all. */
static const char *
place(const struct bk_listing *items)
{
	const struct bk_record *r = &items->item[0].r;

	if (strstr(r->name, "://") == NULL)
		return BK_PLAN_FILES;
	return r->field[BK_RECORD_AT] != NULL ? r->field[BK_RECORD_AT] :
	    BK_PLAN_DEFAULT;
}

static int
write_plan(const struct options *o, const struct bk_listing *items,
    const struct bk_buf *gone, size_t going, struct bk_err *e)
{
	struct bk_buf all = {0};
	struct bk_plan plan = { .now = o->guards.now,
	    .place = place(items), .policy = o->options_text.data,
	    .listing = &all, .expired = gone,
	    .nexpired = going };
	struct bk_signer signer;
	int rc = -1;

	if (format_records(&all, items, 1, &plan.listed, e) == 0 &&
	    bk_signer_load(&signer, o->key, e) == 0)
		rc = bk_plan_store(o->plan, &plan, &signer, e);
	bk_wipe(&signer, sizeof(signer));
	bk_buf_free(&all);
	return rc;
}

static int
explain(const struct options *o, struct bk_buf *b,
    const struct bk_listing *items, struct bk_err *e)
{
	const struct bk_listed *item;

	for (item = items->item; item < items->item + items->n; item++)
		if (bk_listed_explain(b, item, &o->policy, e) == -1)
			return -1;
	return 0;
}

/* Print the result: records, reasons or a plan. */
static int
put(const struct options *o, const struct bk_listing *items, struct bk_err *e)
{
	struct bk_buf b = {0};
	size_t n = 0;
	int rc = o->explain ? explain(o, &b, items, e) :
	    format_records(&b, items, 0, &n, e);

	/* no plan where everything that might go is refused */
	if (rc == 0 && o->plan != NULL && (n > 0 || refused.code == BK_OK))
		rc = write_plan(o, items, &b, n, e);
	else if (rc == 0 && o->plan == NULL)
		rc = bk_io_write(STDOUT_FILENO, b.data, b.len,
		    "standard output", e);
	bk_buf_free(&b);
	return rc;
}

/* --- a rehearsal */

/* To which clock the rules are held: today's, and later ones. */
static const struct { uint64_t later; const char *when; } clocks[] = {
	{ 0, "today" }, { 86400, "in 1 day" }, { 7 * 86400, "in 7 days" },
};

/* Report what would go of what is there today; 1 if nothing is refused. */
static int
report(size_t i, const struct bk_listing *items, const struct bk_err *e)
{
	size_t n, gone = 0;

	for (n = 0; n < items->n; n++)
		gone += (size_t)items->item[n].expired;
	if (e->code == BK_OK && refused.code == BK_OK) {
		rehearsal_say(BK_READY_OK, "%s: %zu of %zu would go",
		    clocks[i].when, gone, items->n);
		return 1;
	}
	rehearsal_say(i == 0 ? BK_READY_PROBLEM : BK_READY_WARNING,
	    "%s: it would refuse: %s", clocks[i].when,
	    e->code == BK_OK ? refused.msg : e->msg);
	return 0;
}

static void
refuse_silently(const char *text)
{
	(void)bk_fail(&refused, BK_DATA, "%s", text);
}

/* Judge the listing in text by a later clock; as report(). */
static int
judge_later(const struct options *now, struct bk_buf *text, size_t i)
{
	struct options o = *now;
	struct bk_listing items = {0};
	struct bk_err e = {0};
	FILE *f = fmemopen(text->data, text->len, "r");
	int good;

	refused = (struct bk_err){0};
	o.guards.refuse = refuse_silently;
	o.guards.now += (time_t)clocks[i].later;
	/* by then there are newer ones, unless something is wrong */
	if (clocks[i].later > 86400)
		o.guards.fresh = 0;
	if (f == NULL)
		tool_no_memory();
	if (bk_listing_read(&items, f, "standard input", &e) == 0)
		(void)judge(&o, &items, &e);
	good = report(i, &items, &e);
	bk_listing_free(&items);
	fclose(f);			/* read only: nothing to lose */
	return good;
}

/* For who deletes: a name next to the newest, which nothing has. */
static int
name_place(struct bk_buf *text, struct bk_err *e)
{
	FILE *f = fmemopen(text->data, text->len, "r");
	struct bk_listing items = {0};
	struct bk_buf name = {0}, line = {0};
	struct bk_record r = {0};
	const struct bk_record *last;
	int rc = -1;

	if (f == NULL)
		tool_no_memory();
	if (bk_listing_read(&items, f, "standard input", e) == -1)
		goto done;
	last = &items.item[items.n - 1].r;
	if (bk_buf_printf(&name, e, "%.*s.bk-check-%ld", (int)(strrchr(
	    last->name, '/') == NULL ? 0 : strrchr(last->name, '/') + 1 -
	    last->name), last->name, (long)getpid()) == -1)
		goto done;
	r.name = name.data;
	r.time = last->time;
	r.field[BK_RECORD_AT] = last->field[BK_RECORD_AT];
	if (bk_record_format(&line, &r, e) == 0)
		rc = bk_io_write(STDOUT_FILENO, line.data, line.len,
		    "standard output", e);
 done:
	bk_listing_free(&items);
	bk_buf_free(&name);
	bk_buf_free(&line);
	fclose(f);
	return rc;
}

static int
rehearse(const struct options *o, struct bk_err *e)
{
	struct bk_buf text = {0};
	ssize_t n;
	size_t i;
	int rc;

	do {
		if (bk_buf_reserve(&text, BK_IO_BUFSZ, e) == -1 ||
		    (n = bk_io_read(STDIN_FILENO, text.data + text.len,
		    BK_IO_BUFSZ, "standard input", e)) == -1)
			return -1;
		text.len += (size_t)n;
	} while (n > 0);
	if (text.len == 0)
		return 0;		/* who lists has said why */
	for (i = 0; i < sizeof(clocks) / sizeof(*clocks); i++)
		if (!judge_later(o, &text, i))
			break;
	rc = name_place(&text, e);
	bk_buf_free(&text);
	return rc;
}

static void
narrow(const struct options *o)
{
	narrow_read(o->holds);
	receipts_open(&receipts, o->receipts);
	narrow_read(o->wal_for);
	narrow_read(o->key);
	narrow_write(o->plan);
	if (o->plan != NULL)
		bk_suite_prepare();
	tool_narrow();
}

int
main(int argc, char *argv[])
{
	struct options o = { .guards = { .now = time(NULL), .max_ahead = 10,
	    .fresh = BK_PRUNE_AUTO, .max_share = 50, .min_keep = 3,
	    .min_stored = 86400, .refuse = refuse } };
	struct bk_listing items = {0};
	struct bk_err e = {0};
	int rc;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	set_zone(&o);
	tool_run("retention", "standard input", o.plan);
	if (rehearsing())
		rehearsal_reads();	/* receipts in S3 */
	narrow(&o);
	if (rehearsing()) {
		rc = rehearse(&o, &e);
		bk_buf_free(&o.options_text);
		return tool_end(rc, &e);
	}

	rc = bk_listing_read(&items, stdin, "standard input", &e);
	if (rc == 0)
		rc = judge(&o, &items, &e);
	/* --explain prints the reasons even on refusal */
	if ((rc == 0 || (o.explain && items.judged)) &&
	    put(&o, &items, &e) == -1)
		rc = -1;
	if (rc == 0)
		rc = bk_io_close(STDOUT_FILENO, "standard output", &e);
	if (rc == 0 && refused.code != BK_OK) {
		e.quiet = 1;		/* each was reported */
		rc = bk_fail(&e, refused.code, "%s", refused.msg);
	}
	bk_listing_free(&items);
	bk_buf_free(&o.options_text);
	return tool_end(rc, &e);
}
