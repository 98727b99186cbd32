#include "tool/run_job.h"

#include <stdatomic.h>

#include "base/child.h"
#include "job/job.h"
#include "tool/own_dir.h"

int
run_job_load(const char *dir, const char *job, struct bk_buf *text,
    struct bk_err *e)
{
	struct bk_buf own = {0}, shared = {0};
	int rc = -1;

	if (bk_buf_printf(&own, e, "%s/jobs", dir) == 0 &&
	    own_dir("../share/bk/jobs", &shared, e) == 0)
		rc = bk_job_load((const char *[]){ own.data, "/etc/bk/jobs",
		    shared.data, NULL }, job, text, e);
	bk_buf_free(&own);
	bk_buf_free(&shared);
	return rc;
}

int
run_job_syntax(char *text, const struct run_env *env, struct bk_err *e)
{
	char shell[] = "/bin/sh", check[] = "-n", option[] = "-c",
	    *argv[] = { shell, check, option, text, NULL };
	atomic_int pid = 0;
	int status = 0;

	if (bk_child_spawn(&pid, argv, env->v, (int[3]){ -1, -1, -1 }, -1,
	    e) == -1)
		return -1;
	if (bk_child_reap(&pid, &status) == -1)
		return bk_fail_errno(e, "/bin/sh: wait");
	return status == 0 ? 0 : bk_fail(e, BK_DATA,
	    "the shell does not understand the pipeline");
}
