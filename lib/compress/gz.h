#ifndef BK_COMPRESS_GZ_H
#define BK_COMPRESS_GZ_H
/*
 * gzip (RFC 1952) on several threads; see bk-formats(5) for the layout of the
 * output.  Both functions read in to its end and return 0, or -1 with *e set;
 * neither finishes out: its owner does, on 0.  in is used from another thread,
 * out from the calling one.
 */
#include "stream/reader.h"
#include "stream/writer.h"

#define BK_GZ_LEVEL_MAX 12
#define BK_GZ_LEVEL_DEFAULT 6

/*
 * Compress in to out as members of 1 MiB, with the given number of threads
 * (>= 1).  The output depends on input and level (1 to BK_GZ_LEVEL_MAX) only.
 * BK_DATA: in is unfinished; out has complete members and no closing mark.
 * Memory: about (threads + 2) * 2.1 MiB.
 */
int bk_gz_compress(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *e);

/*
 * Decompress any gzip stream.  in is opened with BK_READER_PARSED |
 * BK_READER_NONEMPTY; name is its name in messages.  Members with their size in
 * the header (ours, BGZF) are inflated in parallel, and each is checked as a
 * whole before any of it is written to out.  Others are inflated by one thread,
 * 1 MiB at a time: on failure, output of a longer member is unchecked, and
 * nothing of the piece with the failure is written.  BK_DATA: not gzip, damaged
 * or unfinished, with the offset of the member.
 * Memory: about (threads + 2) * 2.1 MiB.
 */
int bk_gz_decompress(struct bk_reader *in, const char *name,
    struct bk_writer *out, unsigned threads, struct bk_err *e);

#endif
