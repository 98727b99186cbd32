#ifndef BK_PG_BINDIR_H
#define BK_PG_BINDIR_H
/*
 * Where PostgreSQL's client programs are.  Several versions may be installed,
 * and the one that PATH finds first need not be the one that is needed.
 */
#include <signal.h>

#include "base/buf.h"
#include "base/err.h"

struct bk_bindir {
	const char *dir;	/* $BK_PG_BINDIR: the only place; or NULL */
	const char *path;	/* $PATH; or NULL */
	char *const *env;	/* environment for "PROGRAM --version" */
};

/*
 * Put the path of program ("pg_dump") into *out: of the same major version as
 * the server (server_version as PQserverVersion() gives it), else the newest
 * there is, which must not be older than the server.  0; -1 with *e set,
 * saying which version is needed, which was found, and how to get it.
 */
int bk_bindir_find(const struct bk_bindir *b, const char *program,
    int server_version, struct bk_buf *out, struct bk_err *e);

/*
 * The same with a version between min and max (both majors included), best the
 * wanted one; BK_FAIL if there is none.
 */
struct bk_bindir_range {
	int wanted, min, max;
};
int bk_bindir_find_range(const struct bk_bindir *b, const char *program,
    const struct bk_bindir_range *range, struct bk_buf *out, struct bk_err *e);

#endif
