#define _GNU_SOURCE		/* POSIX_SPAWN_SETSID */
#include "base/child.h"

#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/io.h"

/* Held while a child is started, reaped or signalled. */
static pthread_mutex_t pids = PTHREAD_MUTEX_INITIALIZER;

/* A descriptor with nothing to read; not /dev/null, as a root may lack it. */
static int
open_empty(struct bk_err *e)
{
	int p[2] = { -1, -1 };

	if (bk_io_pipe(p, e) == -1)
		return -1;
	close(p[1]);
	return p[0];
}

/* Descriptors 0, 1 and 2 of the child, and pass. */
static int
set_descriptors(posix_spawn_file_actions_t *fa, const int fds[3], int pass)
{
	int i, rc = 0;

	for (i = STDIN_FILENO; rc == 0 && i <= STDERR_FILENO; i++)
		if (fds[i] != -1)
			rc = posix_spawn_file_actions_adddup2(fa, fds[i], i);
	/* onto itself: not closed on exec in this child, and no other */
	if (rc == 0 && pass != -1)
		rc = posix_spawn_file_actions_adddup2(fa, pass, pass);
	return rc;
}

static int
spawn_with(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], int pass, short flags, struct bk_err *e)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t set;
	pid_t child;
	int rc;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return bk_fail_memory(e);
	if (posix_spawnattr_init(&attr) != 0) {
		posix_spawn_file_actions_destroy(&fa);
		return bk_fail_memory(e);
	}
	(void)sigemptyset(&set);
	(void)posix_spawnattr_setsigmask(&attr, &set);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | flags);
	pthread_mutex_lock(&pids);
	if ((rc = set_descriptors(&fa, fds, pass)) == 0 &&
	    (rc = posix_spawnp(&child, argv[0], &fa, &attr, argv, env)) == 0)
		*pid = child;
	pthread_mutex_unlock(&pids);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	if (rc != 0)
		return bk_fail(e, BK_FAIL, "%s: %s", argv[0], strerror(rc));
	bk_debug_started(child, argv);
	return 0;
}

static int
spawn(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], int pass, short flags, struct bk_err *e)
{
	int all[3] = { fds[0], fds[1], fds[2] }, rc;

	*pid = 0;
	if (fds[STDIN_FILENO] == -1 && (all[0] = open_empty(e)) == -1)
		return -1;
	rc = spawn_with(pid, argv, env, all, pass, flags, e);
	if (fds[STDIN_FILENO] == -1)
		close(all[0]);
	return rc;
}

int
bk_child_spawn(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], int pass, struct bk_err *e)
{
	return spawn(pid, argv, env, fds, pass, 0, e);
}

int
bk_child_spawn_group(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], int pass, struct bk_err *e)
{
#ifdef POSIX_SPAWN_SETSID
	const short flags = POSIX_SPAWN_SETSID;
#else
	/* the attribute pgroup is 0 at first: a group of its own number */
	const short flags = POSIX_SPAWN_SETPGROUP;
#endif

	return spawn(pid, argv, env, fds, pass, flags, e);
}

static int
reap_child(atomic_int *pid, int *status, int group)
{
	const pid_t child = *pid;
	siginfo_t info = { .si_status = 0 };
	int rc;

	/* an ended process keeps its number until waitpid(2) */
	while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == -1 &&
	    errno == EINTR)
		;
	pthread_mutex_lock(&pids);
	*pid = 0;
	if (group && info.si_pid == child && info.si_status != 0)
		(void)kill(-child, SIGTERM);
	while ((rc = waitpid(child, status, 0)) == -1 && errno == EINTR)
		;
	pthread_mutex_unlock(&pids);
	if (rc == -1)
		return -1;
	bk_debug_ended(child, *status);
	return 0;
}

int
bk_child_reap(atomic_int *pid, int *status)
{
	return reap_child(pid, status, 0);
}

int
bk_child_reap_group(atomic_int *pid, int *status)
{
	return reap_child(pid, status, 1);
}

void
bk_child_kill_group(const atomic_int *pid, int sig)
{
	pthread_mutex_lock(&pids);
	if (*pid > 0)
		(void)kill(-*pid, sig);
	pthread_mutex_unlock(&pids);
}

void
bk_child_kill(const atomic_int *pid)
{
	pthread_mutex_lock(&pids);
	if (*pid > 0)
		(void)kill(*pid, SIGTERM);
	pthread_mutex_unlock(&pids);
}

int
bk_child_ended(const atomic_int *pid)
{
	siginfo_t info = { .si_pid = 0 };
	pid_t child;
	int rc = 0;

	pthread_mutex_lock(&pids);
	if ((child = *pid) > 0)
		rc = waitid(P_PID, (id_t)child, &info,
		    WEXITED | WNOWAIT | WNOHANG);
	pthread_mutex_unlock(&pids);
	return child <= 0 || rc == -1 || info.si_pid == child;
}

