#ifndef BK_BIN_CHECK_REHEARSE_H
#define BK_BIN_CHECK_REHEARSE_H
/* A job's pipeline, rehearsed (tool/rehearsal.h). */
#include "check_findings.h"
#include "tool/run_env.h"

/*
 * Have the shell run text in env, to which BK_CHECK_FD is added, and report
 * what its tools find; text that is not plain (job/plain.h) is not run.  0, or
 * -1 with *e set.
 */
int check_rehearse(char *text, struct run_env *env, struct check_findings *f,
    struct bk_err *e);

/* The same of bk-notify with the options in the file path. */
int check_tell(const char *path, const char *spec, struct run_env *env,
    struct check_findings *f, struct bk_err *e);

/* End what is being rehearsed: on a signal. */
void check_stop(void);

#endif
