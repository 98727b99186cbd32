#ifndef BK_ARCHIVE_UNPACK_H
#define BK_ARCHIVE_UNPACK_H
/*
 * The data of an archive's blocks as text, whichever way pg_dump -Z packed
 * it: not at all (bk-dump), zlib (pg_dump's default), zstd.  Each block, and
 * each large object, is a stream of its own.
 */
#include <sys/types.h>

#include "archive/archive.h"

struct bk_unpack;

/*
 * For a's blocks, whose TOC is toc; both are borrowed.  NULL with *e set:
 * memory, or BK_FAIL for LZ4, which we cannot read.
 */
struct bk_unpack *bk_unpack_new(struct bk_archive *a, const struct bk_toc *toc,
    const char *name, struct bk_err *e);

/* A block's, or a large object's, data begins. */
int bk_unpack_begin(struct bk_unpack *u, struct bk_err *e);

/*
 * As bk_archive_data(): at most n bytes, 0 at the end, -1 with *e set: also
 * BK_DATA for packed data that is damaged, ends early or has more behind it.
 */
ssize_t bk_unpack_read(struct bk_unpack *u, void *buf, size_t n,
    struct bk_err *e);

void bk_unpack_free(struct bk_unpack *u);	/* NULL is fine */

#endif
