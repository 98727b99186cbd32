#ifndef BK_BIN_TOOL_OWN_DIR_H
#define BK_BIN_TOOL_OWN_DIR_H
/* What is in the directory of this program's file, without a look at PATH. */
#include "base/buf.h"

/*
 * Put the path of name there into *out, whether or not there is such a file.
 * 0; -1 with *e set, where the system does not tell.
 */
int own_dir(const char *name, struct bk_buf *out, struct bk_err *e);

#endif
