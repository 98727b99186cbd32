#ifndef BK_CRYPT_LINES_H
#define BK_CRYPT_LINES_H
/*
 * The text files that hold keys, recipients, shares: one a line; blanks at a
 * line's end are dropped, empty lines and lines that begin with '#' skipped.
 */
#include "base/buf.h"
#include "base/err.h"

/*
 * Hand each line of b, which is cut up, to add, until that fails; its failure
 * gets "name: line N: " before it.  NUL bytes in b are a failure with code.
 */
int bk_lines_each(struct bk_buf *b, const char *name, enum bk_code code,
    int (*add)(void *ctx, const char *line, struct bk_err *e), void *ctx,
    struct bk_err *e);

#endif
