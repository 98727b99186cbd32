#ifndef BK_DUMP_TASK_QUEUE_H
#define BK_DUMP_TASK_QUEUE_H
/*
 * Tasks executed concurrently by several workers, the output written in order.
 *
 *	workers: take a task -> put buffers -> finish     (several threads)
 *	writer:  pop buffers and ends of tasks, in order  (one thread)
 *
 * At most 2 * workers tasks are in progress or finished but not yet written,
 * with at most BK_TASK_QUEUE_TASK bytes each: a worker with more waits until
 * its task is the one being written.  Tasks are taken in order, so that one is
 * always finished or held by a worker that does not wait: no deadlock.
 *
 * Memory: 2 * workers * BK_TASK_QUEUE_TASK at most, and one row per worker.
 */
#include <stdint.h>

#include "archive/digest.h"
#include "dump/tasks.h"

#define BK_TASK_QUEUE_BUF (256 * 1024)
#define BK_TASK_QUEUE_TASK (8 * 1024 * 1024)

struct bk_qbuf {		/* COPY text; large objects as in the archive */
	struct bk_qbuf *next;
	size_t len;
	uint8_t data[BK_TASK_QUEUE_BUF];
};

struct bk_slot {		/* a task in progress */
	struct bk_task task;
	uint64_t rows;		/* or large objects; set by the worker */
	uint64_t bytes;
	struct bk_digest digest;
	/* private to the queue: */
	struct bk_qbuf *head, *tail;
	size_t held;
	int finished;
};

struct bk_task_queue;

/* A queue without tasks: bk_task_queue_take() waits. */
struct bk_task_queue *bk_task_queue_new(unsigned workers, struct bk_err *e);
void bk_task_queue_free(struct bk_task_queue *q);

/* Let workers take these tasks; the queue uses *tasks from now on. */
void bk_task_queue_open(struct bk_task_queue *q, struct bk_tasks *tasks);

/* Workers: the next task; NULL if there are no more, or after a failure. */
struct bk_slot *bk_task_queue_take(struct bk_task_queue *q);

/* An empty buffer; NULL with *e set: memory. */
struct bk_qbuf *bk_task_queue_buf(struct bk_task_queue *q, struct bk_err *e);

/*
 * Append buf to s; the queue owns it in any case.  0; -1 after a failure: the
 * worker returns, without a report of its own.
 */
int bk_task_queue_put(struct bk_task_queue *q, struct bk_slot *s,
    struct bk_qbuf *buf);

/* Wait until s is the task being written; 0, or -1 after a failure. */
int bk_task_queue_await(struct bk_task_queue *q, struct bk_slot *s);

void bk_task_queue_finish(struct bk_task_queue *q, struct bk_slot *s);

/* End everything with this failure; the first one counts. */
void bk_task_queue_fail(struct bk_task_queue *q, const struct bk_err *failure);

/*
 * Writer: wait for the current task.  1 with *list its buffers (NULL: none) and
 * *ended set if it is finished; 0 after the last task; -1 with *e a worker's
 * failure.  Write each buffer and bk_task_queue_recycle() it, then
 * bk_task_queue_retire() if *ended.
 */
int bk_task_queue_pop(struct bk_task_queue *q, struct bk_slot **s,
    struct bk_qbuf **list, int *ended, struct bk_err *e);
void bk_task_queue_recycle(struct bk_task_queue *q, struct bk_qbuf *buf);
void bk_task_queue_retire(struct bk_task_queue *q);

#endif
