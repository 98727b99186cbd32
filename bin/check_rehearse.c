#include "check_rehearse.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/num.h"
#include "base/utctime.h"
#include "job/plain.h"
#include "tool/own_dir.h"
#include "tool/run_tell.h"

#define SECONDS 25.0		/* for one job */
#define LINE_MAX_LEN 16384	/* of a line that does not end */

static atomic_int shell;	/* its process, or 0 */

void
check_stop(void)
{
	bk_child_kill_group(&shell, SIGTERM);
}

/* --- what arrives on the descriptor */

static void
take_line(struct check_findings *f, const char *line)
{
	enum bk_ready how;
	const char *text = bk_ready_parse(line, &how);

	if (text != NULL)
		check_report(f, how, text);
	else if (*line != '\0')		/* the shell's, a server's, ... */
		check_say(f, BK_READY_UNKNOWN, "it says: %s", line);
}

/* The lines in text, of which the last may not be whole yet. */
static void
take_lines(struct check_findings *f, struct bk_buf *text)
{
	char *from = text->data, *end;

	while ((end = memchr(from, '\n', text->len -
	    (size_t)(from - text->data))) != NULL) {
		*end = '\0';
		take_line(f, from);
		from = end + 1;
	}
	text->len -= (size_t)(from - text->data);
	memmove(text->data, from, text->len);
	text->data[text->len] = '\0';
	if (text->len > LINE_MAX_LEN) {
		take_line(f, text->data);
		text->len = 0;
	}
}

/* To the end of what comes from fd.  1: it took too long. */
static int
listen_to(int fd, struct check_findings *f, struct bk_err *e)
{
	const double end = bk_monotonic() + SECONDS;
	struct bk_buf text = {0};
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[4096];
	double left;
	ssize_t n = -1;
	int rc;

	while ((left = end - bk_monotonic()) > 0) {
		if ((rc = poll(&p, 1, (int)(left * 1000) + 1)) == -1 &&
		    errno != EINTR)
			break;
		if (rc < 1)
			continue;
		if ((n = read(fd, buf, sizeof(buf))) == -1 && errno == EINTR)
			continue;
		if (n < 1 || bk_buf_add(&text, buf, (size_t)n, e) == -1)
			break;
		take_lines(f, &text);
	}
	if (text.len > 0)
		take_line(f, text.data);
	bk_buf_free(&text);
	return left <= 0;
}

/* --- the pipeline */

/* A pipe, of which the tools get the end for writing. */
static int
open_pipe(int p[2], struct run_env *env, struct bk_err *e)
{
	char number[BK_NUM_TEXT];

	if (bk_io_pipe(p, e) == -1)
		return -1;
	(void)snprintf(number, sizeof(number), "%d", p[1]);
	if (run_env_set(env, "BK_CHECK_FD", number, e) == 0)
		return 0;
	close(p[0]);
	close(p[1]);
	return -1;
}

/* The shell's own failure, which no tool has told. */
static void
judge(int status, struct check_findings *f)
{
	if (WIFSIGNALED(status))
		check_say(f, BK_READY_PROBLEM, "the pipeline was killed by "
		    "signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != BK_NONE)
		check_say(f, BK_READY_PROBLEM, "the pipeline ended with exit "
		    "status %d", WEXITSTATUS(status));
}

static int
run(char *text, const struct run_env *env, const int p[2],
    struct check_findings *f, struct bk_err *e)
{
	const unsigned before = f->problems;
	char program[] = "/bin/sh", option[] = "-c",
	    *argv[] = { program, option, text, NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status = 0, rc,
	    late;

	/* what the shell itself says is a line, too */
	rc = null == -1 ? bk_fail_errno(e, "/dev/null") :
	    bk_child_spawn_group(&shell, argv, env->v, (int[3]){ -1, null,
	    p[1] }, p[1], e);
	close(p[1]);
	if (null != -1)
		close(null);
	if (rc == -1)
		return -1;
	if ((late = listen_to(p[0], f, e))) {
		bk_child_kill_group(&shell, SIGKILL);
		check_say(f, BK_READY_UNKNOWN, "it was ended after %.0f "
		    "seconds; what did not answer has no line here", SECONDS);
	}
	if (bk_child_reap(&shell, &status) == -1)
		return bk_fail_errno(e, "/bin/sh: wait");
	if (!late && f->problems == before)
		judge(status, f);
	return e->code == BK_OK ? 0 : -1;
}

/* Is the tool there?  *arg is the findings. */
static int
look_for(void *arg, const char *tool, struct bk_err *e)
{
	struct bk_buf path = {0};
	int rc = own_dir(tool, &path, e);

	if (rc == 0 && access(path.data, X_OK) == -1)
		check_say(arg, BK_READY_PROBLEM, "%s: %s; install all tools "
		    "of one version", path.data, strerror(errno));
	bk_buf_free(&path);
	return rc;
}

int
check_rehearse(char *text, struct run_env *env, struct check_findings *f,
    struct bk_err *e)
{
	struct bk_err why = {0};
	int p[2], rc;

	if (bk_job_plain(text, look_for, f, &why) == -1) {
		check_say(f, BK_READY_UNKNOWN, "the pipeline is not "
		    "rehearsed: it has %s; only tools of bk, with '|' between "
		    "them, are", why.msg);
		return 0;
	}
	if (open_pipe(p, env, e) == -1)
		return -1;
	rc = run(text, env, p, f, e);
	close(p[0]);
	return rc;
}

int
check_tell(const char *path, const char *spec, struct run_env *env,
    struct check_findings *f, struct bk_err *e)
{
	static const struct bk_err done = {0};
	const unsigned before = f->n;
	struct bk_err why = {0};
	int p[2], rc;

	if (open_pipe(p, env, e) == -1)
		return -1;
	rc = run_tell(path, spec, env->v, &done, "", p[1], &why);
	close(p[1]);
	(void)listen_to(p[0], f, e);
	close(p[0]);
	if (rc == -1 && f->n == before)	/* else bk-notify has said it */
		check_say(f, BK_READY_PROBLEM, "--tell: %s", why.msg);
	return e->code == BK_OK ? 0 : -1;
}
