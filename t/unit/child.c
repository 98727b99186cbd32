#define _DEFAULT_SOURCE		/* wait4(2) */
/* base/child: children are waited for in one way, and nobody is left. */
#include "base/child.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "tap.h"

static atomic_int watched;
static int told_late;

/* The number is free when this returns: by then nobody may hold it. */
pid_t
waitpid(pid_t pid, int *status, int options)
{
	if (watched != 0)
		told_late = 1;
	return wait4(pid, status, options, NULL);
}

static void
reap(void)
{
	int status = -1;

	if ((watched = fork()) == 0)
		_exit(7);
	ok(bk_child_reap(&watched, &status) == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 7, "a child's status");
	ok(watched == 0 && !told_late,
	    "who watches it knows before its number is free");
	errno = 0;
	status = 5;
	watched = getpid();
	ok(bk_child_reap(&watched, &status) == -1 && errno == ECHILD &&
	    watched == 0 && status == 5, "no child of ours: errno says so");
}

int
main(void)
{
	reap();
	return tap_done();
}
