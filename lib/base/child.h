#ifndef BK_BASE_CHILD_H
#define BK_BASE_CHILD_H
/*
 * Child processes.  Only this module waits for any.  struct bk_child is a
 * client program of PostgreSQL (pg_dump, pg_dumpall, pg_restore): its standard
 * output is read as a stream, its standard error is collected, so that its
 * failure becomes one error message.
 */
#include <sys/types.h>

#include <stdatomic.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Start argv[0], looked up in PATH if it has no slash, with env, no signal
 * blocked, and fds as its standard input, output and error; -1: nothing as
 * input, inherited as output or error.  The descriptor pass is open in it,
 * under its own number, also if it is closed on exec; -1: none.  0, or -1 with
 * *e set and *pid 0.
 */
int bk_child_spawn(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], int pass, struct bk_err *e);

/*
 * The same, as the leader of a process group of its own, and where the system
 * can do so in a session of its own: without a terminal, at which a process in
 * the background would wait for ever.
 */
int bk_child_spawn_group(atomic_int *pid, char *const argv[],
    char *const env[], const int fds[3], int pass, struct bk_err *e);

/*
 * Wait until the child *pid has ended, set *status, and set *pid to 0 before
 * its number can be reused.  0; -1 with errno set, *pid 0 and *status
 * unchanged: there is no such child.
 */
int bk_child_reap(atomic_int *pid, int *status);

/* The same; if it has failed, SIGTERM to what is left of its group. */
int bk_child_reap_group(atomic_int *pid, int *status);

/* Send sig to the group of *pid, as bk_child_kill() does to a child. */
void bk_child_kill_group(const atomic_int *pid, int sig);

/*
 * Send SIGTERM to the child *pid; does nothing if it is 0.  May be called from
 * another thread than the one that starts and reaps the child: it never
 * signals a reused pid.
 */
void bk_child_kill(const atomic_int *pid);

/* 1 if the child *pid has ended, and stays to be reaped, or was reaped. */
int bk_child_ended(const atomic_int *pid);

#define BK_CHILD_STDERR 4096	/* size of the buffer for standard error */

struct bk_child {
	pid_t pid;		/* 0: none */
	int in;			/* its standard input; -1: nothing */
	int out, err;		/* read ends, -1: closed */
	int ended;		/* end of its output was read */
	int exited;		/* waited for: its exit status; -1: none */
	const char *name;	/* for messages; borrowed */
	char stderr_text[BK_CHILD_STDERR];	/* the beginning of it */
	size_t stderr_len;
	atomic_int *watch;	/* NULL, or pid while it runs, for another
				 * thread */
};

/* The initial value: no process. */
#define BK_CHILD_NONE { .in = -1, .out = -1, .err = -1, .exited = -1 }

/*
 * Start argv[0] (a path) with env.  *c is BK_CHILD_NONE except for watch and
 * in, which stays the caller's.  0, or -1 with *e set.
 */
int bk_child_start(struct bk_child *c, char *const argv[], char *const env[],
    struct bk_err *e);

/*
 * Read at most n bytes of its output as soon as there are any.  0 at the end;
 * -1 with *e set.  ctx is a struct bk_child (for bk_source).
 */
ssize_t bk_child_read(void *ctx, void *buf, size_t n, struct bk_err *e);

/*
 * Wait until it has ended.  0 if its exit status is 0; -1 with *e set: its own
 * error message, else the status.
 */
int bk_child_wait(struct bk_child *c, struct bk_err *e);

/*
 * Read what is available of its standard error, close that, and send SIGTERM;
 * bk_child_free() waits for the process.
 */
void bk_child_stop(struct bk_child *c);

/* Stop it if it is running, wait, close; may be called again. */
void bk_child_free(struct bk_child *c);

/*
 * Run argv and append its output, at most max bytes, to *out.  0, or -1 with *e
 * set; *exited, unless that is NULL, is its exit status, -1 if it has none.
 */
int bk_child_capture(char *const argv[], char *const env[], size_t max,
    atomic_int *watch, struct bk_buf *out, int *exited, struct bk_err *e);

#endif
