#include "pg/sql.h"

#include <stdio.h>
#include <string.h>

#include "base/debug.h"
#include "base/utctime.h"

#define SHOWN 1000		/* bytes of a statement */

/* When this thread's last statement was sent, and where. */
static _Thread_local struct {
	const PGconn *conn;
	double at;
} sent;

static const char *
known(const char *s)
{
	return s == NULL ? "" : s;
}

static void
tell(PGconn *conn, const char *sql)
{
	size_t n = strlen(sql);

	if ((bk_debug_topics & BK_DEBUG_SQL) == 0)
		return;
	sent.conn = conn;
	sent.at = bk_monotonic();
	bk_debug(BK_DEBUG_SQL, "%d at %s:%s: %.*s%s", PQbackendPID(conn),
	    known(PQhost(conn)), known(PQport(conn)), SHOWN, sql,
	    n > SHOWN ? " ..." : "");
}

static PGresult *
told(PGconn *conn, PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	char took[32] = "";

	if ((bk_debug_topics & BK_DEBUG_SQL) == 0)
		return res;
	if (sent.conn == conn)		/* and no other since */
		(void)snprintf(took, sizeof(took), ", %.3f s",
		    bk_monotonic() - sent.at);
	switch (PQresultStatus(res)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		bk_debug(BK_DEBUG_SQL, "%d: %s%s", PQbackendPID(conn),
		    PQcmdStatus(res), took);
		break;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
		bk_debug(BK_DEBUG_SQL, "%d: COPY begins%s",
		    PQbackendPID(conn), took);
		break;
	default:
		/* what the server says may quote data: the state says enough */
		bk_debug(BK_DEBUG_SQL, "%d: %s %s%s", PQbackendPID(conn),
		    PQresStatus(PQresultStatus(res)), known(state), took);
	}
	return res;
}

PGresult *
bk_sql_exec(PGconn *conn, const char *sql)
{
	tell(conn, sql);
	return told(conn, PQexec(conn, sql));
}

PGresult *
bk_sql_params(PGconn *conn, const char *sql, int n, const Oid *types,
    const char *const *values)
{
	return bk_sql_binary(conn, sql, n, types, values, NULL, NULL, 0);
}

PGresult *
bk_sql_binary(PGconn *conn, const char *sql, int n, const Oid *types,
    const char *const *values, const int *lengths, const int *formats,
    int format)
{
	tell(conn, sql);
	return told(conn, PQexecParams(conn, sql, n, types, values, lengths,
	    formats, format));
}

int
bk_sql_send(PGconn *conn, const char *sql)
{
	tell(conn, sql);
	return PQsendQuery(conn, sql);
}

PGresult *
bk_sql_result(PGconn *conn)
{
	PGresult *res = PQgetResult(conn);

	return res == NULL ? NULL : told(conn, res);
}
