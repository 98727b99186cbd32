#ifndef BK_COMPRESS_INPUT_H
#define BK_COMPRESS_INPUT_H
/*
 * Compressed input on its way into a decoder: a bk_reader with a look ahead, an
 * offset for messages, and the judgement of marks that are found while the
 * format is parsed.
 *
 * bk_reader judges a stream by its first and last bytes.  A decoder sees every
 * frame, so it can do better: it accepts a sealed stream with zero padding or
 * another stream behind it, and refuses one that lost its end although a
 * later one has its own.  Open the bk_reader with BK_READER_PARSED for that.
 *
 * Memory: 256 KiB.  Not for use by several threads at once.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

#define BK_INPUT_CAP (256 * 1024)

struct bk_input;

/*
 * Begin to read in, which stays the caller's, as does name.  what names the
 * unit of the format in messages: "gzip member".  NULL with *e set on failure.
 */
struct bk_input *bk_input_new(struct bk_reader *in, const char *name,
    const char *what, struct bk_err *e);
void bk_input_free(struct bk_input *f);	/* NULL is fine; in stays open */

/*
 * Look at the next n bytes, n <= BK_INPUT_CAP; *p is valid until the next call
 * for f.  Returns how many there are: fewer than n only at the end of a
 * complete input, more where they are at hand; -1 with *e set.
 */
ssize_t bk_input_peek(struct bk_input *f, size_t n, const uint8_t **p,
    struct bk_err *e);

/* As bk_input_peek(), for at least 1 byte and as many as one read gives. */
ssize_t bk_input_fill(struct bk_input *f, const uint8_t **p, struct bk_err *e);

/* Consume n bytes that were seen. */
void bk_input_skip(struct bk_input *f, size_t n);

/* Consume n bytes into buf; 0, or -1 with *e set if the input has fewer. */
int bk_input_take(struct bk_input *f, void *buf, size_t n, struct bk_err *e);

/*
 * A frame begins here: messages will name this offset.  Also looks whether
 * the input is over.  1: there is a frame, or what should be one; 0: the
 * input has ended (behind zero padding, perhaps) and every mark has its
 * partner; -1 with *e set: BK_DATA something else is there, or unfinished.
 */
int bk_input_frame(struct bk_input *f, struct bk_err *e);

/* The offset of the frame that bk_input_frame() saw last, in bytes. */
uint64_t bk_input_offset(const struct bk_input *f);

/*
 * The n bytes at p are where this format keeps its marks: see what they say.
 * 0, or -1 with *e set: BK_DATA an opening mark within an open stream, a
 * closing mark without an opening one.
 */
int bk_input_mark(struct bk_input *f, const void *p, size_t n,
    struct bk_err *e);

/*
 * What is wrong with a frame; all return -1 with BK_DATA.  bad: the one at
 * offset is damaged, and how; from any thread.  alien: the current one is no
 * frame at all.  cut: the input ended within it.
 */
int bk_input_bad(const struct bk_input *f, uint64_t offset, const char *how,
    struct bk_err *e);
int bk_input_alien(const struct bk_input *f, struct bk_err *e);
int bk_input_cut(const struct bk_input *f, struct bk_err *e);

#endif
