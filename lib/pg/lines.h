#ifndef BK_PG_LINES_H
#define BK_PG_LINES_H
/*
 * COPY text as it passes by in pieces: rows, bytes and digest of its lines,
 * and its end, the line "\." (which cannot be data: COPY writes a backslash
 * as two).  A line may be of any length; none is ever held.
 */
#include <stddef.h>

#include "err.h"
#include "manifest.h"

enum bk_lines_end {
	BK_LINES_OPEN,		/* no "\." yet */
	BK_LINES_CUT,		/* none, and the last line is not ended */
	BK_LINES_CLOSED,	/* "\." and at most empty lines behind it */
	BK_LINES_MORE,		/* something else stands behind "\." */
};

struct bk_lines;

struct bk_lines *bk_lines_new(struct bk_err *e);	/* NULL: memory */
void bk_lines_free(struct bk_lines *l);			/* NULL is fine */

void bk_lines_begin(struct bk_lines *l);		/* a new text */

/* The next n bytes. */
void bk_lines_feed(struct bk_lines *l, const void *p, size_t n);

/*
 * The same, but nothing behind the line "\." is taken: returns how many bytes
 * were, all n if it was not there.
 */
size_t bk_lines_take(struct bk_lines *l, const void *p, size_t n);

/* How the text has ended, if this was its end. */
enum bk_lines_end bk_lines_end(const struct bk_lines *l);

/* What there was so far, without "\."; borrowed. */
const struct bk_content *bk_lines_content(const struct bk_lines *l);

#endif
