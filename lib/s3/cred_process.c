#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "base/debug.h"
#include "base/io.h"
#include "base/utctime.h"
#include "json/json_parse.h"
#include "s3/cred_source.h"

#define OUTPUT_MAX (64 * 1024)
#define SECONDS 60

/*
 * In the child, between fork() and exec: async-signal-safe calls only.  The
 * signals are as a shell would have them, also those the tool ignores.  A group
 * of its own, because a killed shell's commands go on running.
 */
_Noreturn static void
run(const char *command, int out)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null != -1 && dup2(null, STDIN_FILENO) != -1 &&
	    dup2(out, STDOUT_FILENO) != -1)
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(126);
}

/* Wait until fd can be read; -1 with *e set after time is up, or at a stop. */
static int
wait_for(int fd, int stop, double deadline, struct bk_err *e)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop, .events = POLLIN },
	};
	int n;

	while ((n = poll(p, 2, 1000)) <= 0) {
		if (n == -1 && errno != EINTR)
			return bk_fail_errno(e, "credential_process: poll");
		if (bk_monotonic() >= deadline)
			return bk_fail(e, BK_FAIL, "credential_process: no "
			    "keys within %d seconds", SECONDS);
	}
	if (p[1].revents != 0)
		return bk_fail(e, BK_FAIL, "credential_process: interrupted");
	return 0;
}

/* Read all its output; a byte over the limit shows that there is too much. */
static int
collect(int fd, int stop, struct bk_buf *out, struct bk_err *e)
{
	double deadline = bk_monotonic() + SECONDS;
	ssize_t n;

	if (bk_buf_reserve(out, OUTPUT_MAX + 1, e) == -1)
		return -1;
	do {
		if (wait_for(fd, stop, deadline, e) == -1)
			return -1;
		n = read(fd, out->data + out->len, OUTPUT_MAX + 1 - out->len);
		if (n == -1 && errno != EINTR)
			return bk_fail_errno(e, "credential_process: read");
		out->len += n > 0 ? (size_t)n : 0;
	} while (n != 0 && out->len <= OUTPUT_MAX);
	out->data[out->len] = '\0';
	if (out->len > OUTPUT_MAX)
		return bk_fail(e, BK_FAIL, "credential_process: printed more "
		    "than %d bytes", OUTPUT_MAX);
	return 0;
}

static int
reap(atomic_int *pid, struct bk_err *e)
{
	int status;

	if (bk_child_reap(pid, &status) == -1)
		return bk_fail_errno(e, "credential_process: wait");
	if (WIFSIGNALED(status))
		return bk_fail(e, BK_FAIL, "credential_process: killed by "
		    "signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return bk_fail(e, BK_FAIL, "credential_process: exit status "
		    "%d", WEXITSTATUS(status));
	return 0;
}

static int
check_version(const char *text, struct bk_err *e)
{
	json_t *o = bk_json_parse(text, strlen(text), 0, NULL, e);
	int good = o == NULL ||		/* bk_cred_keys_json() reports it */
	    json_integer_value(json_object_get(o, "Version")) == 1;

	json_decref(o);
	if (!good)
		return bk_fail(e, BK_FAIL, "credential_process: its answer is "
		    "not \"Version\": 1");
	return e->code == BK_OK ? 0 : -1;
}

int
bk_cred_process(const char *command, int stop, struct bk_cred_keys *k,
    struct bk_err *e)
{
	struct bk_buf out = {0};
	int p[2], rc = -1;
	atomic_int pid;

	if (bk_io_pipe(p, e) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		run(command, p[1]);
	close(p[1]);
	if (pid == -1) {
		bk_fail_errno(e, "credential_process: fork");
		close(p[0]);
		return -1;
	}
	bk_debug_started(pid, (char *[]){ "sh", "-c",
	    (char *)(uintptr_t)command, NULL });
	rc = collect(p[0], stop, &out, e);
	close(p[0]);			/* if it has more, it gets SIGPIPE */
	if (rc == -1) {
		(void)setpgid(pid, pid);	/* if it is not yet that far */
		(void)kill(-pid, SIGKILL);
	}
	if (reap(&pid, e) == -1 || rc == -1 || check_version(out.data, e) == -1)
		rc = -1;
	else
		rc = bk_cred_keys_json(k, "credential_process", out.data,
		    "SessionToken", e);
	bk_buf_free(&out);
	return rc;
}
