#ifndef BK_BIN_TOOL_SETTINGS_H
#define BK_BIN_TOOL_SETTINGS_H
/*
 * Variables from files: BK_SETTINGS names them, and a tool takes those that it
 * reads and no others, so that one file can have the secrets of all stages of a
 * pipeline and no stage has another's.
 */
#include "base/err.h"

/*
 * Put into the environment those variables of TOOL_SETTINGS and of row, names
 * and PREFIX* with blanks between them, that the files have and the environment
 * has not.  A file
 * counts over those before it.  Before any thread exists.  0, or -1 with *e
 * set.
 */
int settings_take(const char *row, struct bk_err *e);

/* 1 if name is one of row's. */
int settings_has(const char *row, const char *name);

/* 1 if the value of the variable name is a secret, by its name. */
int settings_is_secret(const char *name);

#endif
