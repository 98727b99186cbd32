#include "dump/task_queue.h"

#include <pthread.h>
#include <stdlib.h>

struct bk_task_queue {
	pthread_mutex_t lock;
	pthread_cond_t room;	/* workers: a task, room, the head, the end */
	pthread_cond_t data;	/* the writer */
	struct bk_tasks *plan;	/* NULL: shut */
	struct bk_slot *slot;	/* a ring: task t is in slot[t % n] */
	unsigned n;
	uint64_t taken, head;	/* tasks given out; the writer's */
	int exhausted, stop;
	struct bk_err err;
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
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->room, NULL);
	pthread_cond_init(&q->data, NULL);
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
	pthread_cond_destroy(&q->data);
	pthread_cond_destroy(&q->room);
	pthread_mutex_destroy(&q->lock);
	free(q->slot);
	free(q);
}

void
bk_task_queue_open(struct bk_task_queue *q, struct bk_tasks *plan)
{
	pthread_mutex_lock(&q->lock);
	q->plan = plan;
	pthread_cond_broadcast(&q->room);
	pthread_mutex_unlock(&q->lock);
}

struct bk_slot *
bk_task_queue_take(struct bk_task_queue *q)
{
	struct bk_slot *s = NULL;

	pthread_mutex_lock(&q->lock);
	while (!q->stop && !q->exhausted &&
	    (q->plan == NULL || q->taken - q->head == q->n))
		pthread_cond_wait(&q->room, &q->lock);
	if (!q->stop && !q->exhausted) {
		s = &q->slot[q->taken % q->n];
		*s = (struct bk_slot){0};
		if (bk_tasks_next(q->plan, &s->task)) {
			q->taken++;
		} else {
			s = NULL;
			q->exhausted = 1;
			pthread_cond_broadcast(&q->room);
			pthread_cond_signal(&q->data);
		}
	}
	pthread_mutex_unlock(&q->lock);
	return s;
}

struct bk_qbuf *
bk_task_queue_buf(struct bk_task_queue *q, struct bk_err *e)
{
	struct bk_qbuf *b;

	pthread_mutex_lock(&q->lock);
	if ((b = q->free) != NULL)
		q->free = b->next;
	pthread_mutex_unlock(&q->lock);
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

	pthread_mutex_lock(&q->lock);
	while (!q->stop && s->held >= BK_TASK_QUEUE_TASK)
		pthread_cond_wait(&q->room, &q->lock);
	if (q->stop) {
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
			pthread_cond_signal(&q->data);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

int
bk_task_queue_await(struct bk_task_queue *q, struct bk_slot *s)
{
	int rc;

	pthread_mutex_lock(&q->lock);
	while (!q->stop && !is_head(q, s))
		pthread_cond_wait(&q->room, &q->lock);
	rc = q->stop ? -1 : 0;
	pthread_mutex_unlock(&q->lock);
	return rc;
}

void
bk_task_queue_finish(struct bk_task_queue *q, struct bk_slot *s)
{
	pthread_mutex_lock(&q->lock);
	s->finished = 1;
	if (is_head(q, s))
		pthread_cond_signal(&q->data);
	pthread_mutex_unlock(&q->lock);
}

void
bk_task_queue_fail(struct bk_task_queue *q, const struct bk_err *why)
{
	pthread_mutex_lock(&q->lock);
	if (!q->stop)
		q->err = *why;
	q->stop = 1;
	pthread_cond_broadcast(&q->room);
	pthread_cond_signal(&q->data);
	pthread_mutex_unlock(&q->lock);
}

int
bk_task_queue_pop(struct bk_task_queue *q, struct bk_slot **s,
    struct bk_qbuf **list, int *ended, struct bk_err *e)
{
	struct bk_slot *h;
	int rc = 1;

	pthread_mutex_lock(&q->lock);
	h = &q->slot[q->head % q->n];
	while (!q->stop && !(q->head < q->taken ?
	    h->head != NULL || h->finished : q->exhausted))
		pthread_cond_wait(&q->data, &q->lock);
	if (q->stop) {
		*e = q->err;
		rc = -1;
	} else if (q->head == q->taken) {
		rc = 0;
	} else {
		*s = h;
		*list = h->head;
		*ended = h->finished;
		h->head = h->tail = NULL;
		if (h->held >= BK_TASK_QUEUE_TASK)
			pthread_cond_broadcast(&q->room);
		h->held = 0;
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

void
bk_task_queue_recycle(struct bk_task_queue *q, struct bk_qbuf *buf)
{
	pthread_mutex_lock(&q->lock);
	buf->next = q->free;
	q->free = buf;
	pthread_mutex_unlock(&q->lock);
}

void
bk_task_queue_retire(struct bk_task_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->head++;
	pthread_cond_broadcast(&q->room);
	pthread_mutex_unlock(&q->lock);
}
