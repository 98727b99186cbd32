/* bk-audit: read, summarise, verify and write the audit log, see bk-audit(1) */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/append.h"
#include "audit/format.h"
#include "audit_commands.h"
#include "base/utctime.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"
#include "tool/zone.h"

enum {
	OPT_SUMMARY = TOOL_OPT_TOOL, OPT_VERIFY, OPT_FOLLOW, OPT_RECORD,
	OPT_OPERATION, OPT_STATUS, OPT_SINCE, OPT_TARGET, OPT_JSON,
	OPT_PROMETHEUS, OPT_EXPECT, OPT_PIPELINES, OPT_REPORT, OPT_DRILL,
	OPT_HTML, OPT_TZ
};

static const struct tool_opt options[] = {
	{ OPT_FOLLOW, "follow", NULL, NULL,
	    "print the runs and wait for new ones, like tail -F" },
	{ OPT_SUMMARY, "summary", NULL, NULL,
	    "per operation and target: number of runs, duration, size, last "
	    "success and failure" },
	{ OPT_VERIFY, "verify", NULL, NULL,
	    "check the hash chain; name the lines that break it" },
	{ OPT_REPORT, "report", "PERIOD", NULL,
	    "a month, 2026-10, or the last 7d, for an auditor: Markdown" },
	{ OPT_RECORD, "record", NULL, NULL,
	    "append a run, read as JSON from standard input" },
	{ OPT_PIPELINES, "pipelines", NULL, NULL,
	    "join the runs of each pipeline to one" },
	{ OPT_OPERATION, "operation", "NAME", NULL,
	    "runs of one tool: bk-dump" },
	{ OPT_STATUS, "status", "WORD", "success|failure",
	    "success or failure" },
	{ OPT_SINCE, "since", "TIME", NULL,
	    "the last 90m, 7d; or from 2026-11-21 02:00Z on" },
	{ OPT_TARGET, "target", "TEXT", NULL,
	    "runs with TEXT in source or destination" },
	{ OPT_JSON, "json", NULL, NULL, "print JSON, one object per line" },
	{ OPT_PROMETHEUS, "prometheus", "FILE", NULL,
	    "with --summary: also write metrics to FILE" },
	{ OPT_EXPECT, "expect", "HASH", NULL,
	    "with --verify: fail unless a line has this hash" },
	{ OPT_DRILL, "drill", "TIME", NULL,
	    "with --report: a restore test is due every TIME: 31d" },
	{ OPT_HTML, "html", NULL, NULL, "with --report: one HTML file" },
	{ OPT_TZ, "tz", "ZONE", NULL,
	    "with --report: time zone, Europe/Berlin (UTC)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-audit",
	.unrecorded = 1,
	.example = "bk-audit --status failure --since 7d /var/log/bk.log",
	.about =
"Reads the audit log: FILE (-: standard input), or else $BK_AUDIT_LOG, and "
"prints the runs, one per line.",
	.options = options,
	.operands =
"[FILE ...]",
	.exits =
"0 done, 1 failed, 2 usage error, 3 a line is damaged, 4 no such run",
};

static enum audit_status
parse_status(const char *s)
{
	if (strcmp(s, "success") == 0)
		return AUDIT_SUCCESS;
	if (strcmp(s, "failure") != 0)
		tool_usage("--status: '%s' is neither success nor failure",
		    s);
	return AUDIT_FAILURE;
}

/* An instant, or how long ago. */
static time_t
parse_since(const char *s)
{
	time_t now = time(NULL);
	struct bk_moment m;
	struct bk_err e = {0};
	uint64_t ago;

	if (strspn(s, "0123456789") == 4 && s[4] == '-') {
		if (bk_moment_parse(s, "--since", localtime_r, 0, &m, &e) ==
		    -1)
			tool_refuse(&e);
		return m.t;
	}
	ago = tool_duration(s, "--since");
	return ago < (uint64_t)now ? now - (time_t)ago : 0;
}

/* A month of the year, as two numbers; 0: it is none. */
static int
is_month(const char *s, unsigned *year, unsigned *month)
{
	static const char digits[] = "0123456789";

	if (strlen(s) != 7 || strspn(s, digits) != 4 || s[4] != '-' ||
	    strspn(s + 5, digits) != 2)
		return 0;
	*year = (unsigned)strtoul(s, NULL, 10);
	*month = (unsigned)strtoul(s + 5, NULL, 10);
	return *month >= 1 && *month <= 12;
}

static time_t
begin_of_month(unsigned year, unsigned month, bk_calendar_fn *wall)
{
	char text[32];
	struct bk_moment m;
	struct bk_err e = {0};

	(void)snprintf(text, sizeof(text), "%04u-%02u-01", year, month);
	if (bk_moment_parse(text, "--report", wall, 1, &m, &e) == -1)
		tool_refuse(&e);
	return m.t;
}

/* The period of the report: "2026-10", or the last "7d"; up to now. */
static void
parse_period(struct audit_options *o, const char *s, const char *zone)
{
	static char title[64];
	time_t now = time(NULL);
	unsigned year, month;
	uint64_t ago;

	o->wall = bk_utctime_civil;
	if (zone != NULL && strcmp(zone, "UTC") != 0) {
		zone_use(zone);
		o->wall = localtime_r;
	}
	o->to = now + 1;		/* of this second, too */
	if (!is_month(s, &year, &month)) {
		if (strchr(s, '-') != NULL)
			tool_usage("--report: '%s' is not a month; write it as "
			    "2026-10", s);
		ago = tool_duration(s, "--report");
		o->from = ago < (uint64_t)now ? now - (time_t)ago : 0;
		(void)snprintf(title, sizeof(title), "the last %s", s);
		o->title = title;
		return;
	}
	o->title = s;
	o->from = begin_of_month(year, month, o->wall);
	now = begin_of_month(year + month / 12, month % 12 + 1, o->wall);
	if (now < o->to)
		o->to = now;
}

static const char *
parse_hash(const char *s)
{
	if (strlen(s) != 64 || strspn(s, "0123456789abcdef") != 64)
		tool_usage("--expect: '%s' is not a hash of 64 hex digits", s);
	return s;
}

static uint64_t
parse_drill(const char *s)
{
	uint64_t every = tool_duration(s, "--drill");

	if (every == 0)
		tool_usage("--drill: a drill cannot be due every 0s");
	return every;
}

/* The command, an option; 0: print. */
static int
parse_options(struct audit_options *o, int argc, char *argv[])
{
	const char *period = NULL, *zone = NULL;
	int ch, command = 0;

	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case OPT_SUMMARY: case OPT_VERIFY: case OPT_FOLLOW:
		case OPT_RECORD: case OPT_REPORT:
			if (command != 0 && command != ch)
				tool_usage("only one of --summary, --report, "
				    "--verify, --follow and --record");
			command = ch;
			if (ch == OPT_REPORT)
				period = optarg;
			break;
		case OPT_PIPELINES: o->pipelines = 1; break;
		case OPT_OPERATION: o->operation = optarg; break;
		case OPT_STATUS: o->status = parse_status(optarg); break;
		case OPT_SINCE: o->since = parse_since(optarg); break;
		case OPT_TARGET: o->target = optarg; break;
		case OPT_JSON: o->json = 1; break;
		case OPT_PROMETHEUS: o->prometheus = optarg; break;
		case OPT_EXPECT: o->expect = parse_hash(optarg); break;
		case OPT_DRILL: o->drill = parse_drill(optarg); break;
		case OPT_HTML: o->html = 1; break;
		case OPT_TZ: zone = optarg; break;
		}
	if (period == NULL && (o->drill != 0 || o->html || zone != NULL))
		tool_usage("--drill, --html and --tz are for --report");
	if (period != NULL)
		parse_period(o, period, zone);
	return command;
}

