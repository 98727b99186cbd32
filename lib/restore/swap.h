#ifndef BK_RESTORE_SWAP_H
#define BK_RESTORE_SWAP_H
/*
 * Put a new database in the place of the old one.
 *
 * Both renames are one transaction, so that at any time, even if the server is
 * killed, the name exists and means one or the other.  The server does not
 * rename a database that has sessions; it locks the name against new ones and
 * waits up to 5 s for the present ones to end.  Meanwhile we terminate them
 * from a second connection.  No database has to be closed to connections first
 * (ALLOW_CONNECTIONS false), which the transaction could not roll back.
 */
#include "pg/conn.h"
#include "restore/newdb.h"

/*
 * Rename target, if it exists, to TARGET_before_UTC, copied to before ("" if
 * not), and database name to target.  conn and params connect to another
 * database.  *seconds: how long nobody could connect to target.  0; -1 with *e
 * set and all names unchanged.
 */
int bk_swap(PGconn *conn, const struct bk_conn_params *params,
    const char *name, const char *target, char before[BK_NEWDB_NAME],
    double *seconds, struct bk_err *e);

/*
 * The databases that bk_swap() has put aside for target: name, bytes (0: not
 * visible), time (RFC 3339), one per row, latest first.  NULL with *e set.
 */
PGresult *bk_swap_list(PGconn *conn, const char *target, struct bk_err *e);

#endif
