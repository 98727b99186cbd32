#ifndef BK_RESTORE_SWAP_OUTCOME_H
#define BK_RESTORE_SWAP_OUTCOME_H
/*
 * Whether a new database was put in its place, when the answer to the COMMIT
 * that does that was lost: the server knows.
 */
#include "pg/conn.h"

#define BK_SETTLE_OID 16	/* a decimal number and its NUL */

/* The OID of database name, before it is renamed.  0, or -1 with *e set. */
int bk_settle_begin(PGconn *conn, const char *name, char oid[BK_SETTLE_OID],
    struct bk_err *e);

/*
 * Over a connection of its own, when no other session works on database oid any
 * more: is it target, and complete?  0 if so; -1 if not, with *e set to what
 * was lost, or to why that is not known.
 */
int bk_settle(const struct bk_conn_params *params,
    const char oid[BK_SETTLE_OID], const char *target,
    const struct bk_err *lost, struct bk_err *e);

#endif
