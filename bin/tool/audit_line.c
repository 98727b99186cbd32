#define _GNU_SOURCE		/* POSIX_SPAWN_SETSID */
#include "tool/audit_line.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/debug.h"
#include "base/io.h"
#include "tool/own_dir.h"
#include "tool/settings.h"

#define RECORDER "bk-audit"

extern char **environ;

static int link_fd = -1;	/* to the recorder; -1: none */
static atomic_int recorder;
static int reserved = -1;	/* the log itself, or why not */
static struct bk_err refused;
static int was_started;		/* or failed to start */
static struct bk_err unstarted;	/* the reason, if it is there at all */

/* The recorder's error message and exit status. */
static char complaint[1100];
static int status;

/* It is in this program's directory, which may not be in PATH. */
static const char *
find_recorder(struct bk_buf *path)
{
	struct bk_err ignored = {0};

	return own_dir(RECORDER, path, &ignored) == 0 &&
	    access(path->data, X_OK) == 0 ? path->data : RECORDER;
}

/*
 * A session of its own, and these signals blocked: what ends a pipeline, from
 * the terminal or by process group, must not end its recorder.
 */
static int
set_apart(posix_spawnattr_t *attr)
{
	short flags = POSIX_SPAWN_SETSIGMASK;
	sigset_t set;

#ifdef POSIX_SPAWN_SETSID
	flags |= POSIX_SPAWN_SETSID;
#else
	flags |= POSIX_SPAWN_SETPGROUP;
#endif
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGQUIT);
	return posix_spawnattr_setsigmask(attr, &set) == 0 &&
	    posix_spawnattr_setflags(attr, flags) == 0 ? 0 : -1;
}

/* What to say of the log when its cause is text. */
static int
fail_log(struct bk_err *e, const char *log, const char *text)
{
	static const char head[] = "audit log ";

	if (strncmp(text, head, strlen(head)) == 0)
		return bk_fail(e, BK_FAIL, "%s", text);
	if (strncmp(text, log, strlen(log)) == 0)
		return bk_fail(e, BK_FAIL, "%s%s", head, text);
	return bk_fail(e, BK_FAIL, "%s%s: %s", head, log, text);
}

/* Our environment but for what is a secret there; NULL: memory. */
static char **
plain_environment(void)
{
	char **v, name[64];
	size_t i, n = 0;

	for (i = 0; environ[i] != NULL; i++)
		continue;
	if ((v = calloc(i + 1, sizeof(*v))) == NULL)
		return NULL;
	for (i = 0; environ[i] != NULL; i++) {
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(environ[i], "="), environ[i]);
		if (!settings_is_secret(name))
			v[n++] = environ[i];
	}
	return v;
}

/*
 * theirs becomes its standard input and error, and output, as it must not hold
 * ours, whose reader waits for end of file; it writes nothing there.  0, or an
 * errno.
 */