int
bk_child_start(struct bk_child *c, char *const argv[], char *const env[],
    struct bk_err *e)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc;
	atomic_int own, *pid = c->watch != NULL ? c->watch : &own;

	c->name = strrchr(argv[0], '/') == NULL ? argv[0] :
	    strrchr(argv[0], '/') + 1;
	if (bk_io_pipe(out, e) == -1)
		return -1;
	if ((rc = bk_io_pipe(err, e)) == 0) {
		const int fds[3] = { c->in, out[1], err[1] };

		rc = bk_child_spawn(pid, argv, env, fds, -1, e);
		c->pid = *pid;
		close(err[1]);
		c->err = err[0];
	}
	close(out[1]);
	c->out = out[0];
	return rc;
}

/* Read from standard error, keeping its beginning; 0 at the end. */
static int
read_stderr(struct bk_child *c)
{
	char buf[1024];
	ssize_t n = read(c->err, buf, sizeof(buf));
	size_t room = sizeof(c->stderr_text) - 1 - c->stderr_len;

	if (n == -1 && errno == EINTR)
		return 1;
	if (n <= 0) {
		close(c->err);
		c->err = -1;
		return 0;
	}
	if ((size_t)n < room)
		room = (size_t)n;
	memcpy(c->stderr_text + c->stderr_len, buf, room);
	c->stderr_len += room;
	return 1;
}

ssize_t
bk_child_read(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct bk_child *c = ctx;
	ssize_t r;

	for (;;) {
		/* poll(2) skips a descriptor of -1 */
		struct pollfd p[2] = {
			{ .fd = c->out, .events = POLLIN },
			{ .fd = c->err, .events = POLLIN },
		};

		if (poll(p, 2, -1) == -1) {
			if (errno == EINTR)
				continue;
			return bk_fail_errno(e, "%s: poll", c->name);
		}
		if (p[1].revents != 0)
			(void)read_stderr(c);
		if (p[0].revents == 0)
			continue;
		if ((r = read(c->out, buf, n)) >= 0) {
			c->ended = r == 0;
			return r;
		}
		if (errno != EINTR)
			return bk_fail_errno(e, "%s: read", c->name);
	}
}

/*
 * Fail with its error message, without "pg_dump: error: " and without the query
 * after it: the line that says "error", else (another language) the first line.
 */
static int
fail_stderr(struct bk_child *c, struct bk_err *e)
{
	const char *line;

	c->stderr_text[c->stderr_len] = '\0';
	if ((line = strstr(c->stderr_text, ": error: ")) != NULL)
		line += strlen(": error: ");
	else if ((line = strstr(c->stderr_text, ": ERROR:  ")) != NULL)
		line += strlen(": ERROR:  ");	/* the server's, from psql */
	else
		line = c->stderr_text;
	return bk_fail(e, BK_FAIL, "%s: %.*s", c->name,
	    (int)strcspn(line, "\n"), line);
}

static int
reap(struct bk_child *c, int *status)
{
	atomic_int own = c->pid;

	c->pid = 0;
	return bk_child_reap(c->watch != NULL ? c->watch : &own, status);
}

int
bk_child_wait(struct bk_child *c, struct bk_err *e)
{
	int status;

	while (c->err != -1 && read_stderr(c))
		;
	if (reap(c, &status) == -1)
		return bk_fail_errno(e, "%s: wait", c->name);
	c->exited = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	if (c->exited == 0)
		return 0;
	if (WIFSIGNALED(status))
		return bk_fail(e, BK_FAIL, "%s: killed by signal %d", c->name,
		    WTERMSIG(status));
	if (c->stderr_len > 0)
		return fail_stderr(c, e);
	return bk_fail(e, BK_FAIL, "%s: exit status %d", c->name,
	    WEXITSTATUS(status));
}

void
bk_child_stop(struct bk_child *c)
{
	struct pollfd p = { .fd = c->err, .events = POLLIN };

	while (c->err != -1 && poll(&p, 1, 0) == 1 &&
	    read_stderr(c))
		;
	if (c->err != -1)
		close(c->err);
	c->err = -1;
	if (c->pid > 0)
		(void)kill(c->pid, SIGTERM);
}

void
bk_child_free(struct bk_child *c)
{
	int status;

	if (c->pid > 0)
		bk_child_stop(c);
	/* with the pipe closed it cannot block in write(2) */
	if (c->out != -1)
		close(c->out);
	if (c->err != -1)
		close(c->err);
	c->out = c->err = -1;
	if (c->pid > 0)
		(void)reap(c, &status);
}

int
bk_child_capture(char *const argv[], char *const env[], size_t max,
    atomic_int *watch, struct bk_buf *out, int *exited, struct bk_err *e)
{
	struct bk_child c = BK_CHILD_NONE;
	size_t start = out->len;
	ssize_t n = -1;
	int rc = -1;

	c.watch = watch;
	if (bk_child_start(&c, argv, env, e) == -1)
		goto done;
	for (;;) {
		if (bk_buf_reserve(out, 16 * 1024, e) == -1 ||
		    (n = bk_child_read(&c, out->data + out->len, 16 * 1024,
		    e)) == -1)
			goto done;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (n == 0)
			break;
		if (out->len - start > max) {
			bk_fail(e, BK_FAIL, "%s: writes more than %zu bytes",
			    c.name, max);
			goto done;
		}
	}
	rc = bk_child_wait(&c, e);
 done:
	if (exited != NULL)
		*exited = c.exited;
	bk_child_free(&c);
	return rc;
}
