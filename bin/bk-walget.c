/* bk-walget: restore_command by a command of yours, see bk-walget(1) */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/utctime.h"
#include "tool/signals.h"
#include "tool/tool.h"
#include "wal/get.h"
#include "walfile/segment.h"
#include "walfile/segment_check.h"

extern char **environ;

#define CONTROL "global/pg_control"
#define HISTORIES "pg_wal"
#define STANDBY "standby.signal"
#define LOCK ".bk-walget.lock"
#define JOBS 8			/* without -j and BK_JOBS, at most */
#define AHEAD 32		/* segments */
#define AHEAD_MAX 4096
#define PAUSE_MAX 30		/* seconds between two tries */

/*
 * How PostgreSQL reads an exit status: 1 to 125 is "not in the archive", at
 * which recovery ends; above that, recovery is aborted.
 */
enum { THERE = 0, ABSENT = 1, ABORT = 255 };

enum { SPOOL = TOOL_OPT_TOOL, AHEAD_OPT, RETRY_FOR };

static const struct tool_opt options[] = {
	{ SPOOL, "spool", "DIR", NULL,
	    "fetch what comes next into DIR meanwhile" },
	{ AHEAD_OPT, "ahead", "N", NULL, "so many segments at most (32)" },
	{ 'j', "jobs", "N", NULL,
	    "so many COMMANDs at once (processors, at most 8)" },
	{ RETRY_FOR, "retry-for", "TIME", NULL,
	    "try again so long before recovery is aborted (0s)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-walget",
	.usage_status = ABORT,
	.example =
"restore_command = 'bk-walget %f %p --\n"
"    ''bk-s3get s3://b/wal/$BK_WAL_NAME | bk-crypt -d | bk-gz -d'''",
	.about =
"Gets the WAL file NAME as PATH (%f %p of restore_command) from COMMAND, which "
"writes it to standard output, or exits with 4 if it is not there; BK_WAL_NAME "
"is its name.  A single word is run by /bin/sh -c.",
	.options = options,
	.settings = "BK_JOBS",
	.operands = "NAME PATH -- COMMAND [ARGUMENT ...]",
	.order = "-",	/* options may follow PATH, but not "--" */
	.exits =
"0 there, 1 proven not to be, 255 anything else: recovery is aborted",
};

static struct bk_wal_get *get;		/* for cleanup() */

static void
cleanup(void)
{
	if (get != NULL)
		bk_wal_get_stop(get);
}

struct arguments {
	struct bk_wal_get_options get;
	struct bk_wal_command command;
	const char *name, *path;
	uint64_t retry_for;		/* seconds */
};

static void
take_operand(struct arguments *a, const char *s)
{
	if (a->name == NULL)
		a->name = s;
	else if (a->path == NULL)
		a->path = s;
	else if (bk_wal_file_kind(s) == BK_WAL_FILE_OTHER)
		tool_usage("%s: put -- before COMMAND", s);
	/* else it is %r, which is of no use here */
}

/* It is run for other files too: what %f became in it would be wrong then. */
static void
check_command(char *words[], const char *name)
{
	for (; *words != NULL; words++)
		if (strstr(*words, name) != NULL)
			tool_usage("%s: COMMAND names one file; with --spool "
			    "write $BK_WAL_NAME for %%f", name);
}

/* Returns the COMMAND. */
static char **
parse_options(struct arguments *a, int argc, char *argv[])
{
	const char *jobs = NULL;
	int ch;

	a->get.ahead = AHEAD;
	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case SPOOL: a->get.spool = optarg; break;
		case AHEAD_OPT:
			a->get.ahead = (unsigned)tool_number(optarg, 0,
			    AHEAD_MAX, "--ahead");
			break;
		case 'j': jobs = optarg; break;
		case RETRY_FOR:
			a->retry_for = tool_duration(optarg, "--retry-for");
			break;
		case 1: take_operand(a, optarg); break;
		}
	}
	if (a->path == NULL)
		tool_usage("give NAME and PATH");
	if (optind == argc)
		tool_usage("no COMMAND given");
	if (bk_wal_file_kind(a->name) == BK_WAL_FILE_OTHER)
		tool_usage("%s: not the name of a WAL file", a->name);
	a->get.jobs = tool_jobs(jobs, JOBS);
	if (a->get.spool != NULL)
		check_command(argv + optind, a->name);
	return argv + optind;
}

/* Wait before another try; 0: the time is up. */
static int
wait_again(double end, unsigned *pause, const struct bk_err *e)
{
	struct timespec t = { .tv_sec = *pause };

	if (bk_monotonic() + *pause > end)
		return 0;
	tool_say("%s; trying again", e->msg);
	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		;
	*pause = *pause < PAUSE_MAX / 2 ? 2 * *pause : PAUSE_MAX;
	return 1;
}

