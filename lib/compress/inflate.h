#ifndef BK_COMPRESS_INFLATE_H
#define BK_COMPRESS_INFLATE_H
/*
 * A gzip member after its header, piece by piece: inflates raw deflate
 * (RFC 1951) and checks the trailer's CRC32 and length.  Uses ISA-L if built
 * with it, which takes half the time of zlib.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bk_inflate;

enum bk_inflated {
	BK_INFLATE_MORE,	/* in is consumed, or out is full */
	BK_INFLATE_END,		/* end of a correct member */
	BK_INFLATE_BAD,		/* damaged deflate stream */
	BK_INFLATE_SUM,		/* wrong checksum or length */
};

/* NULL with *e set: out of memory. */
struct bk_inflate *bk_inflate_new(struct bk_err *e);
void bk_inflate_free(struct bk_inflate *z);	/* NULL is fine */

/* Start a member; required before the first one, too. */
void bk_inflate_start(struct bk_inflate *z);

/*
 * Inflate from the *in_len bytes at *in, at most 2 GiB, to the *out_len bytes
 * at *out; advances both and reduces both lengths.  After BK_INFLATE_END, *in
 * is at the first byte after the member's trailer.
 */
enum bk_inflated bk_inflate_run(struct bk_inflate *z, const uint8_t **in,
    size_t *in_len, uint8_t **out, size_t *out_len);

#endif
