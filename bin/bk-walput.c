/* bk-walput: archive_command by a command of yours, see bk-walput(1) */
#include <string.h>
#include <unistd.h>

#include "stream/seal.h"
#include "tool/signals.h"
#include "tool/tool.h"
#include "wal/put.h"
#include "walfile/segment.h"

#define CONTROL "global/pg_control"
#define JOBS 8			/* without -j and BK_JOBS, at most */

extern char **environ;

enum { SPOOL = TOOL_OPT_TOOL };

static const struct tool_opt options[] = {
	{ SPOOL, "spool", "DIR", NULL,
	    "store what else is ready meanwhile, and remember it in DIR until "
	    "PostgreSQL asks for it" },
	{ 'j', "jobs", "N", NULL,
	    "with --spool, so many COMMANDs at once (processors, <= 8)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-walput",
	.example =
"archive_command =\n"
"    'bk-walput %p -- ''bk-gz | bk-crypt | bk-s3put s3://b/wal/$BK_WAL_NAME'''",
	.about =
"Stores the WAL file PATH (%p of archive_command) by COMMAND, which reads it, "
"sealed, as standard input; BK_WAL_NAME is its name.  A single word is run by "
"/bin/sh -c.  0 only when COMMAND has read all and exited with 0.",
	.options = options,
	.settings = "BK_JOBS",
	.operands = "PATH -- COMMAND [ARGUMENT ...]",
	.order = "-",	/* options may follow PATH, but not "--" */
	.exits =
"0 stored, now or before; else PostgreSQL keeps the file and tries again: "
"1 failed, 2 usage error, 3 not what its name says, 5 spool in use",
};

static struct bk_wal_put *put;		/* for cleanup() */

static void
cleanup(void)
{
	if (put != NULL)
		bk_wal_put_stop(put);
}

/* It is run for other files too: what %f became in it would be wrong then. */
static void
check_command(char *words[], const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	for (; *words != NULL; words++)
		if (strstr(*words, name) != NULL)
			tool_usage("%s: COMMAND names one file; with --spool "
			    "write $BK_WAL_NAME for %%f", name);
}

/* Sets *path; returns the COMMAND. */
static char **
parse_options(struct bk_wal_put_options *o, const char **path, int argc,
    char *argv[])
{
	const char *jobs = NULL;
	int ch;

	*path = NULL;
	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case SPOOL: o->spool = optarg; break;
		case 'j': jobs = optarg; break;
		case 1:
			if (*path != NULL)
				tool_usage("%s: put -- before COMMAND", optarg);
			*path = optarg;
			break;
		}
	}
	if (*path == NULL)
		tool_usage("no PATH given");
	if (optind == argc)
		tool_usage("no COMMAND given");
	if (jobs != NULL && o->spool == NULL)
		tool_usage("-j is of use with --spool only");
	o->jobs = tool_jobs(jobs, JOBS);
	if (o->spool != NULL)
		check_command(argv + optind, *path);
	return argv + optind;
}

/* The cluster's, if we run where archive_command does. */
static int
find_sysid(const char *path, char sysid[BK_WAL_SYSID], struct bk_err *e)
{
	*sysid = '\0';
	return *path == '/' || access(CONTROL, F_OK) == -1 ? 0 :
	    bk_wal_control_sysid(CONTROL, sysid, e);
}

int
main(int argc, char *argv[])
{
	char host[256] = "", sysid[BK_WAL_SYSID], run[BK_LABEL_RUN];
	struct bk_wal_put_options o = { .host = host, .sysid = sysid,
		.run = run };
	struct bk_wal_command command;
	struct bk_err e = {0};
	const char *path;
	int rc = -1;

	tool_start(&tool);
	bk_wal_command_init(&command, parse_options(&o, &path, argc, argv),
	    environ);
	o.command = &command;
	tool_run("archive", path, argv[argc - 1]);

	signals_catch(cleanup);
	(void)gethostname(host, sizeof(host) - 1);
	if (find_sysid(path, sysid, &e) == 0 && bk_label_run(run, &e) == 0) {
		tool_run_id(run);
		put = bk_wal_put_open(&o, &e);
	}
	if (put != NULL)
		rc = bk_wal_put(put, path, &e);
	signals_check();	/* do not report a COMMAND stopped by us */
	if (rc == 0 && bk_wal_put_unrecorded(put) != NULL)
		tool_say("%s; what is stored will be sent again",
		    bk_wal_put_unrecorded(put)->msg);
	if (rc == 0 && bk_wal_put_second(put) != NULL)
		tool_say("%s", bk_wal_put_second(put));
	signals_catch(NULL);
	bk_wal_put_free(put);
	return tool_end(rc, &e);
}
