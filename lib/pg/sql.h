#ifndef BK_PG_SQL_H
#define BK_PG_SQL_H
/*
 * libpq's calls that execute statements, each with a debug line (BK_DEBUG_SQL)
 * before and after.  No other file calls these directly.  Parameters, rows and
 * COPY data are not shown.
 */
#include <libpq-fe.h>

/*
 * PQexec(), on a connection that has nothing left to tell, within the limits of
 * timeout.h.
 */
PGresult *bk_sql_exec(PGconn *conn, const char *sql);

/* PQexecParams() with parameters and results as text. */
PGresult *bk_sql_params(PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values);

/* PQexecParams(), all its parameters. */
PGresult *bk_sql_binary(PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values, const int *lengths,
    const int *formats, int format);

/* PQsendQuery() and PQgetResult(), which ends a COPY as well. */
int bk_sql_send(PGconn *conn, const char *sql);
PGresult *bk_sql_result(PGconn *conn);

#endif
