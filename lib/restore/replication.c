#include "restore/replication.h"

#include "pg/server.h"

PGresult *
bk_replication_list(PGconn *conn, const char *name, struct bk_err *e)
{
	return bk_conn_query1(conn, "SELECT 's', subname, subenabled "
	    "FROM pg_catalog.pg_subscription JOIN pg_catalog.pg_database d "
	    "ON d.oid = subdbid WHERE datname = $1 "
	    "UNION ALL SELECT 'r', slot_name, active "
	    "FROM pg_catalog.pg_replication_slots WHERE database = $1 "
	    "ORDER BY 1, 2", name, e);
}

/* own is connected to the database itself. */
static int
disable(PGconn *own, const char *subscription, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = -1;

	if (bk_buf_puts(&sql, "ALTER SUBSCRIPTION ", e) == 0 &&
	    bk_conn_ident(&sql, subscription, e) == 0 &&
	    bk_buf_puts(&sql, " DISABLE", e) == 0)
		rc = bk_conn_exec(own, sql.data, e);
	bk_buf_free(&sql);
	return rc;
}

int
bk_replication_disable(PGconn *conn, const char *name, struct bk_err *e)
{
	PGresult *res = bk_replication_list(conn, name, e);
	struct bk_conn_params *p = NULL;
	PGconn *own = NULL;
	int i, rc = -1;

	if (res == NULL || (p = bk_conn_params(conn, e)) == NULL ||
	    bk_conn_params_database(p, name, e) == -1 ||
	    (own = bk_server_again(p, e)) == NULL)
		goto done;
	rc = 0;
	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		if (*PQgetvalue(res, i, 0) == 's' &&
		    *PQgetvalue(res, i, 2) == 't')
			rc = disable(own, PQgetvalue(res, i, 1), e);
 done:
	PQfinish(own);
	bk_conn_params_free(p);
	PQclear(res);
	return rc;
}