static int
has_filter(const struct audit_options *o)
{
	return o->operation != NULL || o->target != NULL || o->since != 0 ||
	    o->status != AUDIT_ANY;
}

static void
check_options(const struct audit_options *o, int command)
{
	if (o->n == 0)
		tool_usage("no FILE given, and BK_AUDIT_LOG is not set");
	if ((command == OPT_FOLLOW || command == OPT_RECORD) && (o->n > 1 ||
	    strcmp(o->files[0], "-") == 0))
		tool_usage("--follow and --record take exactly one FILE");
	if ((command == OPT_VERIFY || command == OPT_RECORD ||
	    command == OPT_REPORT) && (has_filter(o) || o->json))
		tool_usage("--verify, --report and --record take no filter and "
		    "no --json");
	if (o->pipelines && command != 0 && command != OPT_SUMMARY)
		tool_usage("--pipelines is for the list and --summary");
	if (o->prometheus != NULL && command != OPT_SUMMARY)
		tool_usage("--prometheus is for --summary");
	if (o->expect != NULL && command != OPT_VERIFY)
		tool_usage("--expect is for --verify");
}

/* What ends the run must not end us: we end with our input. */
static int
record(const struct audit_options *o, struct bk_err *e)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	return bk_audit_append_run(o->files[0], e);
}

static void
narrow(const struct audit_options *o, int command)
{
	size_t i;

	if (command == OPT_RECORD) {
		bk_audit_look_up();
		narrow_write(o->files[0]);
	}
	for (i = 0; i < o->n && command != OPT_RECORD; i++)
		if (command == OPT_FOLLOW)
			narrow_read_around(o->files[i]);
		else
			narrow_read(o->files[i]);
	narrow_write(o->prometheus);
	tool_narrow();
}

int
main(int argc, char *argv[])
{
	const char *log = getenv("BK_AUDIT_LOG");
	struct audit_options o = {0};
	struct bk_err e = {0};
	int command, rc;

	tool_start(&tool);
	command = parse_options(&o, argc, argv);
	if (optind < argc) {
		o.files = (const char *const *)argv + optind;
		o.n = (size_t)(argc - optind);
	} else if (log != NULL && *log != '\0') {
		o.files = &log;
		o.n = 1;
	}
	check_options(&o, command);
	narrow(&o, command);

	switch (command) {
	case OPT_RECORD: rc = record(&o, &e); break;
	case OPT_VERIFY: rc = audit_verify(&o, &e); break;
	case OPT_REPORT: rc = audit_report(&o, &e); break;
	case OPT_SUMMARY: rc = audit_summary(&o, &e); break;
	default: rc = audit_list(&o, command == OPT_FOLLOW, &e);
	}
	return tool_end(rc, &e);
}
