#ifndef BK_TOOL_OWN_TOOL_H
#define BK_TOOL_OWN_TOOL_H
/* Another tool of bk's, as a part of this one's work. */
#include "base/buf.h"
#include "base/err.h"

/*
 * Run argv[0] of the directory of this program, with env, and append what it
 * prints, at most max bytes, to *out.  0; -1 with *e set: its message, and the
 * code that its exit status stands for.
 */
int own_tool(char *argv[], char *const env[], size_t max, struct bk_buf *out,
    struct bk_err *e);

#endif
