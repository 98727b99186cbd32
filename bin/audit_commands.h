#ifndef BK_BIN_AUDIT_COMMANDS_H
#define BK_BIN_AUDIT_COMMANDS_H
/* bk-audit's commands.  Functions of type int return 0, or -1 with *e set. */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "audit/chain.h"
#include "audit/runs.h"
#include "base/err.h"
#include "policy/calendar.h"

#define AUDIT_NAMED_MAX 20	/* damaged lines; the others are counted */

enum audit_status { AUDIT_ANY, AUDIT_SUCCESS, AUDIT_FAILURE };

struct audit_options {
	const char *const *files;	/* n of them; "-": standard input */
	size_t n;
	const char *operation;		/* or NULL: any, as the next two */
	const char *target;		/* a part of source or destination */
	enum audit_status status;
	time_t since;			/* 0: all */
	int pipelines;			/* join the stages of each */
	int json;
	const char *prometheus;		/* a file, or NULL */
	const char *expect;		/* a hash, or NULL */
	const char *title;		/* of the report: its period */
	time_t from, to;		/* the period; to is after it */
	uint64_t drill;			/* seconds; 0: not asked */
	bk_calendar_fn *wall;		/* of the report's times */
	int html;
};

/*
 * Call each for every selected run, file by file; with o->pipelines for the
 * joined runs of all files.  A malformed line is reported on stderr and
 * skipped; BK_DATA at the end if there was one, BK_NONE if there was no run.
 */
int audit_each(const struct audit_options *o, int (*each)(void *arg,
    const struct bk_run *r, struct bk_err *e), void *arg, struct bk_err *e);

/* Print the runs; with follow, of the one file, then wait for new ones. */
int audit_list(const struct audit_options *o, int follow, struct bk_err *e);

/* Print a line for each operation and target; write o->prometheus, if set. */
int audit_summary(const struct audit_options *o, struct bk_err *e);

/* Check the hash chains.  BK_DATA: one is broken, its lines were reported. */
int audit_verify(const struct audit_options *o, struct bk_err *e);

/*
 * Print the report of a period.  BK_DATA: a chain is broken, as above, or a
 * line is no audit line, and the report says so; BK_NONE: no line.
 */
int audit_report(const struct audit_options *o, struct bk_err *e);

struct audit_checked {		/* start with = {0} */
	size_t bad;		/* lines that break a chain, of all logs */
	struct bk_chain chain;	/* of the last log */
	size_t broken;		/* lines that break it */
	char reason[256];	/* the first of them: "line 3: edited" */
};

/*
 * Check the chain of one log, report each line that breaks it on stderr, and
 * call each() for every line that can be read, after it was checked.
 */
int audit_check(const char *path, struct audit_checked *c,
    int (*each)(void *arg, const char *line, size_t n, struct bk_err *e),
    void *arg, struct bk_err *e);

/* BK_DATA if lines break a chain. */
int audit_checked(const struct audit_checked *c, struct bk_err *e);

#endif
