#include "pg/sql.h"

#include <stdio.h>
#include <string.h>

#include "base/debug.h"
#include "base/utctime.h"
#include "pg/timeout.h"

#define SHOWN 1000		/* bytes shown of a statement */

/* When this thread last sent a statement, and on which connection. */
static _Thread_local struct {
	const PGconn *conn;
	double at;
} sent;

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

static void
log_statement(PGconn *conn, const char *sql)
{
	size_t n = strlen(sql);

	if ((bk_debug_topics & BK_DEBUG_SQL) == 0)
		return;
	sent.conn = conn;
	sent.at = bk_monotonic();
	bk_debug(BK_DEBUG_SQL, "%d at %s:%s: %.*s%s", PQbackendPID(conn),
	    or_empty(PQhost(conn)), or_empty(PQport(conn)), SHOWN, sql,
	    n > SHOWN ? " ..." : "");
}

static PGresult *
log_result(PGconn *conn, PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	char took[32] = "";

	if ((bk_debug_topics & BK_DEBUG_SQL) == 0)
		return res;
	if (sent.conn == conn)
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
		/* the server's message may quote data: show the SQLSTATE */
		bk_debug(BK_DEBUG_SQL, "%d: %s %s%s", PQbackendPID(conn),
		    PQresStatus(PQresultStatus(res)), or_empty(state), took);
	}
	return res;
}

/* Of a statement that was sent the last result, or the begin of a COPY. */
static PGresult *
last_result(PGconn *conn)
{
	PGresult *res, *last = NULL;

	while (bk_patience_wait(conn) == 0 &&
	    (res = PQgetResult(conn)) != NULL) {
		PQclear(last);
		last = res;
		switch (PQresultStatus(res)) {
		case PGRES_COPY_IN:
		case PGRES_COPY_OUT:
		case PGRES_COPY_BOTH:
			return last;
		default:
			break;
		}
		if (PQstatus(conn) == CONNECTION_BAD)
			return last;
	}
	if (bk_patience() == BK_PATIENCE_LEFT)
		return last;
	PQclear(last);
	return NULL;
}

PGresult *
bk_sql_exec(PGconn *conn, const char *sql)
{
	PGresult *res;

	log_statement(conn, sql);
	res = PQsendQuery(conn, sql) ? last_result(conn) : NULL;
	return log_result(conn, res);
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
	PGresult *res;

	log_statement(conn, sql);
	res = PQsendQueryParams(conn, sql, n, types, values, lengths, formats,
	    format) ? last_result(conn) : NULL;
	return log_result(conn, res);
}

int
bk_sql_send(PGconn *conn, const char *sql)
{
	log_statement(conn, sql);
	return PQsendQuery(conn, sql);
}

PGresult *
bk_sql_result(PGconn *conn)
{
	PGresult *res = bk_patience_wait(conn) == 0 ? PQgetResult(conn) : NULL;

	return res == NULL ? NULL : log_result(conn, res);
}
