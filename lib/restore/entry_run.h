#ifndef BK_RESTORE_ENTRY_RUN_H
#define BK_RESTORE_ENTRY_RUN_H
/* Run an entry of a TOC on a connection; ddl.h has the order of entries. */
#include <libpq-fe.h>

#include "restore/ddl.h"

struct bk_entry_run {		/* a session, and what it was told last */
	const struct bk_restore_ddl *d;
	PGconn *conn;
	const char *tablespace, *access_method;	/* NULL: nothing yet */
	struct bk_buf sql;
};

/* With a connection of its own.  Call bk_entry_run_close() in any case. */
int bk_entry_run_open(struct bk_entry_run *r, const struct bk_restore_ddl *d,
    struct bk_err *e);
void bk_entry_run_close(struct bk_entry_run *r);

/*
 * Run te.  0, also if it failed and failures are noted; -1 with *e set.  One
 * that the server ended for a deadlock is run again.
 */
int bk_entry_run(struct bk_entry_run *r, const struct bk_toc_entry *te,
    struct bk_err *e);

#endif
