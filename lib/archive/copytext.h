#ifndef BK_ARCHIVE_COPYTEXT_H
#define BK_ARCHIVE_COPYTEXT_H
/*
 * A streaming parser of COPY text: counts rows and bytes, digests lines, and
 * finds the end, the line "\." (never data: COPY doubles a backslash).  Lines
 * may have any length; none is buffered.
 */
#include <stddef.h>

#include "archive/manifest.h"
#include "base/err.h"

enum bk_copytext_end {
	BK_COPYTEXT_OPEN,	/* no "\." yet */
	BK_COPYTEXT_CUT,	/* nor a newline at the end */
	BK_COPYTEXT_CLOSED,	/* "\.", followed by empty lines at most */
	BK_COPYTEXT_MORE,	/* data after "\." */
};

struct bk_copytext;

struct bk_copytext *bk_copytext_new(struct bk_err *e);	/* NULL: memory */
void bk_copytext_free(struct bk_copytext *t);	/* NULL is fine */

void bk_copytext_begin(struct bk_copytext *t);	/* start a new text */

/* Parse the next n bytes. */
void bk_copytext_feed(struct bk_copytext *t, const void *p, size_t n);

/*
 * The same, but stops after the line "\.": returns the number of bytes
 * consumed, n if the end was not found.
 */
size_t bk_copytext_take(struct bk_copytext *t, const void *p, size_t n);

/* The state at the end of the text, if this is its end. */
enum bk_copytext_end bk_copytext_end(const struct bk_copytext *t);

/* The content so far, without "\."; borrowed. */
const struct bk_content *bk_copytext_content(const struct bk_copytext *t);

#endif
