#ifndef BK_COMPRESS_ZST_H
#define BK_COMPRESS_ZST_H
/*
 * Zstandard (RFC 8878); see bk-formats(5) for the layout of the output.  Both
 * functions read in to its end and return 0, or -1 with *e set; neither
 * finishes out: its owner does, on 0.
 */
#include "stream/reader.h"
#include "stream/writer.h"

#define BK_ZST_LEVEL_MAX 19
#define BK_ZST_LEVEL_DEFAULT 3

/*
 * Compress in to out with the given number of libzstd threads (>= 1).  The
 * output depends on input, level (1 to BK_ZST_LEVEL_MAX) and libzstd's version
 * only.  BK_DATA: in is unfinished; out has no closing mark.
 * Memory: libzstd's, about 10 MiB per thread at level 3, 100 MiB at level 19.
 */
int bk_zst_compress(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *e);

/*
 * Decompress any zstd stream, in one thread: threads is ignored.  in is opened
 * with BK_READER_PARSED | BK_READER_NONEMPTY; name is its name in messages.  A
 * frame's checksum is at its end, so on failure, output of the last frame is
 * unchecked.  BK_DATA: not zstd, damaged or unfinished, with the offset of the
 * frame; or a window of more than 128 MiB.
 * Memory: 1 MiB and the window that the frame requires.
 */
int bk_zst_decompress(struct bk_reader *in, const char *name,
    struct bk_writer *out, unsigned threads, struct bk_err *e);

#endif
