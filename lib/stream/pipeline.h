#ifndef BK_STREAM_PIPELINE_H
#define BK_STREAM_PIPELINE_H
/*
 * Process a stream in blocks, by several threads, with the output in order: the
 * engine of the parallel filters.
 *
 *	fill (own thread) -> work (N threads) -> drain (the calling thread)
 *
 * Callbacks run without a lock.  fill and drain get the blocks in order; work
 * gets them in any order, concurrently.  A failure belongs to its block: all
 * blocks before it are drained, then what the failed block has in out (a
 * verified prefix), then bk_pipeline_run() returns -1 with that block's error.
 * So the output before a failure does not depend on timing.
 *
 * Memory: (workers + 2) * (in_cap + out_cap), allocated at the start.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stream/reader.h"

struct bk_block {
	uint8_t *in;		/* in_cap bytes, filled by fill */
	size_t in_len;
	uint8_t *out;		/* out_cap bytes, filled by work */
	size_t out_len;
	uint64_t seq;		/* 0, 1, 2 ... */
	int tag;		/* from fill to work, e.g. "last block" */
};

struct bk_pipeline {
	unsigned workers;	/* at least 1; with 1, work is in order */
	size_t in_cap, out_cap;	/* bytes; 0: no buffer */
	struct bk_reader *in;	/* NULL, or fill's: stopped on failure */
	/* Fill the next block.  1; 0 at the end; -1 with *e set. */
	int (*fill)(void *ctx, struct bk_block *b, struct bk_err *e);
	/* Process in to out; worker is 0 .. workers-1.  0 or -1. */
	int (*work)(void *ctx, unsigned worker, struct bk_block *b,
	    struct bk_err *e);
	/* Consume out.  0 or -1. */
	int (*drain)(void *ctx, struct bk_block *b, struct bk_err *e);
	void *ctx;
};

/* Run to the end.  0: fill returned 0, all is drained; -1 with *e set. */
int bk_pipeline_run(const struct bk_pipeline *pipeline, struct bk_err *e);

#endif
