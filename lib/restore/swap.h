#ifndef BK_RESTORE_SWAP_H
#define BK_RESTORE_SWAP_H
/*
 * Give a database another one's name.
 *
 * Both renames are one transaction, so that whatever happens, a kill of the
 * server included, the name is there and means the one or the other.  The
 * server renames no database that somebody is connected to; it holds the
 * name locked, so that nobody comes in, and waits up to 5 s for those who are
 * there to leave.  Meanwhile we terminate them from a second connection.
 * No database has to be closed to connections for this, which no transaction
 * could take back.
 */
#include "pg/conn.h"
#include "restore/newdb.h"

/*
 * Rename target, if it exists, to TARGET_before_UTC, whose name goes to
 * before (""), and database name to target.  conn, and others made of params,
 * are connections to another database.  *seconds: for how long nobody could
 * connect to target.  0; -1 with *e set and all names as they were.
 */
int bk_swap(PGconn *conn, const struct bk_conn_params *params,
    const char *name, const char *target, char before[BK_NEWDB_NAME],
    double *seconds, struct bk_err *e);

/*
 * What bk_swap() has put aside of target: name, bytes (0: not to be told),
 * time (RFC 3339), one a row, the latest first.  NULL with *e set.
 */
PGresult *bk_swap_list(PGconn *conn, const char *target, struct bk_err *e);

#endif
