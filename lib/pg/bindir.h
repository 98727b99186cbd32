#ifndef BK_PG_BINDIR_H
#define BK_PG_BINDIR_H
/*
 * Find PostgreSQL's client programs.  Several versions may be installed, and
 * the first in PATH need not be the one needed.
 */
#include <signal.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_bindir {
	const char *dir;	/* $BK_PG_BINDIR: search only this; or NULL */
	const char *path;	/* $PATH; or NULL */
	const char *bundled;	/* has N/bin of majors N: searched last */
	char *const *env;	/* environment for "PROGRAM --version" */
};

/*
 * Put the path of program ("pg_dump") into *out: of the server's major version,
 * else the newest installed, which must not be older than the server.  0; -1
 * with *e set, naming the version needed, the one found, and the remedy.
 */
int bk_bindir_find(const struct bk_bindir *b, const char *program,
    int major, struct bk_buf *out, struct bk_err *e);

/*
 * The same for a major version from min to max (inclusive), preferably wanted;
 * BK_FAIL if there is none.
 */
struct bk_bindir_range {
	int wanted, min, max;
};
int bk_bindir_find_range(const struct bk_bindir *b, const char *program,
    const struct bk_bindir_range *range, struct bk_buf *out, struct bk_err *e);

#endif
