#include "base/thread.h"

#include <signal.h>
#include <string.h>

int
bk_thread_start(pthread_t *thread, void *(*run)(void *), void *arg,
    struct bk_err *e)
{
	sigset_t all, old;
	int err;

	/* a thread inherits its creator's mask */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(thread, NULL, run, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err != 0)
		return bk_fail(e, BK_FAIL, "cannot start a thread: %s",
		    strerror(err));
	return 0;
}
