#include "run_pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/utctime.h"

#define LOOK_MS 200		/* between two looks at the shell */
#define GRACE 60		/* seconds from SIGTERM to SIGKILL: an upload
				 * that is being completed gets its answer */
#define LAST 5			/* seconds after that */
#define EXIT_TIME 5		/* seconds for a shell whose stages are done */
#define FIRST_FD 60		/* a shell script's own are 0 to 9 */

struct run {
	const struct run_pipeline *p;
	struct bk_stages *stages;
	atomic_int shell;
	int reports;		/* what the stages report; -1: all closed */
	int stopping, shell_ran;	/* the shell did when we began to */
	double begun, stopped;	/* of bk_monotonic() */
	struct bk_err why;	/* that we have ended it */
};

/* The end that the stages write to, under a number that no script uses. */
static int
out_of_the_way(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (high == -1)
		return fd;
	close(fd);
	return high;
}

static int
start(struct run *r, struct bk_err *e)
{
	char shell[] = "/bin/sh", option[] = "-c", status[16],
	    *text = strdup(r->p->text),
	    *argv[] = { shell, option, text, NULL };
	int pipe[2] = { -1, -1 }, rc = -1;

	if (text == NULL)
		return bk_fail_memory(e);
	if (bk_io_pipe(pipe, e) == 0) {
		pipe[1] = out_of_the_way(pipe[1]);
		(void)snprintf(status, sizeof(status), "%d", pipe[1]);
		if (run_env_set(r->p->env, "BK_STATUS_FD", status, e) == 0)
			rc = bk_child_spawn_group(&r->shell, argv,
			    r->p->env->v, (int[3]){ r->p->in, -1, -1 },
			    pipe[1], e);
		close(pipe[1]);
	}
	if (rc == -1 && pipe[0] != -1)
		close(pipe[0]);
	else
		r->reports = pipe[0];
	free(text);
	return rc;
}

/* End the whole group, and if that does not help, at once. */
static void
stop(struct run *r)
{
	double now = bk_monotonic();

	if (!r->stopping) {
		r->shell_ran = !bk_child_ended(&r->shell);
		bk_child_kill_group(&r->shell, SIGTERM);
		r->stopped = now;
	} else if (now - r->stopped > GRACE)
		bk_child_kill_group(&r->shell, SIGKILL);
	r->stopping = 1;
}

static int
take_reports(struct run *r, struct bk_err *e)
{
	char text[4096];
	ssize_t n = read(r->reports, text, sizeof(text));

	if (n == -1)
		return errno == EINTR ? 0 : bk_fail_errno(e, "BK_STATUS_FD");
	if (n > 0)
		return bk_stages_take(r->stages, text, (size_t)n, e);
	close(r->reports);
	r->reports = -1;
	return 0;
}

/*
 * A shell may not wait for all of its pipeline: it is over when nobody can
 * report any more.  What has left the group and heeds no signal is not waited
 * for.
 */
static int
is_over(const struct run *r)
{
	return bk_child_ended(&r->shell) && (r->reports == -1 ||
	    (r->stopping && bk_monotonic() - r->stopped > GRACE + LAST));
}

/* All that has begun has ended, and the shell is about to. */
static int
is_done(const struct bk_stages *s)
{
	return s->n > 0 && s->ended == s->n;
}

static int
is_late(const struct run *r)
{
	return r->p->timeout > 0 && bk_monotonic() - r->begun >
	    r->p->timeout + (is_done(r->stages) ? EXIT_TIME : 0);
}

static int
watch(struct run *r, struct bk_err *e)
{
	struct pollfd fds[2];
	int late = 0, rc = 0;

	while (!is_over(r)) {
		fds[0] = (struct pollfd){ .fd = r->reports, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = r->stopping ? -1 : r->p->stop,
		    .events = POLLIN };
		if (poll(fds, 2, LOOK_MS) == -1 && errno != EINTR)
			rc = bk_fail_errno(e, "poll");
		if (fds[0].revents != 0 && take_reports(r, e) == -1)
			rc = -1;
		late |= is_late(r);
		if (rc == -1 || late || r->stopping || fds[1].revents != 0)
			stop(r);
	}
	if (rc == 0 && r->stopping)
		(void)bk_fail(&r->why, BK_FAIL, late ? "not done within its "
		    "--timeout, and ended" : "ended by a signal");
	return rc;
}

/*
 * Was it done when we ended it?  If the shell has said so itself: what it left
 * in the background was not.
 */
static int
was_done(const struct run *r, int status)
{
	struct bk_err cause = {0};

	return r->shell_ran && status == 0 && bk_stages_judge(r->stages,
	    status, 0, &cause) == 0;
}

int
run_pipeline(const struct run_pipeline *p, struct bk_stages *stages,
    int *status, struct bk_err *e)
{
	struct run r = { .p = p, .stages = stages, .reports = -1,
	    .begun = bk_monotonic() };
	int rc;

	if (start(&r, e) == -1)
		return -1;
	rc = watch(&r, e);
	if (bk_child_reap_group(&r.shell, status) == -1 && rc == 0)
		rc = bk_fail_errno(e, "/bin/sh: wait");
	if (r.reports != -1) {
		close(r.reports);
		*p->left = 1;
	}
	if (rc == 0 && r.why.code != BK_OK && !was_done(&r, *status)) {
		*e = r.why;
		rc = -1;
	}
	return rc;
}
