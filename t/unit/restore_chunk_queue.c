/* The queue of a restore: order, bounds, long rows, failures, no deadlock. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "restore/chunk_queue.h"
#include "tap.h"

#define WORKERS 4
#define CHUNKS 6
#define ROWS 3000

static struct bk_chunk_queue *q;
static struct bk_restore_table table;
static int taker[ROWS][5];		/* the worker that took the piece */
static atomic_int wrong;
static atomic_int fail_at;

/*
 * Row i has i % 5 pieces before its end, all but the last partial: they must
 * go to one worker, in order.
 */
static void *
work(void *arg)
{
	int w = (int)(intptr_t)arg, in_row = 0, row = 0, piece = 0;
	struct bk_content one = { .rows = 1 };
	struct bk_chunk *c;

	while ((c = bk_handover_take(&q->h, BK_WAIT)) != NULL) {
		wrong += in_row && ((int)c->len != row ||
		    (int)c->npieces != piece + 1);
		wrong += !in_row && c->npieces != 0;
		row = (int)c->len;
		piece = (int)c->npieces;
		in_row = c->link.more;
		taker[row][piece] = w;
		one.bytes = c->len;
		if (!in_row)
			bk_chunk_queue_count(q, c->table, &one, 1);
		if (row == fail_at) {
			struct bk_err why = {0};

			bk_fail(&why, BK_FAIL, "row %d", row);
			bk_handover_stop(&q->h, &why);
		}
		bk_handover_recycle(&q->h, c);
	}
	return NULL;
}

/* Put all rows; 0, or -1 with *e set if the queue was stopped. */
static int
put_rows(struct bk_err *e)
{
	struct bk_chunk *c;
	size_t i, k;

	for (i = 0; i < ROWS; i++)
		for (k = 0; k <= i % 5; k++) {
			if ((c = bk_chunk_queue_get(q, e)) == NULL)
				return -1;
			wrong += c->len != 0 || c->npieces != 0 ||
			    c->link.more;
			c->table = &table;
			c->len = i;
			c->npieces = k;
			c->link.more = k < i % 5;
			bk_handover_put(&q->h, c);
		}
	return 0;
}

static int
run(int at, struct bk_err *e)
{
	pthread_t tid[WORKERS];
	intptr_t i;
	int rc;

	table = (struct bk_restore_table){0};
	fail_at = at;
	q = bk_chunk_queue_new(CHUNKS, e);
	for (i = 0; i < WORKERS; i++)
		pthread_create(&tid[i], NULL, work, (void *)i);
	if ((rc = put_rows(e)) == 0)
		bk_handover_end(&q->h);
	for (i = 0; i < WORKERS; i++)
		pthread_join(tid[i], NULL);
	if (rc == 0)
		rc = bk_handover_over(&q->h, e) == 1 ? 0 : -1;
	bk_chunk_queue_free(q);
	return rc;
}

static int
count_torn(void)
{
	int i, k, torn = 0;

	for (i = 0; i < ROWS; i++)
		for (k = 1; k <= i % 5; k++)
			torn += taker[i][k] != taker[i][0];
	return torn;
}

/* One thread: order and bound. */
static void
test_order(void)
{
	struct bk_err e = {0}, why = {0};
	struct bk_chunk *c[CHUNKS], *again;
	int i, bad = 0;

	q = bk_chunk_queue_new(CHUNKS, &e);
	for (i = 0; i < CHUNKS; i++) {
		c[i] = bk_chunk_queue_get(q, &e);
		c[i]->len = (size_t)i;
		bk_handover_put(&q->h, c[i]);
	}
	for (i = 0; i < CHUNKS; i++)
		bad += bk_handover_take(&q->h, BK_WAIT) != c[i];
	is_int(bad, 0, "chunks come in the order in which they went");
	bk_handover_recycle(&q->h, c[3]);
	again = bk_chunk_queue_get(q, &e);
	ok(again == c[3], "there are no more than were asked for");
	for (i = 0; i < CHUNKS; i++)
		bk_handover_recycle(&q->h, c[i]);
	bk_handover_end(&q->h);
	ok(bk_handover_take(&q->h, BK_WAIT) == NULL,
	    "after the end there is none");
	is_int(bk_handover_over(&q->h, &e), 1, "and all is well");
	bk_fail(&why, BK_DATA, "first");
	bk_handover_stop(&q->h, &why);
	why = (struct bk_err){0};
	bk_fail(&why, BK_FAIL, "second");
	bk_handover_stop(&q->h, &why);
	ok(bk_chunk_queue_get(q, &e) == NULL,
	    "after a failure the reader ends");
	is_str(e.msg, "first", "with the first one's words");
	is_int(e.code, BK_DATA, "and code");
	bk_chunk_queue_free(q);
	bk_chunk_queue_free(NULL);
}

int
main(void)
{
	struct bk_err e = {0};

	test_order();
	is_int(run(-1, &e), 0, "all rows pass");
	is_int((intmax_t)table.seen.rows, ROWS, "each once");
	is_int((intmax_t)table.seen.bytes, ROWS * (ROWS - 1) / 2, "all of it");
	is_int((intmax_t)table.loaded, ROWS, "and counted");
	is_int(count_torn(), 0, "a long row is one worker's");
	is_int(wrong, 0, "in its order");
	is_int(run(ROWS / 2, &e), -1, "a worker's failure ends it");
	is_str(e.msg, "row 1500", "and says why");
	return tap_done();
}
