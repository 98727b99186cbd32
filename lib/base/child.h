#ifndef BK_BASE_CHILD_H
#define BK_BASE_CHILD_H
/*
 * Child processes: the one place that waits for any, and a client program of
 * PostgreSQL (pg_dump, pg_dumpall, pg_restore) that we read: its standard
 * output as a stream, its standard error kept aside, so that a failure of its
 * own becomes one line of ours.
 */
#include <sys/types.h>

#include <stdatomic.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Start argv[0], found in PATH if it has no slash, with env, no signal
 * blocked, and these as its input, output and error; -1: /dev/null as its
 * input, ours as one of the others.  0, or -1 with *e set and *pid 0.
 */
int bk_child_spawn(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], struct bk_err *e);

/*
 * Wait for the end of the child *pid, whose status becomes *status, and set
 * *pid to 0 before its number can be another process's.  0; -1 with errno set,
 * *pid 0 and *status as it was: there is no such child.
 */
int bk_child_reap(atomic_int *pid, int *status);

/*
 * Ask the child *pid to stop (SIGTERM); 0: there is none.  For another thread
 * than the one that starts and reaps it; never hits a stranger.
 */
void bk_child_kill(const atomic_int *pid);

#define BK_CHILD_STDERR 4096	/* of its standard error, kept */

struct bk_child {
	pid_t pid;		/* 0: none */
	int in;			/* its standard input; -1: /dev/null */
	int out, err;		/* read ends, -1: closed */
	int ended;		/* its output is at its end */
	const char *name;	/* for messages; borrowed */
	char words[BK_CHILD_STDERR];
	size_t nwords;
	atomic_int *watch;	/* holds pid while it runs, for another
				 * thread; or NULL */
};

/* None yet. */
#define BK_CHILD_NONE { .in = -1, .out = -1, .err = -1 }

/*
 * Start argv[0] (a path) with env; SIGPIPE as it should be.  *c was
 * BK_CHILD_NONE, but for watch and in, which stays the caller's.
 */
int bk_child_start(struct bk_child *c, char *const argv[], char *const env[],
    struct bk_err *e);

/*
 * Read what there is of its output, at most n bytes, waiting for the first.
 * 0 at its end; -1 with *e set.  ctx is a struct bk_child (a bk_source).
 */
ssize_t bk_child_read(void *ctx, void *buf, size_t n, struct bk_err *e);

/*
 * Wait for its end.  0 if it exited 0; -1 with *e set: its own last words,
 * or the status.
 */
int bk_child_wait(struct bk_child *c, struct bk_err *e);

/*
 * Take what it has said so far into words, ask it to stop and hear no more of
 * it; bk_child_free() waits for it.
 */
void bk_child_stop(struct bk_child *c);

/* Stop it if it still runs, wait, close: *c is BK_CHILD_NONE again. */
void bk_child_free(struct bk_child *c);

/*
 * Run argv to its end and append its output, at most max bytes, to *out;
 * 0, or -1 with *e set.
 */
int bk_child_capture(char *const argv[], char *const env[], size_t max,
    atomic_int *watch, struct bk_buf *out, struct bk_err *e);

#endif
