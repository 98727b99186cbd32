#ifndef BK_STREAM_READER_H
#define BK_STREAM_READER_H
/*
 * Read a stream and check by its marks that it is complete (seal.h).
 *
 * After an opening mark, end of file without a closing mark is an error.  The
 * end of the stream and its verdict are one event: bk_reader_read() returns 0
 * only for "ended and complete", so that no caller confuses the two.  A stream
 * without an opening mark is passed through unchecked, unless BK_READER_SEALED
 * requires one.  A mark is looked for only where the writer of a format that we
 * know puts it (heads.h); elsewhere it is data, which others chose.
 * A stream of one of these formats that ends before its mark could is
 * unfinished as well.  An empty file is accepted; an empty pipe is unfinished:
 * the command before it failed without output.
 *
 * An envelope (opening mark and label as the first bytes, the closing mark as
 * the last) is stripped.  In its payload no marks are looked for, as it may be
 * anybody's: the parser of the payload's format checks the marks of that.
 *
 * A caller that succeeds has read until 0, so nothing upstream dies of a closed
 * pipe.  Memory: 8 KiB, and a pipe for bk_reader_stop(), the only function that
 * another thread may call at the same time.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stream/seal.h"

struct bk_reader;

enum {
	BK_READER_SEALED = 1,	/* refuse a stream without an opening mark */
	BK_READER_NONEMPTY = 2,	/* an empty file is unfinished too */
	BK_READER_PARSED = 4,	/* the caller parses the format and checks the
				 * stream's own marks: check only an envelope */
};

/*
 * Open a stream on fd, which stays the caller's, and read its first 4 KiB; name
 * (borrowed) is used in messages.  NULL with *e set: BK_FAIL the read failed,
 * BK_DATA a flag's requirement is not met.
 */
struct bk_reader *bk_reader_open(int fd, const char *name, unsigned flags,
    struct bk_err *e);

/* Set BK_READER_PARSED, once the head has shown the format. */
void bk_reader_parsed(struct bk_reader *in);

/*
 * Read n bytes into buf, fewer only before the end.  0 at the end of a complete
 * stream; -1 with *e set: BK_DATA it is unfinished, BK_FAIL the read failed.
 * Data read before a failure is valid, without an envelope's marks.
 */
ssize_t bk_reader_read(struct bk_reader *in, void *buf, size_t n,
    struct bk_err *e);

/*
 * From another thread: make a bk_reader_read() that is waiting for input, and
 * all later ones, fail.
 */
void bk_reader_stop(struct bk_reader *in);

/* Read and discard the rest; 0 or -1 as bk_reader_read(). */
int bk_reader_drain(struct bk_reader *in, struct bk_err *e);

/* 1 if there is an opening mark, an envelope's or the stream's own. */
int bk_reader_sealed(const struct bk_reader *in);

/* 1 if the stream is in an envelope. */
int bk_reader_envelope(const struct bk_reader *in);

/* The label after the opening mark; an empty one without.  Borrowed. */
const struct bk_label *bk_reader_label(const struct bk_reader *in);

/*
 * The stream's first 4 KiB (fewer only if it is shorter), to recognise its
 * format; they are still to be read.  Borrowed until the first
 * bk_reader_read().
 */
const uint8_t *bk_reader_head(const struct bk_reader *in, size_t *n);

/* Bytes returned so far. */
uint64_t bk_reader_bytes(const struct bk_reader *in);

void bk_reader_free(struct bk_reader *in); /* NULL is fine; fd stays open */

#endif
