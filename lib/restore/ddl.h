#ifndef BK_RESTORE_DDL_H
#define BK_RESTORE_DDL_H
/*
 * Everything of an archive but rows: the entries of its table of contents, one
 * by one (entry_sql.h), as pg_restore -d runs them.  An entry's definition is
 * sent as it stands, by itself; where a statement ends in it is the server's to
 * say.
 *
 * Before the data entries are run in their order.  After it several connections
 * take them: one whose dependencies are done, and which shares no table with
 * another at work unless both only build indexes.  Privileges come last, as a
 * table whose owner revoked his own INSERT could not be loaded, followed by
 * what needs them: contents of materialized views, and event triggers.
 */
#include <libpq-fe.h>

#include "restore/entry_list.h"
#include "restore/entry_sql.h"
#include "restore/types.h"

struct bk_restore_ddl {
	const struct bk_restore_options *o;
	const struct bk_toc *toc;
	const struct bk_restore_list *list;	/* of its entries */
	struct bk_buf settings;	/* of the archive, for sessions */
	unsigned char *step;	/* enum bk_ddl_step of each entry */
	int major;		/* of the server */
};

/*
 * Prepare for a server of this version; toc, list and o are borrowed.  Call
 * bk_restore_ddl_close() in any case.
 */
int bk_restore_ddl_open(struct bk_restore_ddl *d, const struct bk_toc *toc,
    const struct bk_restore_list *list, const struct bk_restore_options *o,
    int major, struct bk_err *e);
void bk_restore_ddl_close(struct bk_restore_ddl *d);

/* Before the data: objects, sequence values, owners of large objects. */
int bk_restore_ddl_pre(struct bk_restore_ddl *d, struct bk_err *e);

/* After the data: indexes, constraints, triggers; privileges and the rest. */
int bk_restore_ddl_post(struct bk_restore_ddl *d, struct bk_err *e);

/*
 * Run one step of the wanted entries (one byte each, in TOC order) on conn, in
 * its transaction.  0, or -1 with *e set.
 */
int bk_restore_ddl_step(struct bk_restore_ddl *d, PGconn *conn,
    const unsigned char *wanted, enum bk_ddl_step step, struct bk_err *e);

#endif
