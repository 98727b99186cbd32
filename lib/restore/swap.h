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

struct bk_swap {
	PGconn *conn;		/* both to another database */
	const struct bk_conn_params *params;
	const char *name, *target;
	const char *sql;	/* run in the same transaction; or NULL */
};

/*
 * Rename s->target, if it exists, to TARGET_before_UTC, copied to before ("" if
 * not), with a comment that marks it by that instant and its OID, and database
 * s->name to s->target, without such a mark.  *seconds: how long nobody could
 * connect to it.  0; -1 with *e set and everything unchanged.
 */
int bk_swap(const struct bk_swap *s, char before[BK_NEWDB_NAME],
    double *seconds, struct bk_err *e);

/*
 * The databases that bk_swap() has put aside for target: name, bytes (0: not
 * visible), time (RFC 3339), owner, one per row, latest first.  They have its
 * mark and target's owner; another database with such a name is not listed.  If
 * target does not exist, its owner is not known: the fifth column is 't' if it
 * is, or if the owner is a superuser or the user.  The sixth is 't' for the
 * remainder of an interrupted DROP DATABASE.  NULL with *e set.
 */
PGresult *bk_swap_list(PGconn *conn, const char *target, struct bk_err *e);

/*
 * The names of all others that a backup of the whole server has, one per row:
 * no template, none that is closed to connections or half dropped, none that a
 * restore has set aside or not finished.  NULL with *e set.
 */
PGresult *bk_swap_databases(PGconn *conn, struct bk_err *e);

#endif
