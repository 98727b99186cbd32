#ifndef BK_COMPRESS_INFLATE_H
#define BK_COMPRESS_INFLATE_H
/*
 * A gzip member behind its header, piece by piece: inflates raw deflate
 * (RFC 1951) and checks the trailer's CRC32 and length.  By ISA-L where it was
 * there to build with, which takes half the time of zlib.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bk_inflate;

enum bk_inflated {
	BK_INFLATE_MORE,	/* in is used up, or out is full */
	BK_INFLATE_END,		/* the member has ended and is good */
	BK_INFLATE_BAD,		/* its deflate stream is damaged */
	BK_INFLATE_SUM,		/* its checksum or its length is wrong */
};

/* NULL with *e set: out of memory. */
struct bk_inflate *bk_inflate_new(struct bk_err *e);
void bk_inflate_free(struct bk_inflate *z);	/* NULL is fine */

/* A new member begins.  It must be called before the first one too. */
void bk_inflate_start(struct bk_inflate *z);

/*
 * Use some of the *in_len bytes at *in, at most 2 GiB, and fill out, which has
 * room for *out_len bytes; all three are moved on by what was used.  After
 * BK_INFLATE_END *in is right behind the member's trailer.
 */
enum bk_inflated bk_inflate_run(struct bk_inflate *z, const uint8_t **in,
    size_t *in_len, uint8_t **out, size_t *out_len);

#endif
