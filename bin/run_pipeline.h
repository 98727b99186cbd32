#ifndef BK_BIN_RUN_PIPELINE_H
#define BK_BIN_RUN_PIPELINE_H
/* A pipeline's run, for bk-run. */
#include "base/err.h"
#include "job/stages.h"
#include "tool/run_env.h"

struct run_pipeline {
	const char *text;	/* for /bin/sh -c */
	struct run_env *env;	/* gets its BK_STATUS_FD */
	int in;			/* its standard input; -1: nothing */
	int stop;		/* readable: end all of it */
	double timeout;		/* seconds; 0: none */
	int *left;		/* set if something of it is still running */
};

/*
 * Run it to its end: of the shell, and of all that has inherited BK_STATUS_FD.
 * 0, and *stages and *status, the shell's of waitpid(2), say how it was; -1
 * with *e set: it could not run, or was ended before it was done, and nothing
 * of it runs any more.
 */
int run_pipeline(const struct run_pipeline *p, struct bk_stages *stages,
    int *status, struct bk_err *e);

#endif
