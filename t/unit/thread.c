/* bk_thread_start(): signals stay with the thread that started it. */
#define _GNU_SOURCE		/* RLIMIT_NPROC */
#include <sys/resource.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

#include "base/thread.h"
#include "tap.h"

/* How many signals are not blocked; two cannot be. */
static void *
count_open(void *arg)
{
	sigset_t set;
	int i, *open = arg;

	(void)pthread_sigmask(SIG_BLOCK, NULL, &set);
	for (*open = 0, i = 1; i <= SIGSYS; i++)
		*open += i != SIGKILL && i != SIGSTOP && !sigismember(&set, i);
	return NULL;
}

static void
test_mask(void)
{
	struct bk_err e = {0};
	sigset_t mine, after;
	pthread_t t;
	int open = -1, i, same = 1;

	(void)sigemptyset(&mine);
	(void)sigaddset(&mine, SIGUSR2);
	(void)pthread_sigmask(SIG_SETMASK, &mine, NULL);
	is_int(bk_thread_start(&t, count_open, &open, &e), 0, "a thread");
	(void)pthread_join(t, NULL);
	is_int(open, 0, "has all signals blocked");
	(void)pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (i = 1; i <= SIGSYS; i++)
		same = same && sigismember(&after, i) == (i == SIGUSR2);
	ok(same, "and who started it those that it had");
}

/* In a process that may start no thread: the result as exit status. */
static int
start_none(void)
{
	struct rlimit none = { 0, 0 };
	struct bk_err e = {0};
	sigset_t mask;
	pthread_t t;
	int open;

	(void)sigemptyset(&mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	/* root has no process limit */
	if (setrlimit(RLIMIT_NPROC, &none) == -1 ||
	    (geteuid() == 0 && setuid(65534) == -1))
		return 2;
	if (bk_thread_start(&t, count_open, &open, &e) != -1 ||
	    e.code != BK_FAIL || strcmp(e.msg,
	    "cannot start a thread: Resource temporarily unavailable") != 0)
		return 1;
	(void)pthread_sigmask(SIG_BLOCK, NULL, &mask);
	return sigismember(&mask, SIGTERM);
}

static void
test_none_left(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(start_none());
	(void)waitpid(pid, &status, 0);
	is_int(status, 0, "no thread to be had: that is named, and the signals "
	    "are as they were");
}

int
main(void)
{
	test_mask();
	test_none_left();
	return tap_done();
}
