#ifndef BK_DUMP_TASK_QUEUE_H
#define BK_DUMP_TASK_QUEUE_H
/*
 * Tasks done by several workers at once, their output taken in order.
 *
 *	workers: take a task -> put buffers -> finish        (any of them)
 *	writer:  pop buffers and ends of tasks in their order (one thread)
 *
 * At most 2 * workers tasks are under way or done and not yet written, and of
 * each at most BK_TASK_QUEUE_TASK bytes are held: who has more to put waits
 * until the writer has come to his task.  The writer's task is always in
 * somebody's hands (tasks are taken in order), so it moves on and nobody waits
 * for ever.  What a worker holds itself comes on top: one row.
 *
 * Memory: 2 * workers * BK_TASK_QUEUE_TASK at most.
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

struct bk_slot {		/* a task under way */
	struct bk_task task;
	uint64_t rows;		/* rows or large objects; the worker counts */
	uint64_t bytes;
	struct bk_digest digest;
	/* the queue's own: */
	struct bk_qbuf *head, *tail;
	size_t held;
	int finished;
};

struct bk_task_queue;

/* A queue for so many workers; it is shut: bk_task_queue_take() waits. */
struct bk_task_queue *bk_task_queue_new(unsigned workers, struct bk_err *e);
void bk_task_queue_free(struct bk_task_queue *q);

/* Let workers take the tasks of plan, which is the queue's from now on. */
void bk_task_queue_open(struct bk_task_queue *q, struct bk_tasks *plan);

/* Workers: the next task, NULL when there are no more or all is over. */
struct bk_slot *bk_task_queue_take(struct bk_task_queue *q);

/* An empty buffer; NULL with *e set: memory. */
struct bk_qbuf *bk_task_queue_buf(struct bk_task_queue *q, struct bk_err *e);

/*
 * Hand over buf, which is the queue's in any case.  0, or -1 if all is over:
 * the worker just leaves.
 */
int bk_task_queue_put(struct bk_task_queue *q, struct bk_slot *s,
    struct bk_qbuf *buf);

/* Wait until the writer has come to s; 0, or -1 if all is over. */
int bk_task_queue_await(struct bk_task_queue *q, struct bk_slot *s);

void bk_task_queue_finish(struct bk_task_queue *q, struct bk_slot *s);

/* All is over because of *why (the first one counts). */
void bk_task_queue_fail(struct bk_task_queue *q, const struct bk_err *why);

/*
 * Writer: the current task's buffers in *list (NULL: none), and whether that
 * was all of it.  1; 0 when all tasks are written; -1 with *e set to what a
 * worker said.  Then bk_task_queue_recycle() each buffer when it is written,
 * and bk_task_queue_retire() if *ended.
 */
int bk_task_queue_pop(struct bk_task_queue *q, struct bk_slot **s,
    struct bk_qbuf **list, int *ended, struct bk_err *e);
void bk_task_queue_recycle(struct bk_task_queue *q, struct bk_qbuf *buf);
void bk_task_queue_retire(struct bk_task_queue *q);

#endif
