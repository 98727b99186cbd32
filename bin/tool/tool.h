#ifndef BK_BIN_TOOL_TOOL_H
#define BK_BIN_TOOL_TOOL_H
/*
 * What every tool's main() has in common: the name before messages, --help and
 * --version, the usage line, the one place that prints a failure, the end.
 * Everything here may print and exit; lib may not.
 */
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>		/* optarg and optind, for tool_getopt() */

#include "audit/format.h"
#include "base/err.h"
#include "base/progress.h"
#include "tool/tool_options.h"

/*
 * First call in main().  SIGPIPE and SIGXFSZ do nothing here: a closed pipe
 * shows as EPIPE, which ends the tool with 1 and without a message, a file size
 * limit as EFBIG.  Commands that we run have them, and SIGCHLD, at their
 * defaults.  From here on descriptors 0, 1 and 2 are open, if only to fail.
 */
void tool_start(const struct tool *tool);

/*
 * The next option's key, its argument in optarg; -1: no more.  --help and
 * --version print and exit 0, an option that is not in the table is a usage
 * error.
 */
int tool_getopt(int argc, char *argv[]);

/* The row of what tool_getopt() returned last. */
const struct tool_opt *tool_opt(void);

/*
 * A usage error: prints the reason, a sentence, and the usage line, exits with
 * usage_status.
 */
_Noreturn void tool_usage(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * What lib has said of the arguments, *e: a usage error, or a failure that they
 * are not to blame for.  Ends the tool, with usage_status if that is set.
 */
_Noreturn void tool_refuse(struct bk_err *e);
_Noreturn void tool_no_memory(void);

/*
 * The value s of the option or variable label, in the syntax of base/num.h;
 * anything else is a usage error.
 */
uint64_t tool_number(const char *s, uint64_t min, uint64_t max,
    const char *label);
uint64_t tool_duration(const char *s, const char *label);

/*
 * DATABASE_URL, for a database that is named db (NULL: by nothing else) on a
 * server that no option (host) and no variable of libpq names; else NULL.
 */
const char *tool_database_url(const char *db, const char *host);

/*
 * The number of threads or connections: -j's argument, if NULL $BK_JOBS, and
 * without that the number of processors, at most cpus_max.  At most
 * TOOL_JOBS_MAX.
 */
#define TOOL_JOBS_MAX 256
unsigned tool_jobs(const char *option, unsigned cpus_max);

/* The environment variable name; NULL if unset or empty. */
char *tool_env(const char *name);

/*
 * The same of one that demands something, so that an empty value, which would
 * demand nothing, is a wrong call.
 */
char *tool_env_demand(const char *name);

/* Keep the audit log open, as soon nothing can be opened. */
void tool_reserve_log(void);

/* BK_STATUS_FD's descriptor; -1: none. */
int tool_status_fd(void);

/*
 * Report on BK_STATUS_FD that a .partial was not stored, as another one with
 * this label has its name: *e is quiet then.  Without wal in it, that was not
 * the cause, and nothing is done.
 */
struct bk_label;
void tool_held(const struct bk_label *stored, struct bk_err *e);

/* Print a message on stderr, after the tool's name. */
void tool_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Say, once, that a server is of a major version that we do not know, where we
 * go on nevertheless.
 */
void tool_younger(int major);

/*
 * The arguments are valid and the run begins: its operation ("dump"), source
 * and destination, NULL if not known yet; borrowed until tool_end().  With
 * BK_AUDIT_LOG set, a run that has begun leaves a line in that log, however it
 * ends.  Call after parsing the options, before the first thread and any
 * function of signals.h.
 */
void tool_run(const char *type, const char *source,
    const char *destination);

/*
 * The stream's label is known: its run is that of this pipeline (a stage from
 * the dump to the store), or made the backup that this run reads back; "":
 * there is none.
 */
void tool_run_id(const char *run);
void tool_backup_id(const char *run);

/* This run's audit record: fill in what tool_run() could not, size_bytes. */
struct bk_audit *tool_audit(void);

/*
 * Report on BK_STATUS_FD that the sink of this number failed, and that there
 * are enough others.
 */
void tool_spared(unsigned sink);

/*
 * The run will have done what it was asked to, and found that all is not well:
 * BK_STATUS_FD reports that as a failure, text, which is borrowed until
 * tool_end().
 */
void tool_found(const char *text);

/*
 * Show p on stderr until tool_end(), see progress_line.h; verbosity is -1 (-q),
 * 0 or 1 (-v).
 */
void tool_progress(const struct bk_progress *p, int verbosity);

/*
 * Last call in main(): return tool_end(rc, &e).  Prints e's message if rc is
 * not 0, reports the status to BK_STATUS_FD, has the audit line written,
 * returns the exit status.  From here on signals end nothing.
 */
int tool_end(int rc, struct bk_err *e);

#endif
