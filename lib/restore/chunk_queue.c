#include "restore/chunk_queue.h"

#include <pthread.h>
#include <stdlib.h>

#define NOBODY ((unsigned)-1)

struct bk_chunk_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct bk_chunk *head, *tail;	/* put and not taken */
	struct bk_chunk *empty;
	size_t more;		/* chunks that may still be allocated */
	unsigned holder;	/* who has the beginning of a long row */
	int ended;
	struct bk_err why;	/* code not 0: all is over */
};

struct bk_chunk_queue *
bk_chunk_queue_new(size_t chunks, struct bk_err *e)
{
	struct bk_chunk_queue *q = calloc(1, sizeof(*q));

	if (q == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*q = (struct bk_chunk_queue){ .more = chunks, .holder = NOBODY };
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
	pthread_cond_init(&q->emptied, NULL);
	return q;
}

static void
free_list(struct bk_chunk *c)
{
	struct bk_chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
}

void
bk_chunk_queue_free(struct bk_chunk_queue *q)
{
	if (q == NULL)
		return;
	free_list(q->head);
	free_list(q->empty);
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->filled);
	pthread_cond_destroy(&q->emptied);
	free(q);
}

static struct bk_chunk *
new_chunk(struct bk_chunk_queue *q, struct bk_err *e)
{
	struct bk_chunk *c = malloc(sizeof(*c));

	if (c == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	q->more--;
	return c;
}

struct bk_chunk *
bk_chunk_queue_get(struct bk_chunk_queue *q, struct bk_err *e)
{
	struct bk_chunk *c = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->why.code == BK_OK && q->empty == NULL && q->more == 0)
		pthread_cond_wait(&q->emptied, &q->lock);
	if (q->why.code != BK_OK) {
		*e = q->why;
	} else if ((c = q->empty) != NULL) {
		q->empty = c->next;
	} else {
		c = new_chunk(q, e);
	}
	pthread_mutex_unlock(&q->lock);
	if (c != NULL) {
		c->next = NULL;
		c->table = NULL;
		c->partial = 0;
		c->npieces = c->len = 0;
	}
	return c;
}

void
bk_chunk_queue_put(struct bk_chunk_queue *q, struct bk_chunk *c)
{
	pthread_mutex_lock(&q->lock);
	if (q->head == NULL)
		q->head = c;
	else
		q->tail->next = c;
	q->tail = c;
	/* all, for only one of them may be allowed to take it */
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

void
bk_chunk_queue_end(struct bk_chunk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->ended = 1;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}

struct bk_chunk *
bk_chunk_queue_take(struct bk_chunk_queue *q, unsigned w)
{
	struct bk_chunk *c = NULL;

	pthread_mutex_lock(&q->lock);
	while (q->why.code == BK_OK && !(q->ended && q->head == NULL) &&
	    (q->head == NULL || (q->holder != NOBODY && q->holder != w)))
		pthread_cond_wait(&q->filled, &q->lock);
	if (q->why.code == BK_OK && q->head != NULL) {
		c = q->head;
		q->head = c->next;
		c->next = NULL;
		if (q->holder == w)
			pthread_cond_broadcast(&q->filled);
		q->holder = c->partial ? w : NOBODY;
	}
	pthread_mutex_unlock(&q->lock);
	return c;
}

void
bk_chunk_queue_recycle(struct bk_chunk_queue *q, struct bk_chunk *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&q->lock);
	c->next = q->empty;
	q->empty = c;
	pthread_cond_signal(&q->emptied);
	pthread_mutex_unlock(&q->lock);
}

void
bk_chunk_queue_fail(struct bk_chunk_queue *q, const struct bk_err *why)
{
	pthread_mutex_lock(&q->lock);
	if (q->why.code == BK_OK)
		q->why = *why;
	pthread_cond_broadcast(&q->filled);
	pthread_cond_broadcast(&q->emptied);
	pthread_mutex_unlock(&q->lock);
}

int
bk_chunk_queue_failed(struct bk_chunk_queue *q, struct bk_err *e)
{
	int failed;

	pthread_mutex_lock(&q->lock);
	failed = q->why.code != BK_OK;
	if (failed && e->code == BK_OK)
		*e = q->why;
	pthread_mutex_unlock(&q->lock);
	return failed ? -1 : 0;
}

void
bk_chunk_queue_count(struct bk_chunk_queue *q, struct bk_restore_table *t,
    const struct bk_content *seen, uint64_t loaded)
{
	pthread_mutex_lock(&q->lock);
	t->seen.rows += seen->rows;
	t->seen.bytes += seen->bytes;
	bk_digest_add(&t->seen.digest, &seen->digest);
	t->loaded += loaded;
	pthread_mutex_unlock(&q->lock);
}
