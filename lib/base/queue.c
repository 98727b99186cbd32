#include "base/queue.h"

void
bk_handover_init(struct bk_handover *h)
{
	*h = (struct bk_handover){0};
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->filled, NULL);
	pthread_cond_init(&h->emptied, NULL);
}

void
bk_handover_destroy(struct bk_handover *h)
{
	pthread_cond_destroy(&h->emptied);
	pthread_cond_destroy(&h->filled);
	pthread_mutex_destroy(&h->lock);
}

void *
bk_handover_get(struct bk_handover *h, enum bk_wait wait)
{
	struct bk_link *b = NULL;

	pthread_mutex_lock(&h->lock);
	while (!h->stopped && h->empty == NULL && wait == BK_WAIT)
		pthread_cond_wait(&h->emptied, &h->lock);
	if (!h->stopped && (b = h->empty) != NULL)
		h->empty = b->next;
	pthread_mutex_unlock(&h->lock);
	return b;
}

void
bk_handover_put(struct bk_handover *h, void *buffer)
{
	struct bk_link *b = buffer;

	b->next = NULL;
	pthread_mutex_lock(&h->lock);
	if (h->head == NULL)
		h->head = b;
	else
		h->tail->next = b;
	h->tail = b;
	/* broadcast: only one consumer may be allowed to take it */
	pthread_cond_broadcast(&h->filled);
	pthread_mutex_unlock(&h->lock);
}

void
bk_handover_end(struct bk_handover *h)
{
	pthread_mutex_lock(&h->lock);
	h->ended = 1;
	pthread_cond_broadcast(&h->filled);
	pthread_mutex_unlock(&h->lock);
}

/* Is there a filled buffer for this thread? */
static int
may_take(const struct bk_handover *h)
{
	return h->head != NULL &&
	    (!h->held || pthread_equal(h->holder, pthread_self()));
}

void *
bk_handover_take(struct bk_handover *h, enum bk_wait wait)
{
	struct bk_link *b = NULL;

	pthread_mutex_lock(&h->lock);
	while (!h->stopped && !may_take(h) && wait == BK_WAIT &&
	    !(h->ended && h->head == NULL))
		pthread_cond_wait(&h->filled, &h->lock);
	if (!h->stopped && may_take(h)) {
		b = h->head;
		h->head = b->next;
		if (h->held)
			pthread_cond_broadcast(&h->filled);
		h->held = b->more;
		h->holder = pthread_self();
	}
	pthread_mutex_unlock(&h->lock);
	return b;
}

void
bk_handover_recycle(struct bk_handover *h, void *buffer)
{
	struct bk_link *b = buffer;

	pthread_mutex_lock(&h->lock);
	b->next = h->empty;
	b->more = 0;
	h->empty = b;
	pthread_cond_signal(&h->emptied);
	pthread_mutex_unlock(&h->lock);
}

void
bk_handover_stop(struct bk_handover *h, const struct bk_err *failure)
{
	pthread_mutex_lock(&h->lock);
	if (!h->stopped && failure != NULL)
		h->failure = *failure;
	h->stopped = 1;
	pthread_cond_broadcast(&h->filled);
	pthread_cond_broadcast(&h->emptied);
	pthread_mutex_unlock(&h->lock);
}

int
bk_handover_over(struct bk_handover *h, struct bk_err *e)
{
	int rc;

	pthread_mutex_lock(&h->lock);
	rc = h->failure.code != BK_OK ? -1 :
	    h->ended && h->head == NULL && !h->stopped;
	if (rc == -1 && e->code == BK_OK)
		*e = h->failure;
	pthread_mutex_unlock(&h->lock);
	return rc;
}
