#ifndef BK_BASE_SEAL_H
#define BK_BASE_SEAL_H
/*
 * The two marks that tell a finished stream from one that merely ended.
 *
 * A shell pipeline shows every reader the same end of file, whether the
 * writer succeeded or was killed.  So every stream that a bk tool makes has an
 * opening mark within its first BK_SEAL_HEAD bytes and a closing mark within
 * its last BK_SEAL_TAIL bytes, each where a standard reader of that format
 * skips it.  A mark is BK_SEAL_LEN bytes of printable ASCII: 128 random bits in
 * hex, constant for ever.  This module knows the marks and nothing about any
 * format; bk_reader (reader.h) judges by them, bk_writer (writer.h) holds the
 * end back.
 *
 * Right behind an opening mark there may stand a label, "(NAME)": the name of
 * the database that the stream holds, so that {db} at the far end of a
 * pipeline needs no second telling.  NAME is percent-encoded: all but ASCII
 * letters, digits and "._-" as %XX.  An envelope's opening mark has none.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define BK_SEAL_LEN 32		/* bytes of a mark */
#define BK_SEAL_HEAD 4096	/* the opening mark ends within so many */
#define BK_SEAL_TAIL 64		/* the closing mark begins within so many */
#define BK_SEAL_LABEL 192	/* room for "(NAME)" and its NUL */

/* The marks, as strings of BK_SEAL_LEN characters; static. */
const char *bk_seal_opening(void);
const char *bk_seal_closing(void);

/*
 * Write opening mark and label for database name db ("" or NULL: no label)
 * as one string: what a writer puts into its format.  A name whose label
 * would not fit, or for which there is no memory, is left out.
 */
void bk_seal_opening_label(char out[BK_SEAL_LEN + BK_SEAL_LABEL],
    const char *db);

/*
 * Look for the opening mark in the n first bytes of a stream.  Returns its
 * offset, -1 if there is none.  If db is not NULL, db receives the label's
 * decoded name, "" where there is no well-formed label.
 */
ptrdiff_t bk_seal_find_opening(const void *head, size_t n,
    char db[BK_SEAL_LABEL]);

/* The offset of the closing mark in the n last bytes of a stream, or -1. */
ptrdiff_t bk_seal_find_closing(const void *tail, size_t n);

#endif
