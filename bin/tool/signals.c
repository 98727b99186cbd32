#include "tool/signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "base/io.h"
#include "base/thread.h"
#include "tool/audit_line.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*cleanup)(void);
static atomic_int ending;	/* a signal ends the process */
static atomic_int stop_fd = -1;	/* write end of the tool's stop pipe */
static atomic_int stopped_by;
static sigset_t signals;
static int started;
static pthread_t waiter;	/* if waiting: it waits for signals */
static int waiting;

/* What signals_in_thread() asks for, by the signal CALL to that thread. */
#define CALL SIGRTMIN
static struct {
	pthread_mutex_t lock;
	pthread_cond_t done;
	void (*fn)(void *arg);	/* NULL: it was called */
	void *arg;
} call = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER };

_Noreturn static void
die_of(int sig)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t set;

	(void)sigaction(sig, &sa, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, sig);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(sig);
	/* a container's PID 1 survives that: exit as a shell would */
	_exit(128 + sig);
}

_Noreturn static void
end_by(int sig)
{
	atomic_store(&ending, 1);
	pthread_mutex_lock(&lock);	/* never released */
	audit_line_signal(sig);
	if (cleanup != NULL)
		cleanup();
	audit_line_finish();
	die_of(sig);
}

static void
stop_by(int sig)
{
	struct bk_err ignored = {0};

	atomic_store(&stopped_by, sig);
	/* the holder of the lock ends the run and reports how */
	if (pthread_mutex_trylock(&lock) == 0) {
		audit_line_signal(sig);
		pthread_mutex_unlock(&lock);
	}
	if (bk_io_write(stop_fd, "", 1, "signal", &ignored) == -1)
		die_of(sig);		/* nobody would stop */
}

static void
answer_call(void)
{
	pthread_mutex_lock(&call.lock);
	if (call.fn != NULL)
		call.fn(call.arg);
	call.fn = NULL;
	pthread_cond_signal(&call.done);
	pthread_mutex_unlock(&call.lock);
}

static void *
wait_for_signals(void *arg)
{
	sigset_t seen;
	int sig;

	(void)arg;
	(void)sigemptyset(&seen);
	for (;;) {
		if (sigwait(&signals, &sig) != 0)
			continue;
		if (sig == CALL) {
			answer_call();
			continue;
		}
		if (stop_fd == -1)
			end_by(sig);
		if (sigismember(&seen, sig) == 1)
			die_of(sig);
		(void)sigaddset(&seen, sig);
		stop_by(sig);
	}
	return NULL;
}

static void
start(void)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct bk_err ignored = {0};
	struct sigaction old;
	size_t i;

	started = 1;
	(void)sigemptyset(&signals);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		/* ignored by nohup: stays so */
		if (sigaction(sigs[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaddset(&signals, sigs[i]);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)sigaddset(&signals, CALL);
	if (bk_thread_start(&waiter, wait_for_signals, NULL, &ignored) == 0)
		waiting = 1;
	else		/* dies of a signal without cleaning up */
		(void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

void
signals_catch(void (*fn)(void))
{
	signals_hold();
	cleanup = fn;
	signals_release();
	if (!started)
		start();
}

int
signals_stop_fd(struct bk_err *e)
{
	int p[2];

	if (bk_io_pipe(p, e) == -1)
		return -1;
	stop_fd = p[1];
	if (!started)
		start();
	return p[0];
}

void
signals_in_thread(void (*fn)(void *arg), void *arg)
{
	if (!waiting)
		return;
	pthread_mutex_lock(&call.lock);
	call.fn = fn;
	call.arg = arg;
	(void)pthread_kill(waiter, CALL);
	while (call.fn != NULL)
		pthread_cond_wait(&call.done, &call.lock);
	pthread_mutex_unlock(&call.lock);
}

/* 1 if a signal has come that the waiter has not seen yet. */
static int
is_pending(void)
{
	sigset_t set;
	int sig;

	if (!waiting || stop_fd != -1 || sigpending(&set) == -1)
		return 0;
	for (sig = 1; sig < CALL; sig++)
		if (sigismember(&signals, sig) == 1 &&
		    sigismember(&set, sig) == 1)
			return 1;
	return 0;
}

void
signals_check(void)
{
	while (atomic_load(&ending) || is_pending())
		(void)pause();		/* the process is about to end */
}

void
signals_hold(void)
{
	signals_check();
	pthread_mutex_lock(&lock);
}

void
signals_release(void)
{
	pthread_mutex_unlock(&lock);
	signals_check();
}

void
signals_end(void)
{
	if (stopped_by != 0)
		die_of(stopped_by);
}
