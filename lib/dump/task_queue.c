#include "dump/task_queue.h"

#include <stdlib.h>

#include "base/queue.h"

struct bk_task_queue {
	/* emptied: task, room, head or end, for workers; filled: for writer */
	struct bk_handover h;
	struct bk_tasks *tasks;	/* NULL: not open yet */
	struct bk_slot *slot;	/* a ring: task t is in slot[t % n] */
	unsigned n;
	uint64_t taken, head;	/* next task to take; task being written */
	struct bk_qbuf *free;
};

struct bk_task_queue *
bk_task_queue_new(unsigned workers, struct bk_err *e)
{
	struct bk_task_queue *q = calloc(1, sizeof(*q));

	if (q == NULL ||
	    (q->slot = calloc(workers, 2 * sizeof(*q->slot))) == NULL) {
		free(q);
		bk_fail_memory(e);
		return NULL;
	}
	q->n = 2 * workers;
	bk_handover_init(&q->h);
	return q;
}

static void
free_list(struct bk_qbuf *b)
{
	struct bk_qbuf *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
}

void
bk_task_queue_free(struct bk_task_queue *q)
{
	unsigned i;

	if (q == NULL)
		return;
	for (i = 0; i < q->n; i++)
		free_list(q->slot[i].head);
	free_list(q->free);
	bk_handover_destroy(&q->h);
	free(q->slot);
	free(q);
}

void
bk_task_queue_open(struct bk_task_queue *q, struct bk_tasks *tasks)
{
	pthread_mutex_lock(&q->h.lock);
	q->tasks = tasks;
	pthread_cond_broadcast(&q->h.emptied);
	pthread_mutex_unlock(&q->h.lock);
}

struct bk_slot *
bk_task_queue_take(struct bk_task_queue *q)
{
	struct bk_slot *s = NULL;

	pthread_mutex_lock(&q->h.lock);
	while (!q->h.stopped && !q->h.ended &&
	    (q->tasks == NULL || q->taken - q->head == q->n))
		pthread_cond_wait(&q->h.emptied, &q->h.lock);
	if (!q->h.stopped && !q->h.ended) {
		s = &q->slot[q->taken % q->n];
		*s = (struct bk_slot){0};
		if (bk_tasks_next(q->tasks, &s->task)) {
			q->taken++;
		} else {
			s = NULL;
			q->h.ended = 1;
			pthread_cond_broadcast(&q->h.emptied);
			pthread_cond_signal(&q->h.filled);
		}
	}
	pthread_mutex_unlock(&q->h.lock);
	return s;
}

struct bk_qbuf *
bk_task_queue_buf(struct bk_task_queue *q, struct bk_err *e)
{
	struct bk_qbuf *b;

	pthread_mutex_lock(&q->h.lock);
	if ((b = q->free) != NULL)
		q->free = b->next;
	pthread_mutex_unlock(&q->h.lock);
	if (b == NULL && (b = malloc(sizeof(*b))) == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	b->next = NULL;
	b->len = 0;
	return b;
}

static int
is_head(const struct bk_task_queue *q, const struct bk_slot *s)
{
	return s == &q->slot[q->head % q->n];
}

int
bk_task_queue_put(struct bk_task_queue *q, struct bk_slot *s,
    struct bk_qbuf *buf)
{
	int rc = 0;

	pthread_mutex_lock(&q->h.lock);
	while (!q->h.stopped && s->held >= BK_TASK_QUEUE_TASK)
		pthread_cond_wait(&q->h.emptied, &q->h.lock);
	if (q->h.stopped) {
		free(buf);
		rc = -1;
	} else {
		if (s->head == NULL)
			s->head = buf;
		else
			s->tail->next = buf;
		s->tail = buf;
		s->held += buf->len;
		if (is_head(q, s))
			pthread_cond_signal(&q->h.filled);
	}
	pthread_mutex_unlock(&q->h.lock);
	return rc;
}

int
bk_task_queue_await(struct bk_task_queue *q, struct bk_slot *s)
{
	int rc;

	pthread_mutex_lock(&q->h.lock);
	while (!q->h.stopped && !is_head(q, s))
		pthread_cond_wait(&q->h.emptied, &q->h.lock);
	rc = q->h.stopped ? -1 : 0;
	pthread_mutex_unlock(&q->h.lock);
	return rc;
}

void
bk_task_queue_finish(struct bk_task_queue *q, struct bk_slot *s)
{
	pthread_mutex_lock(&q->h.lock);
	s->finished = 1;
	if (is_head(q, s))
		pthread_cond_signal(&q->h.filled);
	pthread_mutex_unlock(&q->h.lock);
}

void
bk_task_queue_fail(struct bk_task_queue *q, const struct bk_err *failure)
{
	bk_handover_stop(&q->h, failure);
}

int
bk_task_queue_pop(struct bk_task_queue *q, struct bk_slot **s,
    struct bk_qbuf **list, int *ended, struct bk_err *e)
{
	struct bk_slot *h;
	int rc = 1;

	pthread_mutex_lock(&q->h.lock);
	h = &q->slot[q->head % q->n];
	while (!q->h.stopped && !(q->head < q->taken ?
	    h->head != NULL || h->finished : q->h.ended))
		pthread_cond_wait(&q->h.filled, &q->h.lock);
	if (q->h.stopped) {
		*e = q->h.failure;
		rc = -1;
	} else if (q->head == q->taken) {
		rc = 0;
	} else {
		*s = h;
		*list = h->head;
		*ended = h->finished;
		h->head = h->tail = NULL;
		if (h->held >= BK_TASK_QUEUE_TASK)
			pthread_cond_broadcast(&q->h.emptied);
		h->held = 0;
	}
	pthread_mutex_unlock(&q->h.lock);
	return rc;
}

void
bk_task_queue_recycle(struct bk_task_queue *q, struct bk_qbuf *buf)
{
	pthread_mutex_lock(&q->h.lock);
	buf->next = q->free;
	q->free = buf;
	pthread_mutex_unlock(&q->h.lock);
}

void
bk_task_queue_retire(struct bk_task_queue *q)
{
	pthread_mutex_lock(&q->h.lock);
	q->head++;
	pthread_cond_broadcast(&q->h.emptied);
	pthread_mutex_unlock(&q->h.lock);
}