static int
spawn(const char *log, int theirs, int status_fd)
{
	struct bk_buf path = {0};
	char name[] = RECORDER, option[] = "--record", end[] = "--";
	char *argv[] = { name, option, end,
	    (char *)(uintptr_t)log, NULL };
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	char **env;
	pid_t pid;
	int rc;

	if ((rc = posix_spawn_file_actions_init(&fa)) != 0)
		return rc;
	if ((rc = posix_spawnattr_init(&attr)) != 0) {
		posix_spawn_file_actions_destroy(&fa);
		return rc;
	}
	env = plain_environment();
	if (env != NULL && set_apart(&attr) == 0 &&
	    posix_spawn_file_actions_adddup2(&fa, theirs, STDIN_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(&fa, theirs, STDERR_FILENO) == 0 &&
	    posix_spawn_file_actions_adddup2(&fa, theirs, STDOUT_FILENO) == 0 &&
	    (status_fd == -1 ||
	    posix_spawn_file_actions_addclose(&fa, status_fd) == 0))
		rc = posix_spawnp(&pid, find_recorder(&path), &fa, &attr, argv,
		    env);
	else
		rc = ENOMEM;
	if (rc == 0) {
		recorder = pid;
		bk_debug_started(pid, argv);
	}
	free(env);
	bk_buf_free(&path);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	return rc;
}

/* The record of what is known so far, as one line in *b. */
static int
compose(struct bk_buf *b, const struct bk_audit *a,
    const struct bk_err *result)
{
	struct bk_err ignored = {0};

	return bk_audit_format(b, a, result, &ignored) == -1 ? -1 :
	    bk_buf_puts(b, "\n", &ignored);
}

/* Start it with the record *b, or give the errno why not. */
static int
start_with(const struct bk_buf *b, const char *log, int status_fd)
{
	struct bk_err ignored = {0};
	int sv[2], rc = 0;
	ssize_t sent;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == -1)
		return errno;
	(void)fcntl(sv[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(sv[1], F_SETFD, FD_CLOEXEC);
	/* sent before it starts, so that it always has a record */
	do
		sent = send(sv[0], b->data, b->len, MSG_DONTWAIT);
	while (sent == -1 && errno == EINTR);
	if (sent == -1)
		rc = errno;
	else
		rc = spawn(log, sv[1], status_fd);
	if (rc == 0) {
		link_fd = sv[0];
		/* the rest; audit_line_end() notices if it has ended */
		(void)bk_io_write(link_fd, b->data + sent, b->len -
		    (size_t)sent, RECORDER, &ignored);
	} else
		close(sv[0]);
	close(sv[1]);
	return rc;
}

int
audit_line_start(const char *log, const struct bk_audit *a, int status_fd,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc;

	was_started = 1;
	rc = compose(&b, a, NULL) == 0 ? start_with(&b, log, status_fd) :
	    ENOMEM;
	bk_buf_free(&b);
	if (rc == 0)
		return 0;
	if (rc == ENOENT || rc == EACCES) {
		bk_audit_look_up();	/* we write the line */
		return 0;
	}
	bk_fail(&unstarted, BK_FAIL, "audit log %s: " RECORDER " cannot be "
	    "started: %s; this run is not in the log", log, strerror(rc));
	*e = unstarted;
	return -1;
}

void
audit_line_label(const struct bk_audit *a)
{
	struct bk_err ignored = {0};	/* it has exited */
	struct bk_buf b = {0};

	if (link_fd != -1 && compose(&b, a, NULL) == 0)
		(void)bk_io_write(link_fd, b.data, b.len, RECORDER, &ignored);
	bk_buf_free(&b);
}

void
audit_line_signal(int sig)
{
#define KILLED_BY(s) "{\"status\":\"failure\",\"error\":\"killed by " s "\"}\n"
	const char *text = sig == SIGINT ? KILLED_BY("SIGINT") :
	    sig == SIGHUP ? KILLED_BY("SIGHUP") : KILLED_BY("SIGTERM");
	struct bk_err ignored = {0};	/* it has exited */

	if (link_fd != -1)
		(void)bk_io_write(link_fd, text, strlen(text), RECORDER,
		    &ignored);
}

void
audit_line_finish(void)
{
	size_t n = 0;
	ssize_t got;

	if (link_fd == -1)
		return;
	(void)shutdown(link_fd, SHUT_WR);
	while ((got = read(link_fd, complaint + n, sizeof(complaint) - 1 - n)) >
	    0 || (got == -1 && errno == EINTR))
		n += got > 0 ? (size_t)got : 0;
	complaint[n] = '\0';
	status = -1;
	(void)bk_child_reap(&recorder, &status);
}

void
audit_line_reserve(const char *log)
{
	reserved = bk_audit_reserve(log, &refused);
}

/* 1: written; 0: it could not be written; -1: the recorder failed. */
static int
judge(const char *log, struct bk_err *e)
{
	const char *text = complaint;

	if (!WIFEXITED(status) || WEXITSTATUS(status) == 127)
		return -1;
	if (WEXITSTATUS(status) == BK_OK)
		return 1;
	if (strncmp(text, RECORDER ": ", strlen(RECORDER ": ")) == 0)
		text += strlen(RECORDER ": ");
	complaint[strcspn(complaint, "\n")] = '\0';
	fail_log(e, log, text);
	return 0;
}

/* The result; without memory for all of it, at least which it is. */
static int
send_result(const struct bk_audit *a, const struct bk_err *result,
    struct bk_err *e)
{
	const char *brief = result->code == BK_OK ?
	    "{\"status\":\"success\"}\n" :
	    "{\"status\":\"failure\",\"error\":\"out of memory for its "
	    "message\"}\n";
	struct bk_buf b = {0};
	int rc;

	if (compose(&b, a, result) == 0)
		rc = bk_io_write(link_fd, b.data, b.len, RECORDER, e);
	else
		rc = bk_io_write(link_fd, brief, strlen(brief), RECORDER, e);
	bk_buf_free(&b);
	return rc;
}

/* Without a recorder: by this process, not chained. */
static int
append(const char *log, const struct bk_audit *a, const struct bk_err *result,
    struct bk_err *e)
{
	struct bk_err cause = refused;

	if (cause.code == BK_OK &&
	    bk_audit_append(log, reserved, a, result, &cause) == 0)
		return 0;
	return fail_log(e, log, cause.msg);
}

int
audit_line_end(const char *log, const struct bk_audit *a, int status_fd,
    const struct bk_err *result, struct bk_err *e)
{
	struct bk_err unsent = {0};
	int verdict;

	if (!was_started && audit_line_start(log, a, status_fd, e) == -1)
		return -1;
	if (unstarted.code != BK_OK) {
		*e = unstarted;
		e->quiet = 1;
		return -1;
	}
	if (link_fd == -1)
		return append(log, a, result, e);
	(void)send_result(a, result, &unsent);
	audit_line_finish();
	if ((verdict = judge(log, e)) == -1)
		return append(log, a, result, e);
	if (verdict == 1 && unsent.code != BK_OK)
		return bk_fail(e, BK_FAIL, "audit log %s: %s; its line says "
		    "that this run was killed", log, unsent.msg);
	return verdict == 1 ? 0 : -1;
}
