#ifndef BK_BASE_READER_H
#define BK_BASE_READER_H
/*
 * A stream that is being read, judged by its marks (seal.h).
 *
 * If the opening mark is there, end of file counts as the end only when the
 * closing mark came before it.  The verdict and the end are one event:
 * bk_reader_read() returns 0 for "ended and complete" and nothing else, so no
 * caller can take one for the other.  A stream without an opening mark is
 * passed through unjudged, unless BK_READER_SEALED demands it.  An empty file
 * may be meant; an empty pipe is the trace of a command that failed before it
 * could write a byte, and unfinished.
 *
 * An envelope (the opening mark as the very first bytes, the closing mark as
 * the very last) is stripped, and what is inside is judged by its own marks as
 * well: whoever closed the envelope may have copied an unfinished stream.
 *
 * A caller that succeeds has read until 0, so nothing upstream dies of a
 * closed pipe.  Memory: 8 KiB, and a pipe for bk_reader_stop().  Not for use
 * by several threads at once, but for that one.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bk_reader;

enum {
	BK_READER_SEALED = 1,	/* refuse a stream without an opening mark */
	BK_READER_NONEMPTY = 2,	/* an empty file is unfinished as well */
	BK_READER_PARSED = 4,	/* the caller parses the format and finds the
				 * stream's own marks: judge an envelope only */
};

/*
 * Begin to read fd, which stays the caller's; name (borrowed) is used in
 * messages.  Reads the first 4 KiB.  Returns NULL with *e set: BK_FAIL the
 * read failed, BK_DATA a flag's demand is not met.
 */
struct bk_reader *bk_reader_open(int fd, const char *name, unsigned flags,
    struct bk_err *e);

/* As if opened with BK_READER_PARSED, once the head told the format. */
void bk_reader_parsed(struct bk_reader *in);

/*
 * Read n bytes into buf, fewer only before the end.  Returns 0 at the end of
 * a complete stream; -1 with *e set: BK_DATA it is unfinished, BK_FAIL the
 * read failed.  What was read before a failure is the stream's real data,
 * without an envelope's closing mark.
 */
ssize_t bk_reader_read(struct bk_reader *in, void *buf, size_t n,
    struct bk_err *e);

/*
 * For another thread: let a bk_reader_read() that waits for input, and all that
 * follow, fail soon.
 */
void bk_reader_stop(struct bk_reader *in);

/* Read and drop the rest.  Returns as bk_reader_read() does: 0 or -1. */
int bk_reader_drain(struct bk_reader *in, struct bk_err *e);

/* 1 if there was an opening mark, the envelope's or the stream's own. */
int bk_reader_sealed(const struct bk_reader *in);

/* The stream's label: a database name, "" if none.  Borrowed. */
const char *bk_reader_label(const struct bk_reader *in);

/*
 * The stream's first bytes (at most 4 KiB, fewer only if it has no more), to
 * recognise a format by; reading is not affected.  Borrowed, valid until the
 * first bk_reader_read().
 */
const uint8_t *bk_reader_head(const struct bk_reader *in, size_t *n);

/* Bytes handed out so far. */
uint64_t bk_reader_bytes(const struct bk_reader *in);

void bk_reader_free(struct bk_reader *in); /* NULL is fine; fd stays open */

#endif
