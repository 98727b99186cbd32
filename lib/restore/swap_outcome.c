#include "restore/swap_outcome.h"

#include <poll.h>
#include <stdio.h>

#include "base/utctime.h"
#include "pg/server.h"
#include "pg/sql.h"
#include "restore/newdb.h"

#define PATIENCE 10		/* seconds for the other session to end */
#define POLL_MS 50

int
bk_settle_begin(PGconn *conn, const char *name, char oid[BK_SETTLE_OID],
    struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn, "SELECT oid FROM "
	    "pg_catalog.pg_database WHERE datname = $1", name, e);
	int rc = -1;

	if (res == NULL)
		return -1;
	if (PQntuples(res) == 1) {
		(void)snprintf(oid, BK_SETTLE_OID, "%s",
		    PQgetvalue(res, 0, 0));
		rc = 0;
	} else
		bk_fail(e, BK_FAIL, "database \"%s\": does not exist any more",
		    name);
	PQclear(res);
	return rc;
}

/*
 * Has the session whose connection was lost ended its transaction?  Sessions
 * that begin in the database lock it in ROW EXCLUSIVE mode.
 */
static int
is_at_rest(PGconn *conn, const char *oid, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn, "SELECT 1 "
	    "FROM pg_catalog.pg_locks WHERE locktype = 'object' "
	    "AND classid = 'pg_catalog.pg_database'::pg_catalog.regclass "
	    "AND objid = $1::pg_catalog.oid AND mode <> 'RowExclusiveLock'",
	    oid, e);
	int rc = res == NULL ? -1 : PQntuples(res) == 0;

	PQclear(res);
	return rc;
}

/* Both renaming and opening take away the comment. */
static int
is_placed(PGconn *conn, const char *oid, const char *target, struct bk_err *e)
{
	const char *args[2] = { oid, target };
	static const Oid types[2] = { 26, 19 };
	PGresult *res = bk_sql_params(conn, "SELECT 1 "
	    "FROM pg_catalog.pg_database WHERE oid = $1 AND datname = $2 "
	    "AND pg_catalog.strpos(coalesce(pg_catalog.shobj_description(oid, "
	    "'pg_database'), ''), '" BK_MARK_UNFINISHED "') <> 1", 2, types,
	    args);
	int rc = -1;

	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		rc = PQntuples(res) == 1;
	else
		bk_conn_fail(conn, res, NULL, e);
	PQclear(res);
	return rc;
}

int
bk_settle(const struct bk_conn_params *params, const char oid[BK_SETTLE_OID],
    const char *target, const struct bk_err *lost, struct bk_err *e)
{
	double end = bk_monotonic() + PATIENCE;
	struct bk_err why = {0};
	PGconn *conn = bk_server_again(params, &why);
	int rc = conn == NULL ? -1 : 0, placed = -1;

	while (rc == 0 && (rc = is_at_rest(conn, oid, &why)) == 0 &&
	    bk_monotonic() < end)
		(void)poll(NULL, 0, POLL_MS);
	if (rc == 1)
		placed = is_placed(conn, oid, target, &why);
	PQfinish(conn);
	if (placed == 1)
		return 0;
	*e = *lost;
	if (placed == -1)
		bk_fail_add(e, "; whether \"%s\" was put in place is not "
		    "known: look with psql -l", target);
	return -1;
}
