#ifndef BK_CRYPT_LINES_H
#define BK_CRYPT_LINES_H
/*
 * Text files of keys, recipients or shares, one per line.  Trailing blanks are
 * dropped; empty lines and lines starting with '#' are skipped.
 */
#include "base/buf.h"
#include "base/err.h"

/*
 * Call add for each line of b, which is modified, until it fails; *e gets its
 * failure with the prefix "name: line N: ".  NUL bytes in b fail with code.
 * 0, or -1 with *e set.
 */
int bk_lines_each(struct bk_buf *b, const char *name, enum bk_code code,
    int (*add)(void *ctx, const char *line, struct bk_err *e), void *ctx,
    struct bk_err *e);

#endif
