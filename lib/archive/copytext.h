#ifndef BK_ARCHIVE_COPYTEXT_H
#define BK_ARCHIVE_COPYTEXT_H
/*
 * COPY text as it passes by in pieces: rows, bytes and digest of its lines,
 * and its end, the line "\." (which cannot be data: COPY writes a backslash
 * as two).  A line may be of any length; none is ever held.
 */
#include <stddef.h>

#include "archive/manifest.h"
#include "base/err.h"

enum bk_copytext_end {
	BK_COPYTEXT_OPEN,	/* no "\." yet */
	BK_COPYTEXT_CUT,	/* nor a newline at the end */
	BK_COPYTEXT_CLOSED,	/* "\." and at most empty lines behind it */
	BK_COPYTEXT_MORE,	/* something else stands behind "\." */
};

struct bk_copytext;

struct bk_copytext *bk_copytext_new(struct bk_err *e);	/* NULL: memory */
void bk_copytext_free(struct bk_copytext *l);	/* NULL is fine */

void bk_copytext_begin(struct bk_copytext *l);	/* a new text */

/* The next n bytes. */
void bk_copytext_feed(struct bk_copytext *l, const void *p, size_t n);

/*
 * The same, but nothing behind the line "\." is taken: returns how many bytes
 * were, all n if it was not there.
 */
size_t bk_copytext_take(struct bk_copytext *l, const void *p, size_t n);

/* How the text has ended, if this was its end. */
enum bk_copytext_end bk_copytext_end(const struct bk_copytext *l);

/* What there was so far, without "\."; borrowed. */
const struct bk_content *bk_copytext_content(const struct bk_copytext *l);

#endif
