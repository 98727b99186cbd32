#ifndef BK_BASE_PIPELINE_H
#define BK_BASE_PIPELINE_H
/*
 * A stream cut into blocks, worked on by several threads, put together in
 * order: the engine of the parallel filters.
 *
 *	fill (own thread) -> work (N threads) -> drain (the calling thread)
 *
 * Each callback runs without a lock.  fill and drain see the blocks in order;
 * work sees any, concurrently.  A failure belongs to its block: blocks before
 * it are drained as if nothing had happened, then what the failed block has in
 * out (a verified prefix) is drained, then bk_pipeline_run() returns -1 with
 * that block's error.  So the output up to a failure does not depend on
 * timing.
 *
 * Memory: (workers + 2) * (in_cap + out_cap), allocated at the start.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/reader.h"

struct bk_block {
	uint8_t *in;		/* in_cap bytes, filled by fill */
	size_t in_len;
	uint8_t *out;		/* out_cap bytes, filled by work */
	size_t out_len;
	uint64_t seq;		/* 0, 1, 2 ... */
	int tag;		/* fill's word to work, e.g. "the last" */
};

struct bk_pipeline {
	unsigned workers; /* at least 1; with 1, work sees them in order */
	size_t in_cap, out_cap;	/* bytes; 0: no such buffer */
	struct bk_reader *in;	/* fill's, stopped on a failure; or NULL */
	/* Fill the next block.  1: done, 0: there is none, -1: *e set. */
	int (*fill)(void *ctx, struct bk_block *b, struct bk_err *e);
	/* Turn in into out.  worker is 0 .. workers-1.  0 or -1. */
	int (*work)(void *ctx, unsigned worker, struct bk_block *b,
	    struct bk_err *e);
	/* Take out.  0 or -1. */
	int (*drain)(void *ctx, struct bk_block *b, struct bk_err *e);
	void *ctx;
};

/* Run it to the end.  0: fill said 0 and all was drained; -1 with *e set. */
int bk_pipeline_run(const struct bk_pipeline *par, struct bk_err *e);

#endif
