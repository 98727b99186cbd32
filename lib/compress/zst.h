#ifndef BK_COMPRESS_ZST_H
#define BK_COMPRESS_ZST_H
/*
 * Zstandard (RFC 8878); bk-formats(5) has the layout of what is written.  Both
 * functions run until in has ended and return 0, or -1 with *e set; neither
 * finishes out: its owner does, on 0.
 */
#include "base/reader.h"
#include "base/writer.h"

#define BK_ZST_LEVEL_MAX 19
#define BK_ZST_LEVEL_DEFAULT 3

/*
 * Compress in to out by so many threads of libzstd (>= 1).  The output depends
 * on the input, level (1 to BK_ZST_LEVEL_MAX) and libzstd's version alone.
 * BK_DATA: in is unfinished; out has no closing mark.
 * Memory: libzstd's, some 10 MiB a thread at level 3, 100 at level 19.
 */
int bk_zst_compress(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *e);

/*
 * Decompress any zstd stream, in one thread whatever threads says.  name is
 * what messages call in, which is opened with BK_READER_PARSED |
 * BK_READER_NONEMPTY. A frame's checksum is at its end, so what is in out of
 * the last frame before a failure has none.  BK_DATA: not zstd, damaged or
 * unfinished, with the offset of the frame; or a window of more than 128 MiB.
 * Memory: 1 MiB and the window that the frame asks for.
 */
int bk_zst_decompress(struct bk_reader *in, const char *name,
    struct bk_writer *out, unsigned threads, struct bk_err *e);

#endif
