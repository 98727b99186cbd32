#ifndef BK_BASE_ENVFILE_H
#define BK_BASE_ENVFILE_H
/*
 * Files of settings, in the syntax of systemd's EnvironmentFile
 * (systemd.exec(5)): NAME=VALUE in each line; empty lines and those that begin
 * with '#' or ';' are skipped.  Blanks around a value are dropped, a backslash
 * keeps the next character, before a newline it joins the lines.  'single
 * quotes' keep all, over several lines too; in "double quotes" a backslash
 * stands before '"', '\', '`', '$' and a newline, and is itself elsewhere.
 * What follows a quote goes on with the value.  Nothing is expanded.
 *
 * Stricter than systemd, which skips what it does not understand, and of which
 * releases differ: a line without '=', a name that is none, a quote without its
 * end, a NUL byte are errors; so are a carriage return, text that is not UTF-8,
 * a comment that ends in a backslash, and a value that ends in a blank with a
 * backslash and the end of the line after it.
 */
#include <stddef.h>

#include "base/err.h"

/* A variable; -1 with *e set ends the reading. */
typedef int bk_envfile_each(void *arg, const char *name, const char *value,
    struct bk_err *e);

/*
 * Call each() for every variable of the n bytes text, which a NUL follows, from
 * path, in their order: of a name that comes twice the later one counts.  0, or
 * -1 with *e set, "PATH: line N: cause".
 */
int bk_envfile_parse(const char *text, size_t n, const char *path,
    bk_envfile_each *each, void *arg, struct bk_err *e);

/*
 * The same for the file path, which decides what runs (base/trusted.h), and may
 * have secrets: others may not read it (base/secret.h).
 */
int bk_envfile_load(const char *path, bk_envfile_each *each, void *arg,
    struct bk_err *e);

#endif
