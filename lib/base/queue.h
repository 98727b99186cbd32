#ifndef BK_BASE_QUEUE_H
#define BK_BASE_QUEUE_H
/*
 * A bounded queue between threads, with a fixed set of buffers.
 *
 *	producer: get an empty buffer -> fill -> put
 *	consumer: take -> use -> recycle
 *
 * First in, first out, with any number of threads on either side.  Producers
 * wait for an empty buffer, consumers for a filled one, until the end or a
 * failure; the first failure is kept for both sides.
 *
 * For another order keep a list of your own under lock, and wait for filled or
 * emptied unless stopped: bk_handover_stop() wakes up both sides.
 */
#include <pthread.h>

#include "base/err.h"

struct bk_link {		/* a buffer's first member */
	struct bk_link *next;
	int more;		/* the next one is for the same consumer */
};

struct bk_handover {
	pthread_mutex_t lock;	/* protects all members */
	pthread_cond_t filled, emptied;
	int stopped;		/* no thread waits any longer */
	struct bk_err failure;	/* code 0: none */
	int ended;		/* nothing more will be put */
	struct bk_link *head, *tail;	/* put, not yet taken */
	struct bk_link *empty;
	pthread_t holder;	/* if held: took a buffer with more */
	int held;
};

enum bk_wait { BK_NOW, BK_WAIT };

/* Initially without buffers: add each by bk_handover_recycle(). */
void bk_handover_init(struct bk_handover *h);
void bk_handover_destroy(struct bk_handover *h);	/* keeps the buffers */

/* An empty buffer; NULL: none available (BK_NOW), or stopped. */
void *bk_handover_get(struct bk_handover *h, enum bk_wait wait);
void bk_handover_put(struct bk_handover *h, void *buffer);

/* Nothing more will be put. */
void bk_handover_end(struct bk_handover *h);

/* The next filled buffer; NULL: none yet (BK_NOW), the end, or stopped. */
void *bk_handover_take(struct bk_handover *h, enum bk_wait wait);

/* Return a buffer, from get or take, to the empty ones. */
void bk_handover_recycle(struct bk_handover *h, void *buffer);

/* Make both sides stop waiting, with this failure, or NULL for none. */
void bk_handover_stop(struct bk_handover *h, const struct bk_err *failure);

/* 1: ended, and everything was taken; 0: not yet; -1 with *e set: failed. */
int bk_handover_over(struct bk_handover *h, struct bk_err *e);

#endif
