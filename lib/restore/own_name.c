#include "restore/own_name.h"

#include <stdio.h>
#include <string.h>

#include "pg/sql.h"

#define LIBRARY BK_MARK_UNFINISHED

/* Append "ALTER DATABASE name tail". */
static int
alter(struct bk_buf *sql, const char *name, const char *tail,
    struct bk_err *e)
{
	if (bk_buf_puts(sql, "ALTER DATABASE ", e) == -1 ||
	    bk_conn_ident(sql, name, e) == -1)
		return -1;
	return bk_buf_puts(sql, tail, e);
}

int
bk_own_name_take(PGconn *conn, const char *target,
    char name[BK_NEWDB_NAME], struct bk_conn_params *p, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = -1;

	/* sent as one string, and so one transaction */
	if (alter(&sql, name, " SET session_preload_libraries = '" LIBRARY
	    "'; ", e) == 0 &&
	    alter(&sql, name, " RENAME TO ", e) == 0 &&
	    bk_conn_ident(&sql, target, e) == 0 &&
	    bk_conn_exec(conn, sql.data, e) == 0) {
		(void)snprintf(name, BK_NEWDB_NAME, "%s", target);
		rc = bk_conn_params_option(p,
		    "-c session_preload_libraries=", e);
	}
	if (rc == 0)
		rc = bk_conn_params_database(p, target, e);
	bk_buf_free(&sql);
	return rc;
}

int
bk_own_name_open(const char *target, struct bk_buf *sql, struct bk_err *e)
{
	return alter(sql, target, " RESET session_preload_libraries; ", e);
}

int
bk_own_name_sweep(PGconn *conn, const char *target, struct bk_err *e)
{
	PGresult *res = bk_sql_params(conn, "SELECT 1 "
	    "FROM pg_catalog.pg_database d "
	    "JOIN pg_catalog.pg_db_role_setting s ON s.setdatabase = d.oid "
	    "AND s.setrole = 0 WHERE d.datname = $1 "
	    /* or its DROP was interrupted */
	    "AND d.datconnlimit IN (0, -2) "
	    "AND s.setconfig @> ARRAY["
	    "'session_preload_libraries=\"" LIBRARY "\"']", 1, NULL, &target);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		rc = bk_conn_fail(conn, res, NULL, e);
	else if (PQntuples(res) > 0)
		rc = bk_newdb_discard(conn, target, e);
	PQclear(res);
	return rc;
}
