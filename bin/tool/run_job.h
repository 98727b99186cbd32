#ifndef BK_BIN_TOOL_RUN_JOB_H
#define BK_BIN_TOOL_RUN_JOB_H
/* The text of a job that bk-run runs. */
#include "tool/run_env.h"

/*
 * Append the job's text: of dir/jobs; of the host's, where dir may have only
 * settings; else as installed with the tools (job/job.h).  0, or -1 with *e
 * set.
 */
int run_job_load(const char *dir, const char *job, struct bk_buf *text,
    struct bk_err *e);

/*
 * Does the shell understand it?  0; -1 with *e set: BK_DATA, after the shell's
 * own message on standard error.
 */
int run_job_syntax(char *text, const struct run_env *env, struct bk_err *e);

#endif
