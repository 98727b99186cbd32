#ifndef BK_BIN_TOOL_H
#define BK_BIN_TOOL_H
/*
 * What every tool's main() does alike: the name before messages, --help and
 * --version, the usage line, the one place that prints a failure, the end.
 * Everything here may print and exit; lib may not.
 */
#include <stddef.h>
#include <stdint.h>

#include "audit/format.h"
#include "base/err.h"
#include "base/progress.h"

struct tool {
	const char *name;	/* "bk-gz" */
	const char *usage;	/* behind "usage: bk-gz ", one line */
	const char *help;	/* --help's text, begins with an example */
	int usage_status;	/* exit status of a usage error; 0: BK_USAGE */
	int unrecorded;		/* its runs are none for the audit log */
};

/* Values for long options that every tool has, for getopt_long's table. */
enum { TOOL_OPT_HELP = 0x1000, TOOL_OPT_VERSION,
	TOOL_OPT_TOOL /* first own one */ };
#define TOOL_LONGOPTS \
	{ "help", no_argument, NULL, TOOL_OPT_HELP }, \
	{ "version", no_argument, NULL, TOOL_OPT_VERSION }

/*
 * First thing in main().  SIGPIPE and SIGXFSZ do nothing here: a reader that
 * left shows as EPIPE, which ends the tool with 1 and without a word, a limit
 * on files as EFBIG.  Commands that we run have them, and SIGCHLD, at their
 * defaults.  Descriptors 0, 1 and 2 are open from here on, if only to fail.
 */
void tool_start(const struct tool *tool);

/*
 * getopt_long's default case: prints --help or --version and exits 0; for
 * anything else prints the usage line and exits 2.
 */
_Noreturn void tool_option(int ch);

/* A usage error: says why (a sentence, or NULL), the usage line, exits 2. */
_Noreturn void tool_usage(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * What the option or variable called what says, as base/num.h has it; anything
 * else is a usage error.
 */
uint64_t tool_number(const char *s, uint64_t min, uint64_t max,
    const char *what);
uint64_t tool_duration(const char *s, const char *what);

/*
 * How many threads or connections: -j's argument, where that is NULL $BK_JOBS,
 * and without it as many as there are processors, cpus_max at most.
 */
#define TOOL_JOBS_MAX 256
unsigned tool_jobs(const char *option, unsigned cpus_max);

/* The variable name, which is not set if it is empty: NULL. */
char *tool_env(const char *name);

/* A word to the user on stderr, with the tool's name before it. */
void tool_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The call was right and the run begins: what it does ("dump"), from where and
 * to where, NULL if that is not known yet; the strings are borrowed until
 * tool_end().  With BK_AUDIT_LOG set a run that has begun leaves a line in
 * that log, whatever ends it.  Behind the options, before the first thread
 * and what signals.h has.
 */
void tool_run(const char *type, const char *source,
    const char *destination);

/* This run's audit record: fill in what tool_run() could not, size_bytes. */
struct bk_audit *tool_audit(void);

/*
 * Show p on stderr from here to tool_end(), see progress_line.h; verbosity is
 * -1 (-q), 0 or 1 (-v).
 */
void tool_progress(const struct bk_progress *p, int verbosity);

/*
 * Last thing in main(): return tool_end(rc, &e).  If rc is not 0 prints
 * e's message; sees to the audit line; returns the exit status.  From here on
 * signals end nothing.
 */
int tool_end(int rc, struct bk_err *e);

#endif
