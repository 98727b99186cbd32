#ifndef BK_RESTORE_CHUNK_QUEUE_H
#define BK_RESTORE_CHUNK_QUEUE_H
/*
 * Chunks of a stream, from one reader to several workers: the buffers of a
 * bounded queue (base/queue.h).
 *
 * A large table's rows are distributed to all workers; a small table is one
 * chunk.  A chunk ends at the end of a row, except within a row longer than a
 * chunk: then link.more is set, and the same worker takes the following chunks
 * up to the row's end, while the others wait.  So no row is held as a whole.
 *
 * Memory: the chunks; those never filled use none.
 */
#include <stdint.h>

#include "base/queue.h"
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
	size_t npieces;		/* of large objects; 0: rows */
	struct bk_piece piece[BK_CHUNK_PIECES];
	size_t len;
	char data[BK_CHUNK_BYTES];
};

struct bk_chunk_queue {
	struct bk_handover h;
	struct bk_chunk *chunk;		/* array of all chunks */
};

struct bk_chunk_queue *bk_chunk_queue_new(size_t chunks, struct bk_err *e);
void bk_chunk_queue_free(struct bk_chunk_queue *q);	/* NULL is fine */

/* Reader: an empty chunk; NULL with *e set: a worker failed. */
struct bk_chunk *bk_chunk_queue_get(struct bk_chunk_queue *q, struct bk_err *e);

/* Add to a table's counts; from any thread. */
void bk_chunk_queue_count(struct bk_chunk_queue *q, struct bk_restore_table *t,
    const struct bk_content *seen, uint64_t loaded);

#endif
