/* The queue of a dump: order, bounds, no deadlock, failures. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "dump/task_queue.h"
#include "tap.h"

#define WORKERS 4
#define TASKS 200

static struct bk_task_queue *q;
static _Atomic int fail_at = -1;

/* Task t puts t % 50 buffers that hold its number; task 0 is slow. */
static void *
work(void *arg)
{
	struct bk_err e = {0};
	struct bk_slot *s;
	struct bk_qbuf *b;
	uint64_t i;

	(void)arg;
	while ((s = bk_task_queue_take(q)) != NULL) {
		uint64_t t = s->task.from;

		if (t % 7 == 0 && bk_task_queue_await(q, s) == -1)
			return NULL;
		for (i = 0; i < t % 50; i++) {
			if ((b = bk_task_queue_buf(q, &e)) == NULL)
				return NULL;
			memcpy(b->data, &t, sizeof(t));
			b->len = BK_TASK_QUEUE_BUF;
			if (bk_task_queue_put(q, s, b) == -1)
				return NULL;
			s->rows++;
		}
		if ((int)t == fail_at) {
			bk_fail(&e, BK_FAIL, "task %d", (int)t);
			bk_task_queue_fail(q, &e);
			return NULL;
		}
		bk_task_queue_finish(q, s);
	}
	return NULL;
}

/* The number of tasks seen in order, -1 on any error. */
static int
drain(struct bk_err *e)
{
	struct bk_qbuf *list, *next;
	struct bk_slot *s;
	uint64_t seen = 0, got = 0, t;
	int ended, rc;

	while ((rc = bk_task_queue_pop(q, &s, &list, &ended, e)) == 1) {
		if (s->task.from != seen)
			return -1;
		for (; list != NULL; list = next) {
			next = list->next;
			memcpy(&t, list->data, sizeof(t));
			if (t != seen)
				return -1;
			got++;
			bk_task_queue_recycle(q, list);
		}
		if (ended) {
			if (got != seen % 50 || s->rows != got)
				return -1;
			got = 0;
			seen++;
			bk_task_queue_retire(q);
		}
	}
	return rc == -1 ? -1 : (int)seen;
}

static int
run(int fail, int writer_fails, struct bk_err *e)
{
	struct bk_dump_item item = { .splits = 1, .pages = TASKS, .step = 1 };
	struct bk_tasks plan = { .item = &item, .n = 1 };
	pthread_t tid[WORKERS];
	const struct bk_err over = { .code = BK_FAIL, .msg = "writer" };
	int i, rc;

	fail_at = fail;
	q = bk_task_queue_new(WORKERS, e);
	for (i = 0; i < WORKERS; i++)
		pthread_create(&tid[i], NULL, work, NULL);
	bk_task_queue_open(q, &plan);
	if (writer_fails)
		bk_task_queue_fail(q, &over);
	rc = drain(e);
	for (i = 0; i < WORKERS; i++)
		pthread_join(tid[i], NULL);
	bk_task_queue_free(q);
	return rc;
}

int
main(void)
{
	struct bk_err e = {0};

	is_int(run(-1, 0, &e), TASKS, "all tasks, each whole, in order");
	is_int(run(150, 0, &e), -1, "a worker fails: the writer is told");
	is_str(e.msg, "task 150", "what it said");
	e = (struct bk_err){0};
	is_int(run(-1, 1, &e), -1, "the writer fails: workers leave");
	q = bk_task_queue_new(1, &e);
	bk_task_queue_free(q);
	bk_task_queue_free(NULL);
	ok(1, "an empty queue");
	return tap_done();
}
