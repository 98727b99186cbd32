#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "base/version.h"
#include "recorder.h"

static const struct tool *tool;
static struct bk_audit audit;
static double started;
static void (*cleanup)(void);
static int signal_pipe[2] = { -1, -1 };
static volatile sig_atomic_t caught;	/* by note_signal() */

static const struct bk_progress *progress;
static pthread_t progress_thread;
static pthread_mutex_t progress_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress_wake = PTHREAD_COND_INITIALIZER;
static int progress_over;

static void
no_action(int sig)
{
	(void)sig;
}

/*
 * One of the three that is closed would be the next that is opened: a key
 * file, a socket, and our messages or our output would go there.  What is put
 * in its place refuses to be used, as a closed one does.
 */
static void
occupy_closed(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
			exit(BK_FAIL);
}

void
tool_start(const struct tool *t)
{
	/* not SIG_IGN, which a command that we run would inherit */
	struct sigaction sa = {.sa_handler = no_action, .sa_flags = SA_RESTART};

	tool = t;
	audit.operation = t->name;
	started = bk_monotonic();
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGXFSZ, &sa, NULL);
	/* who started us may ignore it; then waitpid(2) tells nothing */
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &sa, NULL);
	occupy_closed();
}

/*
 * Print "tool: message" in one write.  Messages may carry a server's words or
 * a file's name.
 */
__attribute__((format(printf, 1, 0))) static void
say(const char *fmt, va_list ap)
{
	char text[2048];
	size_t n;
	int len;

	n = (size_t)snprintf(text, sizeof(text), "%s: ", tool->name);
	len = vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);
	if (len < 0)
		return;
	len += (int)n;
	if ((size_t)len > sizeof(text) - 2)
		len = (int)sizeof(text) - 2;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	bk_utf8_clean(text, (size_t)len);
	text[len++] = '\n';
	/* nowhere to report that stderr is gone */
	if (write(STDERR_FILENO, text, (size_t)len) == -1)
		return;
}

void
tool_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
tool_usage(const char *fmt, ...)
{
	va_list ap;

	if (fmt != NULL) {
		va_start(ap, fmt);
		say(fmt, ap);
		va_end(ap);
	}
	fprintf(stderr, "usage: %s %s\n", tool->name, tool->usage);
	exit(tool->wrong_call != 0 ? tool->wrong_call : BK_USAGE);
}

void
tool_option(int ch)
{
	if (ch == TOOL_OPT_HELP)
		fputs(tool->help, stdout);
	else if (ch == TOOL_OPT_VERSION)
		printf("%s %s\n", tool->name, BK_VERSION);
	else
		tool_usage(NULL);
	if (fflush(stdout) == 0 && !ferror(stdout))
		exit(BK_OK);
	if (errno != EPIPE)
		tool_say("standard output: write: %s", strerror(errno));
	exit(BK_FAIL);
}

uint64_t
tool_number(const char *s, uint64_t min, uint64_t max, const char *what)
{
	struct bk_err e = {0};
	uint64_t n;

	if (bk_num_parse(s, min, max, what, &n, &e) == -1)
		tool_usage("%s", e.msg);
	return n;
}

uint64_t
tool_duration(const char *s, const char *what)
{
	struct bk_err e = {0};
	uint64_t seconds;

	if (bk_duration_parse(s, what, &seconds, &e) == -1)
		tool_usage("%s", e.msg);
	return seconds;
}

unsigned
tool_jobs(const char *option, unsigned cpus_max)
{
	const char *env = tool_env("BK_JOBS");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (option != NULL)
		return (unsigned)tool_number(option, 1, TOOL_JOBS_MAX, "-j");
	if (env != NULL)
		return (unsigned)tool_number(env, 1, TOOL_JOBS_MAX, "BK_JOBS");
	return cpus < 1 ? 1 : cpus > cpus_max ? cpus_max : (unsigned)cpus;
}

char *
tool_env(const char *name)
{
	char *s = getenv(name);

	return s == NULL || *s == '\0' ? NULL : s;
}

struct bk_audit *
tool_audit(void)
{
	return &audit;
}

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
	/* a container's first process survives that: as a shell has it */
	_exit(128 + sig);
}

static void
on_signal(int sig)
{
	if (!recorder_claim())
		return;			/* the run is ending as it is */
	recorder_tell(sig);
	if (cleanup != NULL)
		cleanup();
	recorder_finish();
	die_of(sig);
}

static void
note_signal(int sig)
{
	int saved = errno;

	caught = sig;
	recorder_tell(sig);
	/* full: then it is readable already */
	if (write(signal_pipe[1], "", 1) == -1)
		errno = saved;
}

