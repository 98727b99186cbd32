#ifndef BK_RESTORE_CHUNK_QUEUE_H
#define BK_RESTORE_CHUNK_QUEUE_H
/*
 * Chunks of a stream on their way from one reader to several workers.
 *
 *	reader:  get an empty chunk -> fill -> put		(one thread)
 *	workers: take the next chunk -> load it -> recycle	(any of them)
 *
 * Chunks are taken in the order in which they were put.  Rows of one table so
 * go to all workers; a small table is one chunk, one worker's.  A chunk ends
 * with a row, but for a row that is longer than a chunk: then it is partial,
 * and who takes it also takes what follows, up to the row's end, while the
 * others wait.  So no row is ever held whole.
 *
 * Memory: the chunks, allocated as they are needed, never more than there are
 * to be.  No empty chunk means that the reader waits.
 */
#include <stdint.h>

#include "base/err.h"
#include "restore/types.h"

#define BK_CHUNK_BYTES (256 * 1024)
#define BK_CHUNK_PIECES 128

struct bk_piece {		/* of a large object */
	uint32_t oid;
	uint64_t at;		/* offset in the object */
	size_t from, len;	/* in the chunk's data */
};

struct bk_chunk {
	struct bk_chunk *next;
	struct bk_restore_table *table;
	int partial;
	size_t npieces;		/* of large objects; rows have none */
	struct bk_piece piece[BK_CHUNK_PIECES];
	size_t len;
	char data[BK_CHUNK_BYTES];
};

struct bk_chunk_queue;

struct bk_chunk_queue *bk_chunk_queue_new(size_t chunks, struct bk_err *e);
void bk_chunk_queue_free(struct bk_chunk_queue *q);	/* NULL is fine */

/* An empty chunk for the reader; NULL with *e set: memory, or all is over. */
struct bk_chunk *bk_chunk_queue_get(struct bk_chunk_queue *q, struct bk_err *e);

void bk_chunk_queue_put(struct bk_chunk_queue *q, struct bk_chunk *c);

/* No more will be put. */
void bk_chunk_queue_end(struct bk_chunk_queue *q);

/* Worker number w: the next chunk; NULL at the end, or if all is over. */
struct bk_chunk *bk_chunk_queue_take(struct bk_chunk_queue *q, unsigned w);

/* Either side: c is not needed any more; NULL is fine. */
void bk_chunk_queue_recycle(struct bk_chunk_queue *q, struct bk_chunk *c);

/* All is over because of *why (the first one counts). */
void bk_chunk_queue_fail(struct bk_chunk_queue *q, const struct bk_err *why);

/* -1 with *e set if all is over. */
int bk_chunk_queue_failed(struct bk_chunk_queue *q, struct bk_err *e);

/* Workers add what they counted to a table. */
void bk_chunk_queue_count(struct bk_chunk_queue *q, struct bk_restore_table *t,
    const struct bk_content *seen, uint64_t loaded);

#endif