/* As bk_wal_get(), but a failure is tried again for a while. */
static int
get_file(const struct arguments *a, struct bk_err *e)
{
	double end = bk_monotonic() + (double)a->retry_for;
	unsigned pause = 1;
	int rc;

	for (;;) {
		rc = bk_wal_get(get, a->name, a->path, e);
		signals_check();	/* a COMMAND that we have stopped */
		/* what is stored there will be the same next time */
		if (rc != -1 || e->code == BK_DATA ||
		    !wait_again(end, &pause, e))
			return rc;
		*e = (struct bk_err){0};
	}
}

/* Only one process fetches ahead into a spool. */
static int
lock_spool(const char *spool)
{
	struct bk_buf path = {0};
	struct bk_err ignored = {0};
	int fd = -1;

	if (bk_buf_printf(&path, &ignored, "%s/" LOCK, spool) == 0)
		fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	bk_buf_free(&path);
	return fd == -1 ? -1 : bk_io_lock(fd, LOCK_EX | LOCK_NB);
}

/* What the process that fetches ahead is told when there is something. */
struct order {
	uint64_t segment;	/* bytes of one */
	char sysid[BK_WAL_SYSID];
};

/* In the child: let go of all that is the server's, fetch, end. */
_Noreturn static void
fetch_ahead(struct arguments *a, int from)
{
	struct bk_err ignored = {0};
	struct bk_wal_get *g;
	struct order order;
	int null;

	if (bk_io_read(from, &order, sizeof(order), "pipe", &ignored) !=
	    (ssize_t)sizeof(order))
		_exit(1);	/* the file was not there */
	a->get.segment = order.segment;
	a->get.sysid = order.sysid;
	(void)setsid();
	bk_io_close_from(STDERR_FILENO + 1);
	null = open("/dev/null", O_RDWR);
	if (dup2(null, STDIN_FILENO) == -1 || dup2(null, STDOUT_FILENO) == -1 ||
	    dup2(null, STDERR_FILENO) == -1 || lock_spool(a->get.spool) == -1)
		_exit(1);
	if ((g = bk_wal_get_open(&a->get, &ignored)) == NULL)
		_exit(1);
	bk_wal_get_ahead(g, a->name);
	bk_wal_get_settle(g);
	_exit(0);
}

/*
 * A process of its own, for the next segments.  It is made before the first
 * thread, as what a fork copies of a lock is held for ever, and waits for its
 * order; without one it ends with us.  Nobody waits for it: it ends by itself,
 * when they are there or one is not to be had.  Returns where to send the
 * order; -1: nowhere.
 */
static int
prepare_ahead(struct arguments *a)
{
	struct bk_err ignored = {0};
	int p[2];

	if (a->get.spool == NULL || a->get.ahead == 0 ||
	    bk_io_pipe(p, &ignored) == -1)
		return -1;
	switch (fork()) {
	case -1:
		close(p[1]);
		p[1] = -1;
		break;
	case 0:
		close(p[1]);
		fetch_ahead(a, p[0]);
	}
	close(p[0]);
	return p[1];
}

static void
start_ahead(const char *sysid, int to)
{
	struct order order = { .segment = bk_wal_get_segment(get) };
	struct bk_err ignored = {0};

	memcpy(order.sysid, sysid, sizeof(order.sysid));
	if (order.segment != 0)
		(void)bk_io_write(to, &order, sizeof(order), "pipe", &ignored);
}

int
main(int argc, char *argv[])
{
	struct arguments a = { .name = NULL };
	char sysid[BK_WAL_SYSID] = "";
	struct bk_err e = {0};
	int rc = -1, ahead;

	tool_start(&tool);
	bk_wal_command_init(&a.command, parse_options(&a, argc, argv), environ);
	a.get.command = &a.command;
	a.get.check = bk_whole_segment_check;
	a.get.follows = access(STANDBY, F_OK) == 0;
	a.get.holes = !a.get.follows;
	/* the server's, if we run where restore_command does */
	if (*a.path != '/' && access(CONTROL, F_OK) == 0) {
		a.get.histories = HISTORIES;
		a.get.control = CONTROL;
	}
	a.get.sysid = sysid;
	ahead = prepare_ahead(&a);
	tool_run("fetch", a.name, a.path);

	signals_catch(cleanup);
	if (a.get.histories == NULL ||
	    bk_wal_control_sysid(CONTROL, sysid, &e) == 0)
		get = bk_wal_get_open(&a.get, &e);
	if (get != NULL)
		rc = get_file(&a, &e);
	if (rc > 0 && ahead != -1)
		start_ahead(sysid, ahead);
	signals_catch(NULL);
	bk_wal_get_free(get);
	/* nothing but what is proven may end recovery */
	if (tool_end(rc == -1 ? -1 : 0, &e) != BK_OK)
		return ABORT;
	return rc > 0 ? THERE : ABSENT;
}
