#ifndef BK_COMPRESS_FEED_H
#define BK_COMPRESS_FEED_H
/*
 * Compressed input on its way into a decoder: a bk_in with a look ahead, an
 * offset for messages, and the judgement of marks that are found while the
 * format is parsed.
 *
 * bk_in judges a stream by its first and last bytes.  A decoder sees every
 * frame, so it can do better: it accepts a sealed stream with zero padding or
 * another stream behind it, and refuses one that lost its end although a
 * later one has its own.  Open the bk_in with BK_IN_PARSED for that.
 *
 * Memory: 256 KiB.  Not for use by several threads at once.
 */
#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "in.h"

#define BK_FEED_CAP (256 * 1024)

struct bk_feed;

/*
 * Begin to read in, which stays the caller's, as does name.  what names the
 * unit of the format in messages: "gzip member".  NULL with *e set on failure.
 */
struct bk_feed *bk_feed_new(struct bk_in *in, const char *name,
    const char *what, struct bk_err *e);
void bk_feed_free(struct bk_feed *f);	/* NULL is fine; in stays open */

/*
 * Look at the next n bytes, n <= BK_FEED_CAP; *p is valid until the next call
 * for f.  Returns how many there are: fewer than n only at the end of a
 * complete input, more where they are at hand; -1 with *e set.
 */
ssize_t bk_feed_peek(struct bk_feed *f, size_t n, const uint8_t **p,
    struct bk_err *e);

/* As bk_feed_peek(), for at least 1 byte and as many as one read gives. */
ssize_t bk_feed_fill(struct bk_feed *f, const uint8_t **p, struct bk_err *e);

/* Consume n bytes that were seen. */
void bk_feed_skip(struct bk_feed *f, size_t n);

/* Consume n bytes into buf; 0, or -1 with *e set if the input has fewer. */
int bk_feed_take(struct bk_feed *f, void *buf, size_t n, struct bk_err *e);

/*
 * A frame begins here: messages will name this offset.  Also looks whether
 * the input is over.  1: there is a frame, or what should be one; 0: the
 * input has ended (behind zero padding, perhaps) and every mark has its
 * partner; -1 with *e set: BK_DATA something else is there, or unfinished.
 */
int bk_feed_frame(struct bk_feed *f, struct bk_err *e);

/* The offset of the frame that bk_feed_frame() saw last, in bytes. */
uint64_t bk_feed_offset(const struct bk_feed *f);

/*
 * The n bytes at p are where this format keeps its marks: see what they say.
 * 0, or -1 with *e set: BK_DATA an opening mark within an open stream, a
 * closing mark without an opening one.
 */
int bk_feed_mark(struct bk_feed *f, const void *p, size_t n, struct bk_err *e);

/*
 * What is wrong with a frame; all return -1 with BK_DATA.  bad: the one at
 * offset is damaged, and how; from any thread.  alien: the current one is no
 * frame at all.  cut: the input ended within it.
 */
int bk_feed_bad(const struct bk_feed *f, uint64_t offset, const char *how,
    struct bk_err *e);
int bk_feed_alien(const struct bk_feed *f, struct bk_err *e);
int bk_feed_cut(const struct bk_feed *f, struct bk_err *e);

#endif
