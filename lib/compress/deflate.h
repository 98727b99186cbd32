#ifndef BK_COMPRESS_DEFLATE_H
#define BK_COMPRESS_DEFLATE_H
/*
 * Raw deflate (RFC 1951) of one buffer at a time: ISA-L for the two lowest
 * levels if built with it, otherwise libdeflate.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct bk_deflate;

/* For one thread; level 1 to 12.  NULL with *e set: memory. */
struct bk_deflate *bk_deflate_new(int level, struct bk_err *e);
void bk_deflate_free(struct bk_deflate *d);	/* NULL is fine */

/* Maximum compressed size of n bytes. */
size_t bk_deflate_bound(size_t n);

/*
 * Compress the n bytes at in into out, which has room for
 * bk_deflate_bound(n).  Returns the compressed size.
 */
size_t bk_deflate_run(struct bk_deflate *d, const uint8_t *in, size_t n,
    uint8_t *out);

#endif
