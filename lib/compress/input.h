#ifndef BK_COMPRESS_INPUT_H
#define BK_COMPRESS_INPUT_H
/*
 * Input of a decoder: a bk_reader with look-ahead, an offset for messages, and
 * a check of the marks found while the format is parsed.
 *
 * bk_reader checks the first and last bytes of a stream only.  A decoder sees
 * every frame, so it can accept a sealed stream followed by zero padding or
 * another stream, and refuse one that lost its end even if a later stream is
 * complete.  Open the bk_reader with BK_READER_PARSED for that.
 *
 * Memory: 256 KiB.  Not thread-safe, except where noted.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "stream/reader.h"
#include "stream/seal.h"

#define BK_INPUT_CAP (256 * 1024)

struct bk_input;

/*
 * The input from reader.  name and unit, what the format calls its frames
 * ("gzip member"), are used in messages.  All three are borrowed.  NULL with
 * *e set: memory.
 */
struct bk_input *bk_input_new(struct bk_reader *reader, const char *name,
    const char *unit, struct bk_err *e);
void bk_input_free(struct bk_input *in);	/* NULL is fine */

/*
 * Look ahead n <= BK_INPUT_CAP bytes; *p is valid until the next call on in.
 * Returns the number of bytes at *p: fewer than n only at the end of a complete
 * input, more if they are buffered; -1 with *e set.
 */
ssize_t bk_input_peek(struct bk_input *in, size_t n, const uint8_t **p,
    struct bk_err *e);

/* Like bk_input_peek(), for at least 1 byte and as many as one read returns. */
ssize_t bk_input_fill(struct bk_input *in, const uint8_t **p, struct bk_err *e);

/* Consume n bytes, at most as many as the last look-ahead returned. */
void bk_input_skip(struct bk_input *in, size_t n);

/* Consume n bytes into buf; 0, or -1 with *e set, also if there are fewer. */
int bk_input_take(struct bk_input *in, void *buf, size_t n, struct bk_err *e);

/*
 * Start the next frame: messages will name its offset.  1: there is a frame, or
 * something in its place; 0: the input has ended, possibly after zero padding,
 * and all marks are paired; -1 with *e set: BK_DATA trailing garbage, or
 * unfinished.
 */
int bk_input_frame(struct bk_input *in, struct bk_err *e);

/* The offset of the current frame, in bytes. */
uint64_t bk_input_offset(const struct bk_input *in);

/*
 * Check the n bytes at p, from a place where this format has marks; a closing
 * one is followed by after bytes.  -1 with *e set: BK_DATA an opening mark
 * within an open stream, or a closing mark of another one.
 */
enum bk_input_marked { BK_INPUT_OTHER, BK_INPUT_OPENS, BK_INPUT_CLOSES };
int bk_input_mark(struct bk_input *in, const void *p, size_t n, unsigned after,
    struct bk_err *e);

/*
 * Failures; all return -1 with BK_DATA.  bad: the frame at offset is damaged,
 * and the cause; may be called from any thread.  no_frame: there is no frame at
 * the current offset.  cut: the input ended within the current frame.
 */
int bk_input_bad(const struct bk_input *in, uint64_t offset, const char *cause,
    struct bk_err *e);
int bk_input_no_frame(const struct bk_input *in, struct bk_err *e);
int bk_input_cut(const struct bk_input *in, struct bk_err *e);

#endif