static void
catch_signals(void (*handler)(int), int flags)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };
	struct sigaction old;
	size_t i;

	(void)sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		/* nohup's choice stands */
		if (sigaction(sigs[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(sigs[i], &sa, NULL);
}

/* NULL: there is none, or this tool is not one for it. */
static const char *
audit_log(void)
{
	return tool->unrecorded ? NULL : tool_env("BK_AUDIT_LOG");
}

void
tool_run(const char *type, const char *source, const char *destination)
{
	sigset_t all, old;

	audit.type = type;
	audit.source = source;
	audit.destination = destination;
	if (audit_log() == NULL)
		return;
	/* which signal we die of it is told from its first moment on */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	catch_signals(on_signal, 0);
	recorder_start(audit_log(), &audit);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void
tool_on_signal(void (*fn)(void))
{
	cleanup = fn;
	catch_signals(on_signal, 0);
}

int
tool_signal_fd(struct bk_err *e)
{
	if (bk_io_pipe(signal_pipe, e) == -1)
		return -1;
	(void)fcntl(signal_pipe[1], F_SETFL, O_NONBLOCK);
	catch_signals(note_signal, (int)SA_RESETHAND | SA_RESTART);
	return signal_pipe[0];
}

static pthread_mutex_t signal_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int signal_came;
static sigset_t slow_signals;

static void *
wait_for_signal(void *arg)
{
	int sig;

	(void)arg;
	while (sigwait(&slow_signals, &sig) != 0)
		;
	atomic_store(&signal_came, 1);
	pthread_mutex_lock(&signal_lock);	/* and nobody has it again */
	on_signal(sig);
	return NULL;
}

void
tool_on_signal_slow(void (*fn)(void))
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;
	pthread_t tid;
	size_t i;

	(void)sigemptyset(&slow_signals);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		/* nohup's choice stands */
		if (sigaction(sigs[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaddset(&slow_signals, sigs[i]);
	cleanup = fn;
	(void)pthread_sigmask(SIG_BLOCK, &slow_signals, NULL);
	if (pthread_create(&tid, NULL, wait_for_signal, NULL) == 0)
		(void)pthread_detach(tid);
	else		/* dies of a signal without cleaning up */
		(void)pthread_sigmask(SIG_UNBLOCK, &slow_signals, NULL);
}

/* The clean-up is at work, and the process about to end. */
static void
die_if_signalled(void)
{
	while (atomic_load(&signal_came))
		(void)pause();
}

void
tool_signals_hold(void)
{
	die_if_signalled();
	pthread_mutex_lock(&signal_lock);
}

void
tool_signals_release(void)
{
	pthread_mutex_unlock(&signal_lock);
	die_if_signalled();
}

static void
show_progress(const char *ending)
{
	char line[BK_PROGRESS_TEXT];

	bk_progress_format(progress, bk_monotonic() - started, line);
	fprintf(stderr, "\r%s: %s\033[K%s", tool->name, line, ending);
}

static void *
progress_loop(void *arg)
{
	struct timespec t;

	(void)arg;
	pthread_mutex_lock(&progress_lock);
	while (!progress_over) {
		(void)clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 500 * 1000 * 1000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		(void)pthread_cond_timedwait(&progress_wake, &progress_lock,
		    &t);
		if (!progress_over)
			show_progress("");
	}
	pthread_mutex_unlock(&progress_lock);
	return NULL;
}

void
tool_progress(const struct bk_progress *p, int mode)
{
	sigset_t all, old;

	if (mode < 0 || (mode == 0 && !isatty(STDERR_FILENO)))
		return;
	progress = p;
	/* signals are for the threads that can clean up */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	if (pthread_create(&progress_thread, NULL, progress_loop, NULL) != 0)
		progress = NULL;	/* a dump without a progress line */
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void
end_progress(void)
{
	if (progress == NULL)
		return;
	pthread_mutex_lock(&progress_lock);
	progress_over = 1;
	pthread_cond_signal(&progress_wake);
	pthread_mutex_unlock(&progress_lock);
	pthread_join(progress_thread, NULL);
	show_progress("\n");
}

int
tool_end(int rc, struct bk_err *e)
{
	const char *log = audit_log();
	struct bk_err log_err = {0};

	end_progress();
	if (rc != 0 && e->code == BK_OK)
		bk_fail(e, BK_FAIL, "failed");
	if (rc != 0 && !e->quiet)
		tool_say("%s", e->msg);
	if (log != NULL) {
		audit.ended = time(NULL);
		audit.duration_seconds = bk_monotonic() - started;
		if (recorder_end(log, &audit, e, &log_err) == -1) {
			tool_say("%s", log_err.msg);
			if (rc == 0)
				return BK_FAIL;
		}
	}
	/* unless it came when the work was done */
	if (rc != 0 && caught)
		die_of(caught);
	return rc == 0 ? BK_OK : (int)e->code;
}
