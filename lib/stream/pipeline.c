#include "stream/pipeline.h"

#include <stdlib.h>

#include "base/thread.h"

/*
 * The blocks form a ring; block seq is in slot seq % n.  Each slot goes
 * FREE -> FILLED -> WORKING -> DONE -> FREE.  fill waits until its slot is
 * FREE, workers take FILLED slots in order, drain waits until its slot is DONE.
 * One mutex, and one condition per kind of waiter, are enough: blocks are about
 * 100 KiB, so there is little contention.
 */
enum state { FREE, FILLED, WORKING, DONE };

struct slot {
	struct bk_block b;
	enum state state;
	int end;		/* no block: end of the stream */
	struct bk_err err;
};

struct ring {
	const struct bk_pipeline *pipeline;
	struct slot *slot;
	unsigned n;
	uint64_t next_work;	/* the first block not taken by a worker */
	int stop;
	pthread_mutex_t lock;
	pthread_cond_t freed, filled, done;
};

struct worker {
	struct ring *r;
	unsigned id;
};

/* Make a filled slot available to the workers. */
static void
publish(struct ring *r, struct slot *s)
{
	pthread_mutex_lock(&r->lock);
	s->state = FILLED;
	pthread_cond_broadcast(&r->filled);
	pthread_mutex_unlock(&r->lock);
}

static void *
fill_thread(void *arg)
{
	struct ring *r = arg;
	uint64_t seq = 0;
	int rc = 1, stop;

	while (rc == 1) {
		struct slot *s = &r->slot[seq % r->n];

		pthread_mutex_lock(&r->lock);
		while (s->state != FREE && !r->stop)
			pthread_cond_wait(&r->freed, &r->lock);
		stop = r->stop;
		pthread_mutex_unlock(&r->lock);
		if (stop)
			break;
		s->b.seq = seq++;
		s->b.in_len = s->b.out_len = 0;
		s->b.tag = 0;
		rc = r->pipeline->fill(r->pipeline->ctx, &s->b, &s->err);
		s->end = rc != 1;
		publish(r, s);
	}
	return NULL;
}

/* The next slot to work on, marked WORKING; NULL: no more. */
static struct slot *
take_work(struct ring *r)
{
	struct slot *s = NULL;

	pthread_mutex_lock(&r->lock);
	for (;;) {
		s = &r->slot[r->next_work % r->n];
		if (r->stop) {
			s = NULL;
			break;
		}
		if (s->state == FILLED && s->b.seq == r->next_work) {
			if (s->end) { /* not taken: all workers see it */
				s->state = DONE;
				r->stop = 1;
				pthread_cond_broadcast(&r->filled);
				pthread_cond_signal(&r->done);
				s = NULL;
				break;
			}
			s->state = WORKING;
			r->next_work++;
			break;
		}
		pthread_cond_wait(&r->filled, &r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return s;
}

static void *
work_thread(void *arg)
{
	struct worker *w = arg;
	struct ring *r = w->r;
	struct slot *s;

	while ((s = take_work(r)) != NULL) {
		(void)r->pipeline->work(r->pipeline->ctx, w->id, &s->b,
		    &s->err);
		pthread_mutex_lock(&r->lock);
		s->state = DONE;
		pthread_cond_signal(&r->done);
		pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

static int
drain_all(struct ring *r, struct bk_err *e)
{
	uint64_t seq;

	for (seq = 0;; seq++) {
		struct slot *s = &r->slot[seq % r->n];

		pthread_mutex_lock(&r->lock);
		while (s->state != DONE)
			pthread_cond_wait(&r->done, &r->lock);
		pthread_mutex_unlock(&r->lock);
		if ((s->b.out_len > 0 || (!s->end && s->err.code == BK_OK)) &&
		    r->pipeline->drain(r->pipeline->ctx, &s->b, e) == -1)
			return -1;
		if (s->err.code != BK_OK) {
			*e = s->err;
			return -1;
		}
		if (s->end)
			return 0;
		pthread_mutex_lock(&r->lock);
		s->state = FREE;
		pthread_cond_signal(&r->freed);
		pthread_mutex_unlock(&r->lock);
	}
}

static int
ring_init(struct ring *r, const struct bk_pipeline *pipeline,
    struct bk_err *e)
{
	unsigned i;

	r->pipeline = pipeline;
	r->n = pipeline->workers + 2;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->freed, NULL);
	pthread_cond_init(&r->filled, NULL);
	pthread_cond_init(&r->done, NULL);
	if ((r->slot = calloc(r->n, sizeof(*r->slot))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < r->n; i++) {
		struct bk_block *b = &r->slot[i].b;

		if ((pipeline->in_cap > 0 &&
			(b->in = malloc(pipeline->in_cap)) == NULL) ||
		    (pipeline->out_cap > 0 &&
			(b->out = malloc(pipeline->out_cap)) == NULL))
			return bk_fail_memory(e);
	}
	return 0;
}

static void
ring_free(struct ring *r)
{
	unsigned i;

	for (i = 0; r->slot != NULL && i < r->n; i++) {
		free(r->slot[i].b.in);
		free(r->slot[i].b.out);
	}
	free(r->slot);
	pthread_cond_destroy(&r->done);
	pthread_cond_destroy(&r->filled);
	pthread_cond_destroy(&r->freed);
	pthread_mutex_destroy(&r->lock);
}

/* Wake up all threads and make them return. */
static void
stop_all(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = 1;
	pthread_cond_broadcast(&r->freed);
	pthread_cond_broadcast(&r->filled);
	pthread_mutex_unlock(&r->lock);
}

int
bk_pipeline_run(const struct bk_pipeline *pipeline, struct bk_err *e)
{
	struct ring r = {0};
	struct worker *w = calloc(pipeline->workers, sizeof(*w));
	pthread_t *tid = calloc(pipeline->workers, sizeof(*tid));
	pthread_t filler;
	unsigned started = 0;
	int have_filler = 0, rc = -1;

	if (w == NULL || tid == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (ring_init(&r, pipeline, e) == -1)
		goto done;
	if (bk_thread_start(&filler, fill_thread, &r, e) == -1)
		goto done;
	have_filler = 1;
	for (; started < pipeline->workers; started++) {
		w[started] = (struct worker){ .r = &r, .id = started };
		if (bk_thread_start(&tid[started], work_thread, &w[started],
		    e) == -1)
			goto done;
	}
	rc = drain_all(&r, e);
 done:
	if (have_filler) {
		stop_all(&r);
		/* it may be waiting for input */
		if (rc == -1 && pipeline->in != NULL)
			bk_reader_stop(pipeline->in);
		pthread_join(filler, NULL);
	}
	while (started > 0)
		pthread_join(tid[--started], NULL);
	if (w != NULL && tid != NULL)
		ring_free(&r);
	free(tid);
	free(w);
	return rc;
}
