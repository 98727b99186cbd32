#ifndef BK_VERIFY_STREAM_SPLIT_H
#define BK_VERIFY_STREAM_SPLIT_H
/*
 * A stream with two readers: what the caller reads by bk_split_read() goes
 * through a pipe to a thread, too, which checks it.
 *
 *	start -> bk_split_read() by the caller -> finish -> free
 */
#include <pthread.h>

#include "archive/archive.h"

struct bk_split {
	/* set by the caller: the stream, and its second reader */
	struct bk_source src;
	int (*check)(void *ctx, struct bk_source src, struct bk_err *e);
	void *ctx;
	/* the module's own */
	int to, from;		/* the pipe; -1: closed */
	pthread_t thread;
	int runs, rc;
	struct bk_err e;	/* of check */
};

/* Start the thread; -1 with *e set.  bk_split_free() in either case. */
int bk_split_start(struct bk_split *b, struct bk_err *e);

/* A bk_source for the first reader; ctx is the struct bk_split. */
ssize_t bk_split_read(void *ctx, void *buf, size_t n, struct bk_err *e);

/*
 * The first reader has ended with rc.  Wait for the check; if reading, it gets
 * the rest of the stream even if rc is -1: if the reason is damage in it, that
 * is what to report.  rc, or -1 with *e set.
 */
int bk_split_finish(struct bk_split *b, int reading, int rc,
    struct bk_err *e);

void bk_split_free(struct bk_split *b);	/* waits for the thread */

#endif
