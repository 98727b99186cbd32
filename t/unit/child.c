#define _DEFAULT_SOURCE		/* wait4(2) */
/* base/child: spawn, reap, kill; no child is left behind. */
#include "base/child.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "tap.h"

static atomic_int watched;
static int told_late;

/* The pid can be reused when this returns: it must be 0 by then. */
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

	watched = fork();
	if (watched == 0)
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

/* The first line that a child reads with this input, or that it has none. */
static void
input(int in, const char *want, const char *what)
{
	char *argv[] = { "/bin/sh", "-c", "read -r l; echo \"$l.\"", NULL };
	char *env[] = { NULL }, got[64] = "";
	struct bk_child c = BK_CHILD_NONE;
	struct bk_err e = {0};
	ssize_t n = -1;

	c.in = in;
	if (bk_child_start(&c, argv, env, &e) == 0)
		n = bk_child_read(&c, got, sizeof(got) - 1, &e);
	ok(n > 0 && strcmp(got, want) == 0 && bk_child_wait(&c, &e) == 0,
	    "%s", what);
	bk_child_free(&c);
}

static void
descriptors(void)
{
	int p[2];

	if (pipe(p) == -1 || write(p[1], "line\n", 5) != 5 ||
	    dup2(p[0], STDIN_FILENO) == -1) {
		ok(0, "a pipe as descriptor 0");
		return;
	}
	input(-1, ".\n", "no descriptor is an input with nothing in it");
	input(STDIN_FILENO, "line.\n", "descriptor 0 is one like any other");
	close(p[0]);
	close(p[1]);
}

static void
stop(void)
{
	int status = 0;

	watched = fork();
	if (watched == 0)
		for (;;)
			(void)pause();
	bk_child_kill(&watched);
	ok(bk_child_reap(&watched, &status) == 0 && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGTERM, "a child that is asked to stop");
	/* kill(0) would signal our process group */
	(void)setpgid(0, 0);
	bk_child_kill(&watched);
	ok(1, "no child: nobody is asked");
}

static void
spawn(void)
{
	char *argv[] = { "sh", "-c", "kill $$; exit $code", NULL };
	char *nowhere[] = { "/nowhere/sh", NULL };
	char *env[] = { "code=3", NULL };
	const int fds[3] = { -1, -1, -1 };
	struct bk_err e = {0};
	sigset_t all, old;
	atomic_int pid;
	int status = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	ok(bk_child_spawn(&pid, argv, env, fds, -1, &e) == 0 &&
	    bk_child_reap(&pid, &status) == 0 && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGTERM, "what is blocked here is not there");
	argv[2] = "exit $code";
	ok(bk_child_spawn(&pid, argv, env, fds, -1, &e) == 0 &&
	    bk_child_reap(&pid, &status) == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 3, "it has the environment it was given");
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	pid = 1;
	ok(bk_child_spawn(&pid, nowhere, env, fds, -1, &e) == -1 && pid == 0 &&
	    strstr(e.msg, "/nowhere/sh: No such file") != NULL,
	    "a program that is not there: %s", e.msg);
}

int
main(void)
{
	reap();
	stop();
	spawn();
	descriptors();
	return tap_done();
}
