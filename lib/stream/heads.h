#ifndef BK_STREAM_HEADS_H
#define BK_STREAM_HEADS_H
/*
 * What the streams that we know begin with: the bytes that tell a format, the
 * versions that are read, and where each format has its opening mark
 * (bk-formats(5)).  All that read or write such a head take it from here.
 */
#include <stddef.h>

#include "stream/seal.h"

/* CRYPT: bk-crypt, or age, armored or not. */
enum bk_format { BK_FORMAT_OTHER, BK_FORMAT_ARCHIVE, BK_FORMAT_GZIP,
	BK_FORMAT_ZSTD, BK_FORMAT_CRYPT, BK_FORMAT_TAR };

#define BK_HEAD_ARCHIVE "PGDMP"
/* VERSION, a blank and the mark follow, in the first entry's COPY statement */
#define BK_HEAD_ARCHIVE_AUTHOR "-- bk-dump "
#define BK_HEAD_GZIP "\x1f\x8b\x08"
#define BK_HEAD_GZIP_FIELD "BS"	/* the subfield of FEXTRA with a mark */
#define BK_HEAD_ZSTD "\x28\xb5\x2f\xfd"
/* a skippable frame, 184D2A50 to 184D2A5F: the first byte's low half is free */
#define BK_HEAD_SKIPPABLE "\x50\x2a\x4d\x18"
#define BK_HEAD_CRYPT "bk-crypt/"
#define BK_HEAD_AGE "age-encryption.org/"
#define BK_HEAD_VERSION "v1"	/* of both */
#define BK_HEAD_ARMOR "-----BEGIN AGE ENCRYPTED FILE-----"
#define BK_HEAD_TAR "ustar"	/* at this offset: */
#define BK_HEAD_TAR_AT 257
#define BK_HEAD_TAR_MARK "comment=" /* the pax record with a mark */

/* That of a stream, or of the payload in an envelope, by its first n bytes. */
enum bk_format bk_heads_format(const void *head, size_t n);

/*
 * Find the opening mark of a stream that begins with these n bytes, of which
 * the first BK_SEAL_HEAD matter: an envelope's, at 0, or that of an archive,
 * gzip, zstd, bk-crypt or tar stream where bk-formats(5) says.  Returns its
 * offset, with *s set and *len as by bk_seal_read(), or -1: none.
 */
ptrdiff_t bk_heads_mark(struct bk_seal *s, const void *head, size_t n,
    ptrdiff_t *len);

/* 1 if a stream of these n bytes alone ends before its mark could. */
int bk_heads_cut(const void *head, size_t n);

#endif
