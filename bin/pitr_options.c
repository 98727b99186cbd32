#include "pitr_options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "recovery/wal_check.h"

extern char **environ;

#define SPOOL_SIZE ((uint64_t)1 << 30)

enum { WAL = TOOL_OPT_TOOL, TARGET, TIMELINE, MAP, INCREMENTAL, START, PAUSE,
	ARCHIVE, SET, DRY_RUN, DELTA, SPOOL_DIR, SPOOL_BYTES };

const struct tool_opt pitr_options[] = {
	{ 'D', "pgdata", "DIR", NULL,
	    "the data directory, empty or absent" },
	{ TARGET, "target", "TARGET", NULL, "where recovery ends" },
	{ WAL, "wal", "COMMAND", NULL,
	    "writes the WAL file $BK_WAL_NAME; exits 4 if none" },
	{ TIMELINE, "timeline", "latest|current|N", "latest|current",
	    "the timeline to follow (latest)" },
	{ INCREMENTAL, "incremental", "COMMAND", NULL,
	    "writes the next increment (repeat; oldest first)" },
	{ MAP, "map", "OLD=NEW", NULL, "put tablespace OLD into NEW (repeat)" },
	{ START, "start", NULL, NULL,
	    "start the server and wait for the target" },
	{ SET, "set", "NAME=VALUE", NULL,
	    "set this for the server: port=5433 (repeat)" },
	{ PAUSE, "pause", NULL, NULL,
	    "pause at the target, do not promote" },
	{ ARCHIVE, "archive", NULL, NULL, "leave archive_mode on" },
	{ DELTA, "delta", NULL, NULL, "reuse unchanged files in DIR" },
	{ DRY_RUN, "dry-run", NULL, NULL,
	    "check everything, write nothing" },
	{ SPOOL_DIR, "spool", "DIR", NULL, "keep the proven WAL in DIR" },
	{ SPOOL_BYTES, "spool-size", "SIZE", NULL,
	    "keep at most this much of it (1G)" },
	{ 'j', "jobs", "N", NULL, "threads, and COMMANDs at once" },
	TOOL_OPTIONS_QUIET,
	TOOL_OPTIONS
};

/* OLD=NEW, both absolute; a '=' in OLD is written "\\=". */
static void
add_map(struct pitr_options *o, char *arg)
{
	char *in = arg, *out = arg;

	if (o->nmap == PITR_LISTS_MAX)
		tool_usage("--map: more than %d", PITR_LISTS_MAX);
	o->map[o->nmap].from = arg;
	for (; *in != '\0' && *in != '='; *out++ = *in++)
		if (in[0] == '\\' && in[1] == '=')
			in++;
	if (*in != '=' || *arg != '/' || in[1] != '/')
		tool_usage("--map %s: not OLD=NEW with absolute paths", arg);
	*out = '\0';
	o->map[o->nmap++].to = in + 1;
}

static void
add_increment(struct pitr_options *o, char *command, atomic_int *child)
{
	static char names[PITR_LISTS_MAX][32];

	if (o->ninputs > PITR_LISTS_MAX)
		tool_usage("--incremental: more than %d", PITR_LISTS_MAX);
	(void)snprintf(names[o->ninputs - 1], sizeof(names[0]), "increment %zu",
	    o->ninputs);
	o->input[o->ninputs] = (struct pitr_input){ .command = command,
	    .name = names[o->ninputs - 1], .env = environ, .watch = child };
	o->ninputs++;
}

/* A setting's name, as in postgresql.conf, and any value. */
static void
add_setting(struct pitr_options *o, const char *arg)
{
	size_t n = strspn(arg, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");

	if (n == 0 || n > 63 || arg[n] != '=')
		tool_usage("--set %s: not NAME=VALUE", arg);
	if (o->nset == PITR_LISTS_MAX)
		tool_usage("--set: more than %d", PITR_LISTS_MAX);
	o->set[o->nset++] = arg;
}

static uint32_t
parse_timeline(const char *arg)
{
	if (strcmp(arg, "latest") == 0)
		return BK_PROVE_LATEST;
	if (strcmp(arg, "current") == 0)
		return BK_PROVE_CURRENT;
	return (uint32_t)tool_number(arg, 1, UINT32_MAX - 1, "--timeline");
}

static void
parse_size(const char *arg, uint64_t *bytes)
{
	struct bk_err e = {0};

	if (bk_size_parse(arg, "--spool-size", bytes, &e) == -1)
		tool_refuse(&e);
}

static void
parse(struct pitr_options *o, int argc, char *argv[], atomic_int *child)
{
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case 'D': o->dir = optarg; break;
		case WAL: o->wal = optarg; break;
		case TARGET: o->target_arg = optarg; break;
		case TIMELINE: o->timeline = parse_timeline(optarg); break;
		case MAP: add_map(o, optarg); break;
		case INCREMENTAL: add_increment(o, optarg, child); break;
		case START: o->start = 1; break;
		case PAUSE: o->pause = 1; break;
		case ARCHIVE: o->archive = 1; break;
		case SET: add_setting(o, optarg); break;
		case DRY_RUN: o->dry_run = 1; break;
		case DELTA: o->delta = 1; break;
		case 'j': o->jobs = optarg; break;
		case SPOOL_DIR: o->spool = optarg; break;
		case SPOOL_BYTES: parse_size(optarg, &o->spool_size); break;
		case 'q': o->verbosity = -1; break;
		case 'v': o->verbosity = 1; break;
		}
	if (optind < argc)
		tool_usage("%s: the base backup is standard input",
		    argv[optind]);
}

static void
check_options(struct pitr_options *o)
{
	struct bk_err e = {0};
	char text[BK_TARGET_TIME_TEXT];

	if (o->dir == NULL || *o->dir == '\0')
		tool_usage("no -D DIR given");
	if (o->target_arg == NULL)
		tool_usage("no --target given; the newest state is "
		    "--target latest");
	if (bk_recovery_target_parse(o->target_arg, &o->target, &e) == -1)
		tool_usage("--target: %s", e.msg);
	if (o->target.kind == BK_TARGET_TIME &&
	    o->target.time / 1000000 > time(NULL) + 60) {
		bk_recovery_target_time(o->target.time, text);
		tool_usage("--target: %s has not come yet; the newest state "
		    "is latest", text);
	}
	if (o->wal == NULL && o->spool != NULL)
		tool_usage("--spool: without --wal there is nothing to keep");
	if (o->delta && o->ninputs > 1)
		tool_usage("--delta: not with --incremental");
	o->njobs = tool_jobs(o->jobs, 8);
}

void
pitr_parse_options(struct pitr_options *o, int argc, char *argv[],
    atomic_int *child)
{
	*o = (struct pitr_options){ .spool_size = SPOOL_SIZE, .ninputs = 1,
		.input = { { .name = PITR_INPUT } } };
	parse(o, argc, argv, child);
	check_options(o);
}
