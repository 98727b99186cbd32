#ifndef BK_COMPRESS_GZ_H
#define BK_COMPRESS_GZ_H
/*
 * gzip (RFC 1952) on several threads; bk-formats(5) has the layout of what is
 * written.  Both functions run until in has ended and return 0, or -1 with *e
 * set; neither finishes out: its owner does, on 0.  in is used from another
 * thread meanwhile, out from the calling one.
 */
#include "base/reader.h"
#include "base/writer.h"

#define BK_GZ_LEVEL_MAX 12
#define BK_GZ_LEVEL_DEFAULT 6

/*
 * Compress in to out as members of 1 MiB, made by so many threads (>= 1).
 * The output depends on the input and level (1 to BK_GZ_LEVEL_MAX) alone.
 * BK_DATA: in is unfinished; out has whole members and no closing mark.
 * Memory: about (threads + 2) * 2.1 MiB.
 */
int bk_gz_compress(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *e);

/*
 * Decompress any gzip.  name is what messages call in, which is opened with
 * BK_READER_PARSED | BK_READER_NONEMPTY.  Members that tell their size (ours,
 * BGZF) are inflated by so many threads; each was checked as a whole before a
 * byte of it is in out.  Others are inflated by one, 1 MiB at a time, and what
 * is in out of a longer member has no checksum yet; nothing from the piece
 * where the failure is found.  BK_DATA: not gzip, damaged or unfinished, with
 * the offset of the member.  Memory: about (threads + 2) * 2.1 MiB.
 */
int bk_gz_decompress(struct bk_reader *in, const char *name,
    struct bk_writer *out, unsigned threads, struct bk_err *e);

#endif
