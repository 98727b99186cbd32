#include "restore/chunk_queue.h"

#include <stdlib.h>

struct bk_chunk_queue *
bk_chunk_queue_new(size_t chunks, struct bk_err *e)
{
	struct bk_chunk_queue *q = calloc(1, sizeof(*q));

	if (q == NULL ||
	    (q->chunk = calloc(chunks, sizeof(*q->chunk))) == NULL) {
		free(q);
		bk_fail_memory(e);
		return NULL;
	}
	bk_handover_init(&q->h);
	while (chunks > 0)
		bk_handover_recycle(&q->h, &q->chunk[--chunks]);
	return q;
}

void
bk_chunk_queue_free(struct bk_chunk_queue *q)
{
	if (q == NULL)
		return;
	bk_handover_destroy(&q->h);
	free(q->chunk);
	free(q);
}

struct bk_chunk *
bk_chunk_queue_get(struct bk_chunk_queue *q, struct bk_err *e)
{
	struct bk_chunk *c = bk_handover_get(&q->h, BK_WAIT);

	if (c == NULL) {
		(void)bk_handover_over(&q->h, e);
		return NULL;
	}
	c->table = NULL;
	c->npieces = c->len = 0;
	return c;
}

void
bk_chunk_queue_count(struct bk_chunk_queue *q, struct bk_restore_table *t,
    const struct bk_content *seen, uint64_t loaded)
{
	pthread_mutex_lock(&q->h.lock);
	t->seen.rows += seen->rows;
	t->seen.bytes += seen->bytes;
	bk_digest_add(&t->seen.digest, &seen->digest);
	t->loaded += loaded;
	pthread_mutex_unlock(&q->h.lock);
}
