#ifndef BK_BIN_AUDIT_COMMANDS_H
#define BK_BIN_AUDIT_COMMANDS_H
/* bk-audit's commands.  Functions of type int return 0, or -1 with *e set. */
#include <stddef.h>
#include <time.h>

#include "audit/runs.h"
#include "base/err.h"

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

#endif
