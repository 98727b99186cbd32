#ifndef BK_VERIFY_CATALOG_H
#define BK_VERIFY_CATALOG_H
/*
 * What is defined in a database, as the installed pg_dump tells it: the table
 * of contents that it writes.  pg_dump is stopped before it has read any row.
 */
#include <stdatomic.h>

#include "archive/archive.h"
#include "pg/bindir.h"
#include "pg/conn.h"
#include "verify/dump_options.h"

struct bk_catalog {
	const struct bk_conn_params *params;	/* of the database */
	int major;		/* the server's */
	struct bk_bindir bindir;
	atomic_int *child;	/* pid of the running child, or 0 */
	/* written as the dump was; each may be NULL */
	const char *encoding;	/* a SET client_encoding statement */
	const char *options[BK_DUMP_REPEATED];	/* NULL at the end */
};

/*
 * Read *toc, {0} before.  0, or -1 with *e set.  bk_toc_free() in either case.
 */
int bk_catalog_toc(const struct bk_catalog *c, struct bk_toc *toc,
    struct bk_err *e);

#endif
