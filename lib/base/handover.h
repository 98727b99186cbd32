#ifndef BK_BASE_HANDOVER_H
#define BK_BASE_HANDOVER_H
/*
 * A bounded queue between threads: a fixed set of buffers that go round.
 *
 *	get an empty one -> fill -> put ... take -> use -> recycle
 *
 * They are taken in the order in which they were put.  No empty buffer means
 * that whoever fills waits, no filled one that whoever takes waits, until the
 * end or a failure, of which the first is kept for both sides.  Any number of
 * threads may be on either side.
 *
 * For another order than first in, first out keep a list of your own under
 * lock, and wait for filled or emptied unless stopped: bk_handover_stop() wakes
 * up both sides.
 */
#include <pthread.h>

#include "base/err.h"

struct bk_link {		/* a buffer's first member */
	struct bk_link *next;
	int more;		/* the next one is for who takes this one */
};

struct bk_handover {
	pthread_mutex_t lock;	/* for all of it */
	pthread_cond_t filled, emptied;
	int stopped;		/* nobody waits any more */
	struct bk_err why;	/* of the failure; code 0: there was none */
	int ended;		/* no more will be put */
	struct bk_link *head, *tail;	/* put and not taken */
	struct bk_link *empty;
	pthread_t holder;	/* who took one with more, if held */
	int held;
};

enum bk_wait { BK_NOW, BK_WAIT };

/* Nothing in it: recycle each buffer once. */
void bk_handover_init(struct bk_handover *h);
void bk_handover_destroy(struct bk_handover *h);	/* not the buffers */

/* An empty buffer; NULL: none now (BK_NOW), or stopped. */
void *bk_handover_get(struct bk_handover *h, enum bk_wait wait);
void bk_handover_put(struct bk_handover *h, void *buffer);

/* No more will be put. */
void bk_handover_end(struct bk_handover *h);

/* The next filled buffer; NULL: none now (BK_NOW), the end, or stopped. */
void *bk_handover_take(struct bk_handover *h, enum bk_wait wait);

/* A buffer, got or taken, is not needed any more. */
void bk_handover_recycle(struct bk_handover *h, void *buffer);

/* Wake up everybody to leave, because of *why; NULL: it is no failure. */
void bk_handover_stop(struct bk_handover *h, const struct bk_err *why);

/* 1: ended, and all was taken; 0: not yet; -1 with *e set: a failure. */
int bk_handover_over(struct bk_handover *h, struct bk_err *e);

#endif
