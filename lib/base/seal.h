#ifndef BK_BASE_SEAL_H
#define BK_BASE_SEAL_H
/*
 * The two marks that distinguish a finished stream from one that merely ended.
 *
 * In a shell pipeline a reader sees the same end of file whether the writer
 * succeeded or was killed.  So every stream that a bk tool writes has an
 * opening mark within its first BK_SEAL_HEAD bytes and a closing mark within
 * its last BK_SEAL_TAIL bytes, each where a standard reader of that format
 * skips it.  A mark is BK_SEAL_LEN bytes of printable ASCII: 128 random bits in
 * hex, constant forever.  This module knows the marks but no format; bk_reader
 * (reader.h) judges by them, bk_writer (writer.h) holds the end back.
 *
 * An opening mark may be followed by a label, "(NAME)": the name of the
 * database in the stream, so that {db} at the far end of a pipeline need not be
 * given again.  NAME is percent-encoded: all but ASCII letters, digits and
 * "._-" as %XX.  An envelope's opening mark has no label.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_SEAL_LEN 32		/* bytes of a mark */
#define BK_SEAL_HEAD 4096	/* the opening mark ends within these */
#define BK_SEAL_TAIL 64		/* the closing mark begins within these */
#define BK_SEAL_LABEL 192	/* room for "(NAME)" and its NUL */

/* The marks, as strings of BK_SEAL_LEN characters; static. */
const char *bk_seal_opening(void);
const char *bk_seal_closing(void);

/*
 * Write the opening mark and the label of database db ("" or NULL: no label) as
 * one string, for a writer to embed in its format.  A name whose label does not
 * fit, or for which there is no memory, is omitted.
 */
void bk_seal_opening_label(char out[BK_SEAL_LEN + BK_SEAL_LABEL],
    const char *db);

/*
 * Find the opening mark in the first n bytes of a stream.  Returns its offset,
 * or -1.  If db is not NULL, it receives the label's decoded name, "" without a
 * well-formed label.
 */
ptrdiff_t bk_seal_find_opening(const void *head, size_t n,
    char db[BK_SEAL_LABEL]);

/* The offset of the closing mark in the last n bytes of a stream, or -1. */
ptrdiff_t bk_seal_find_closing(const void *tail, size_t n);

#endif
