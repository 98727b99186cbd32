#ifndef BK_S3_PART_READER_H
#define BK_S3_PART_READER_H
/*
 * The input of an upload: a thread reads the stream into part buffers and
 * hashes them, so that neither a slow input nor SHA-256 delays the connections.
 *
 *	thread: read, hash -> [filled] -> take, send, give back
 *
 * When all buffers are filled or taken, the thread waits, and with it the
 * command that writes the stream.  A buffer grows with the part size (parts.h);
 * there are fewer of them, at last one, when more would be too much memory.
 * The last part is returned only after the stream was found complete.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/queue.h"
#include "s3/parts.h"
#include "s3/sigv4.h"
#include "stream/reader.h"

struct bk_s3_part {
	struct bk_link link;
	uint8_t *data;
	size_t len, cap;		/* bytes */
	unsigned number;		/* from 1, in stream order */
	int last;			/* the last part */
	uint8_t sha256[BK_S3_SHA256];
	uint8_t md5[16];
	int has_md5;
};

/* Fill in p->md5 unless it is there.  0: this libcrypto has no MD5. */
int bk_s3_part_md5(struct bk_s3_part *p);

/* Seconds without a byte that a body of len bytes is given. */
unsigned bk_s3_part_patience(size_t len);

struct bk_s3_part_reader;

/*
 * Start reading in, which only the thread uses until bk_s3_part_reader_free().
 * It has at most that many buffers, of memory bytes together, or one.  The
 * thread calls wake(ctx) after each part, the end or a failure.  NULL with *e
 * set.
 */
struct bk_s3_part_reader *bk_s3_part_reader_start(struct bk_reader *in,
    const struct bk_s3_parts *plan, unsigned buffers, uint64_t memory,
    void (*wake)(void *), void *ctx, struct bk_err *e);

/* The next filled part; NULL: none yet. */
struct bk_s3_part *bk_s3_part_reader_take(struct bk_s3_part_reader *r);

/* From now on hash each part with MD5 as well. */
void bk_s3_part_reader_md5(struct bk_s3_part_reader *r);

void bk_s3_part_reader_give_back(struct bk_s3_part_reader *r,
    struct bk_s3_part *p);

/*
 * 1: the stream was complete, and all its parts were taken; 0: not yet; -1 with
 * *e set: it is unfinished (BK_DATA), could not be read, or is too large for
 * the plan's parts (BK_FAIL).
 */
int bk_s3_part_reader_over(struct bk_s3_part_reader *r, struct bk_err *e);

/*
 * Stop the thread, even during a read; afterwards the caller may only free in.
 * Frees all parts, even those not given back.  NULL is fine.
 */
void bk_s3_part_reader_free(struct bk_s3_part_reader *r);

#endif
