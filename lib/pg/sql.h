#ifndef BK_PG_SQL_H
#define BK_PG_SQL_H
/*
 * Statements on their way to a server, and what became of them: libpq's calls,
 * which nobody else makes, with a line for BK_DEBUG_SQL before and after.
 * Parameters, rows and COPY's data are not shown.
 */
#include <libpq-fe.h>

/* PQexec(). */
PGresult *bk_sql_exec(PGconn *conn, const char *sql);

/* PQexecParams(), for results in text. */
PGresult *bk_sql_params(PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values);

/* PQexecParams() as it is. */
PGresult *bk_sql_binary(PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values, const int *lengths,
    const int *formats, int format);

/* PQsendQuery() and PQgetResult(), which ends a COPY as well. */
int bk_sql_send(PGconn *conn, const char *sql);
PGresult *bk_sql_result(PGconn *conn);

#endif
