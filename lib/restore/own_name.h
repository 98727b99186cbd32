#ifndef BK_RESTORE_OWN_NAME_H
#define BK_RESTORE_OWN_NAME_H
/*
 * A database that is gone is restored under its own name: there is nothing to
 * swap it with, and some extensions (pg_cron) can be made only in a database of
 * that name.
 *
 * It must not be taken for the real one before it is complete.  So it is made
 * as TARGET_new_UTC (newdb.h), and one transaction gives it its name and closes
 * it to superusers, too: by session_preload_libraries naming a library that
 * does not exist, so that each session ends with "could not access file
 * "bk-restore: unfinished"".  Our own sessions set the parameter when they
 * connect.  One more transaction opens it, with its settings and privileges.  A
 * database that is closed in this way, its target's lock being free, was left
 * by a killed run.
 *
 * Only a superuser may do this; for others the new name remains until the end.
 */
#include <libpq-fe.h>

#include "pg/conn.h"
#include "restore/newdb.h"

/*
 * Give the database called name, just made for target, which must not exist,
 * its own name, closed; name becomes target and p (its parameters) connects to
 * it.  0, or -1 with *e set; name is the database's in any case.
 */
int bk_own_name_take(PGconn *conn, const char *target,
    char name[BK_NEWDB_NAME], struct bk_conn_params *p, struct bk_err *e);

/*
 * Append the SQL, for a transaction, that opens database target to superusers;
 * for all others bk_newdb_open() does.
 */
int bk_own_name_open(const char *target, struct bk_buf *sql,
    struct bk_err *e);

/*
 * Drop database target if it is closed; the caller holds target's lock.  0, or
 * -1 with *e set.
 */
int bk_own_name_sweep(PGconn *conn, const char *target, struct bk_err *e);

#endif
