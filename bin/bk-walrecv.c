/* bk-walrecv: receive WAL, hand it over by segments, see bk-walrecv(1) */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "replication/slot.h"
#include "stream/textfile.h"
#include "tool/ca_file.h"
#include "tool/signals.h"
#include "tool/tool.h"
#include "wal/receive.h"
#include "wal/receive_metrics.h"

extern char **environ;

enum { SLOT = TOOL_OPT_TOOL, SPOOL, MAX_AGE, FLUSH, TIMEOUT, PROMETHEUS };

static const struct tool_opt options[] = {
	{ 'j', "jobs", "N", NULL,
	    "so many COMMANDs at once (default: 2, or BK_JOBS)" },
	{ SLOT, "slot", "SLOT", NULL,
	    "have the server keep WAL until it is safe" },
	{ SPOOL, "spool", "DIR", NULL,
	    "sync WAL there first and confirm that at once" },
	{ MAX_AGE, "max-age", "TIME", NULL,
	    "hand over an unfinished segment as NAME.partial" },
	{ FLUSH, "flush", NULL, NULL,
	    "hand over all that is in the spool, and end" },
	{ TIMEOUT, "timeout", "TIME", NULL,
	    "end a COMMAND that takes longer, and run it again" },
	{ PROMETHEUS, "prometheus", "FILE", NULL,
	    "write metrics to FILE every 10 seconds" },
	TOOL_OPTIONS_DBNAME,
	TOOL_OPTIONS_SERVER,
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-walrecv",
	.example =
"bk-walrecv --slot bk --max-age 60s 'bk-gz | bk-crypt |\n"
"             bk-s3put s3://b/wal/$BK_WAL_NAME'",
	.about =
"Receives WAL from a server until it is stopped, and runs COMMAND for each "
"segment: sealed on standard input, its name in BK_WAL_NAME.  A COMMAND that "
"is one word goes to sh.  Connects as psql does, as a role with REPLICATION",
	.options = options,
	.settings = TOOL_SETTINGS_SERVER "BK_JOBS",
	.operands = "[--] COMMAND [ARG ...]",
	.order = "+",		/* what follows COMMAND is the COMMAND's */
	.exits =
"1 failed, 2 usage error, 3 another cluster, or WAL is lost, 5 spool in use",
};

static const char *metrics_file;	/* --prometheus; NULL: none */
static int flush;			/* --flush */

static void
say(const char *text)
{
	tool_say("%s", text);
}

/* Metrics that cannot be written do not stop WAL. */
static void
report(const struct bk_receive_state *s)
{
	static int failing;
	struct bk_buf text = {0};
	struct bk_err e = {0};
	int rc;

	tool_audit()->size_bytes = s->bytes;
	if (metrics_file == NULL || *s->host == '\0')
		return;
	if ((rc = bk_receive_metrics(s, time(NULL), &text, &e)) == 0)
		rc = bk_textfile_store(metrics_file, &text, &e);
	if (rc == -1 && !failing)
		tool_say("%s", e.msg);
	failing = rc == -1;
	bk_buf_free(&text);
}

static const char *
parse_slot(const char *arg)
{
	if (!bk_repl_slot_named(arg))
		tool_usage("--slot: a-z, 0-9 and _, at most 63 characters, "
		    "not \"%s\"", arg);
	return arg;
}

/* At least a second. */
static uint64_t
parse_time(const char *arg, const char *label)
{
	uint64_t seconds = tool_duration(arg, label);

	if (seconds == 0)
		tool_usage("%s: at least 1s", label);
	return seconds;
}

static void
parse_options(struct bk_receive_options *o, int argc, char *argv[])
{
	struct bk_conn_target *t = &o->target;
	const char *jobs = NULL;
	int ch;

	t->ca_file = ca_file_postgres();
	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case 'j': jobs = optarg; break;
		case SLOT: o->slot = parse_slot(optarg); break;
		case SPOOL: o->spool = optarg; break;
		case MAX_AGE: o->max_age = parse_time(optarg, "--max-age");
			break;
		case FLUSH: flush = 1; break;
		case TIMEOUT: o->timeout = parse_time(optarg, "--timeout");
			break;
		case PROMETHEUS: metrics_file = optarg; break;
		case 'd': t->db = optarg; break;
		case 'h': t->host = optarg; break;
		case 'p': t->port = optarg; break;
		case 'U': t->user = optarg; break;
		case 'w': break;	/* never prompts anyway */
		}
	if (flush && o->spool == NULL)
		tool_usage("--flush: without --spool there is nothing to hand "
		    "over");
	if (optind == argc)
		tool_usage("no COMMAND given");
	if (argv[optind][strspn(argv[optind], " \t\n")] == '\0')
		tool_usage("COMMAND is empty");
	o->jobs = tool_jobs(jobs, 2);
}

/* What the command line does not set. */
static void
set_defaults(struct bk_receive_options *o)
{
	struct bk_conn_target *t = &o->target;

	t->url = tool_database_url("", t->host);
	/* the name by which synchronous_standby_names knows us */
	t->app = o->slot != NULL ? o->slot : tool.name;
	if (tool_env("PGCONNECT_TIMEOUT") == NULL)
		t->connect_timeout = "10";
	if ((o->tmpdir = tool_env("TMPDIR")) == NULL)
		o->tmpdir = "/tmp";
	o->say = say;
	o->report = report;
}

int
main(int argc, char *argv[])
{
	static struct bk_receive_options o;
	struct bk_wal_command command;
	struct bk_err e = {0};
	int rc = -1, status;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	set_defaults(&o);
	bk_wal_command_init(&command, argv + optind, environ);
	tool_run("receive", o.slot, argv[optind]);

	if ((o.stop = signals_stop_fd(&e)) != -1) {
		o.command = &command;
		rc = flush ? bk_receive_flush(&o, &e) :
		    bk_receive_run(&o, &e);
	}
	status = tool_end(rc, &e);
	if (rc == 0 && !flush)	/* it was told to stop */
		signals_end();
	return status;
}
