#ifndef BK_RESTORE_CHUNK_QUEUE_H
#define BK_RESTORE_CHUNK_QUEUE_H
/*
 * Chunks of a stream on their way from one reader to several workers: the
 * buffers of a hand-over (base/handover.h).
 *
 * Rows of one table so go to all workers; a small table is one chunk, one
 * worker's.  A chunk ends with a row, but for a row that is longer than a
 * chunk: then it has more, and who takes it also takes what follows, up to the
 * row's end, while the others wait.  So no row is ever held whole.
 *
 * Memory: the chunks, of which those that were never filled cost nothing.
 */
#include <stdint.h>

#include "base/handover.h"
#include "restore/types.h"

#define BK_CHUNK_BYTES (256 * 1024)
#define BK_CHUNK_PIECES 128

struct bk_piece {		/* of a large object */
	uint32_t oid;
	uint64_t at;		/* offset in the object */
	size_t from, len;	/* in the chunk's data */
};

struct bk_chunk {
	struct bk_link link;
	struct bk_restore_table *table;
	size_t npieces;		/* of large objects; rows have none */
	struct bk_piece piece[BK_CHUNK_PIECES];
	size_t len;
	char data[BK_CHUNK_BYTES];
};

struct bk_chunk_queue {
	struct bk_handover h;
	struct bk_chunk *chunk;		/* all: an array */
};

struct bk_chunk_queue *bk_chunk_queue_new(size_t chunks, struct bk_err *e);
void bk_chunk_queue_free(struct bk_chunk_queue *q);	/* NULL is fine */

/* An empty chunk for the reader; NULL with *e set: a worker failed. */
struct bk_chunk *bk_chunk_queue_get(struct bk_chunk_queue *q, struct bk_err *e);

/* Add what was counted to a table. */
void bk_chunk_queue_count(struct bk_chunk_queue *q, struct bk_restore_table *t,
    const struct bk_content *seen, uint64_t loaded);

#endif
