#ifndef BK_BIN_TOOL_RUN_TELL_H
#define BK_BIN_TOOL_RUN_TELL_H
/* Telling people what became of a job, by bk-notify. */
#include "base/err.h"

/*
 * Run bk-notify, in env, with the options in the file path, one a line as
 * "--mail dba@example.org"; "{job}" in it is spec.  Its message is that of the
 * failure *result, or text.  The descriptor pass is open in it, -1: none.  What
 * fails is said by bk-notify, or is in *e.
 */
int run_tell(const char *path, const char *spec, char *const env[],
    const struct bk_err *result, const char *text, int pass, struct bk_err *e);

/* 0 if the file path is one for run_tell(), -1 with *e set if not. */
int run_tell_check(const char *path, const char *spec, struct bk_err *e);

#endif
