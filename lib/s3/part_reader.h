#ifndef BK_S3_PART_READER_H
#define BK_S3_PART_READER_H
/*
 * The input of an upload: a thread that reads a stream into part buffers and
 * hashes them on the way, so that neither a slow writer nor SHA-256 holds up
 * the connections.
 *
 *	feed's thread: read, hash -> [filled] -> take, send, give back
 *
 * There are as many buffers as were asked for and no more: when all are
 * filled or taken, the thread waits, and so does whoever writes the stream.
 * A buffer grows with the part size (parts.h).  The last part is handed out
 * only after the stream was found complete.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/handover.h"
#include "base/reader.h"
#include "s3/parts.h"
#include "s3/sigv4.h"

struct bk_s3_part {
	struct bk_link link;
	uint8_t *data;
	size_t len, cap;		/* bytes */
	unsigned number;		/* from 1, in the stream's order */
	int last;			/* nothing comes after it */
	uint8_t sha256[BK_S3_SHA256];
};

struct bk_s3_part_reader;

/*
 * Begin to read in (the thread's until bk_s3_part_reader_free()).  wake(ctx) is
 * called from the thread when there is something new.  NULL with *e set.
 */
struct bk_s3_part_reader *bk_s3_part_reader_start(struct bk_reader *in,
    const struct bk_s3_parts *plan, unsigned buffers, void (*wake)(void *),
    void *ctx, struct bk_err *e);

/* The next filled part, NULL if there is none now. */
struct bk_s3_part *bk_s3_part_reader_take(struct bk_s3_part_reader *f);

void bk_s3_part_reader_give_back(struct bk_s3_part_reader *f,
    struct bk_s3_part *p);

/*
 * 1: the stream was complete, and all its parts were taken.  0: not yet.
 * -1 with *e set: it is unfinished (BK_DATA), could not be read, or has more
 * than the plan's parts hold (BK_FAIL).
 */
int bk_s3_part_reader_over(struct bk_s3_part_reader *f, struct bk_err *e);

/*
 * Stop the thread, even amid a read; in is the caller's again, to be freed.
 * Parts that were not given back are freed too.  NULL is fine.
 */
void bk_s3_part_reader_free(struct bk_s3_part_reader *f);

#endif
