#ifndef BK_ARCHIVE_UNPACK_H
#define BK_ARCHIVE_UNPACK_H
/*
 * The data of an archive's blocks, decompressed: none (bk-dump), zlib
 * (pg_dump's default) or zstd, as chosen by pg_dump -Z.  Each block and each
 * large object is a separate compressed stream.
 */
#include <sys/types.h>

#include "archive/archive.h"

struct bk_unpack;

/*
 * For the blocks of a, whose TOC is toc; name is used in messages.  All
 * are borrowed.  NULL with *e set: memory, or BK_FAIL for LZ4, which is not
 * supported.
 */
struct bk_unpack *bk_unpack_new(struct bk_archive *a, const struct bk_toc *toc,
    const char *name, struct bk_err *e);

/* Start the data of a block or large object. */
int bk_unpack_begin(struct bk_unpack *u, struct bk_err *e);

/*
 * Like bk_archive_data(): at most n bytes, 0 at the end, -1 with *e set, also
 * BK_DATA for compressed data that is damaged, truncated or has trailing data.
 */
ssize_t bk_unpack_read(struct bk_unpack *u, void *buf, size_t n,
    struct bk_err *e);

void bk_unpack_free(struct bk_unpack *u);	/* NULL is fine */

#endif
