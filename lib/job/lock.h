#ifndef BK_JOB_LOCK_H
#define BK_JOB_LOCK_H
/* Of a job of one user one run at a time, on this host. */
#include "base/err.h"

/*
 * Lock the job spec, a name of BK_JOB_NAME's characters and '@', by a file in a
 * directory that only we can make or write to: root's is /run/bk, others' is
 * bk-UID in /run/lock or /tmp.  It is the same with a session and without, so
 * not XDG_RUNTIME_DIR.  The descriptor, for bk_job_unlock(), is inherited by
 * what is started from now on, so that the lock stays for as long as a stage
 * runs, even if we are killed.  -1 with *e set: BK_BUSY, a run holds it.
 */
int bk_job_lock(const char *spec, struct bk_err *e);

/* Nobody holds it any more, no matter which process has inherited it. */
void bk_job_unlock(int fd);

#endif
