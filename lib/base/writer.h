#ifndef BK_BASE_WRITER_H
#define BK_BASE_WRITER_H
/*
 * A stream that is being written, its end held back.
 *
 * The last BK_WRITER_HELD bytes leave only in bk_writer_finish(), all in one
 * write: so the closing mark never leaves before the writer knows that its
 * own input was complete, and a reader that stops at the last thing it wants
 * (pg_restore) has taken the rest from the pipe by then.  A tool that fails or
 * is killed before bk_writer_finish() has written no closing mark.
 *
 * Memory: 64 KiB.  Not for use by several threads at once.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BK_WRITER_HELD 4096	/* = PIPE_BUF on Linux: one atomic write */

struct bk_writer;

enum {
	BK_WRITER_ENVELOPE = 1,	/* put it between the two marks (seal.h) */
};

/*
 * Begin to write to fd; name (borrowed) is used in messages.  fd stays the
 * caller's until bk_writer_finish() closes it.  NULL with *e set on failure.
 */
struct bk_writer *bk_writer_open(int fd, const char *name, unsigned flags,
    struct bk_err *e);

/* Take n bytes; 0, or -1 with *e set and the stream beyond repair. */
int bk_writer_write(struct bk_writer *out, const void *buf, size_t n,
    struct bk_err *e);

/* Bytes taken so far, an envelope's mark not counted: the next offset. */
uint64_t bk_writer_bytes(const struct bk_writer *out);

/*
 * Overwrite n bytes at off, already taken.  The part that has left must be in
 * a regular file that began at file position base; not for envelopes.
 */
int bk_writer_patch(struct bk_writer *out, uint64_t off, const void *buf,
    size_t n, uint64_t base, struct bk_err *e);

/* The stream is complete: write what is held and close fd.  0 or -1. */
int bk_writer_finish(struct bk_writer *out, struct bk_err *e);

/*
 * The input turned out damaged, but what was taken so far is good: let it go,
 * for whoever has to save what can be saved.  A closing mark at its end (of
 * an inner stream, when this one is a decoder's) is not let go, and none is
 * written, so that nobody takes the result for complete.  Errors are ignored:
 * the caller has a failure to report already.  fd stays open.
 */
void bk_writer_abandon(struct bk_writer *out);

/* Drop what is still held and free; NULL is fine; fd stays open. */
void bk_writer_free(struct bk_writer *out);

#endif
