#ifndef BK_BIN_RUN_EACH_H
#define BK_BIN_RUN_EACH_H
/* A job for each database of a server, by runs of bk-run. */
#include "base/buf.h"
#include "base/err.h"
#include "tool/run_env.h"

struct run_each {
	char *const *argv;	/* bk-run's own, for one database: "bk-run",
				 * ..., "JOB@NAME", assignments; and NULL */
	char *const *only;	/* patterns, ended by NULL; none: all */
	char *const *exclude;
	unsigned jobs;		/* so many at once */
	const struct run_env *env;	/* of the job: where the server is */
	int stop;		/* readable: end all of it */
};

/*
 * Run argv with "PGDATABASE=NAME" for each database, of which none that fails
 * stops another.  0: all are done; -1 with *e set: which ones failed; its code
 * is the worst of theirs.  BK_NONE: there is no database.
 */
int run_each(const struct run_each *r, struct bk_err *e);

#endif
