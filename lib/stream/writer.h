#ifndef BK_STREAM_WRITER_H
#define BK_STREAM_WRITER_H
/*
 * Write a stream, holding back its end.
 *
 * The last BK_WRITER_HELD bytes are written only by bk_writer_finish(), in one
 * write(2).  So a tool writes no closing mark before it knows that its own
 * input was complete, nor if it fails or is killed; and a reader that stops at
 * the last thing it needs (pg_restore) has emptied the pipe by then.
 *
 * Memory: 64 KiB.  Not thread-safe.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stream/seal.h"

#define BK_WRITER_HELD 4096	/* = PIPE_BUF on Linux: one atomic write */

struct bk_writer;

/*
 * Open a stream on fd, which stays the caller's until bk_writer_finish() closes
 * it; name (borrowed) is used in messages.  NULL with *e set.
 */
struct bk_writer *bk_writer_open(int fd, const char *name, struct bk_err *e);

/*
 * Put the stream into an envelope (reader.h) with this label; NULL: that of the
 * opening mark in the payload's own head, if it has one.  Before the first
 * write.  0, or -1 with *e set.
 */
int bk_writer_envelope(struct bk_writer *out, const struct bk_label *label,
    struct bk_err *e);

/*
 * Write to fd what an envelope with this label begins with, and no more: whose
 * stream it would be, which no reader takes for whole.  0, or -1 with *e set.
 */
int bk_writer_head(int fd, const struct bk_label *label, struct bk_err *e);

/* Write n bytes.  0; -1 with *e set: the stream cannot be continued. */
int bk_writer_write(struct bk_writer *out, const void *buf, size_t n,
    struct bk_err *e);

/* The bytes written so far, without an envelope's marks: the offset. */
uint64_t bk_writer_bytes(const struct bk_writer *out);

/*
 * Overwrite n bytes at off that were written before.  Those no longer held must
 * be in a regular file, where the stream began at position base.  Not for
 * envelopes.
 */
int bk_writer_patch(struct bk_writer *out, uint64_t off, const void *buf,
    size_t n, uint64_t base, struct bk_err *e);

/* The stream is complete: write the held bytes, close fd.  0 or -1. */
int bk_writer_finish(struct bk_writer *out, struct bk_err *e);

/*
 * The input is damaged, but the data so far is good: write the held bytes, for
 * salvage.  If a closing mark is among the last of them (of an inner stream,
 * in a decoder), they end before it, and a line of BK_SEAL_TAIL bytes follows
 * that says so: there may be another mark before it, as the data's author can
 * write as many as he likes, and none ends the stream now.  No reader of a
 * dump, a tar or SQL takes the line for something of these.  An envelope needs
 * none.  Errors are ignored: the caller already has a failure to report.  fd
 * stays open.
 */
void bk_writer_abandon(struct bk_writer *out);

/*
 * What was written is not to be trusted: the line of bk_writer_abandon(), or
 * nothing in an envelope, in place of the held bytes, so that nobody takes it
 * for whole.  Nothing, if nothing has left yet.  Errors are ignored; fd stays
 * open.
 */
void bk_writer_spoil(struct bk_writer *out);

/* Discards held bytes; fd stays open.  NULL is fine. */
void bk_writer_free(struct bk_writer *out);

#endif
