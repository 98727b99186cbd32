#include "pg/session.h"

#include <stdlib.h>
#include <string.h>

#include "pg/conn.h"
#include "pg/sql.h"

/*
 * As setup_connection() in pg_dump.c, in its order.  The last ones make a ctid
 * range a scan of just these pages, in order, by one process, which reads, and
 * calls, no CHECK.
 */
static const char settings[] =
    "SET datestyle = ISO; "
    "SET intervalstyle = postgres; "
    "SET extra_float_digits = %s; "
    "SET synchronize_seqscans = off; "
    "SET statement_timeout = 0; "
    "SET lock_timeout = 0; "
    "SET idle_in_transaction_session_timeout = 0; "
    "SET row_security = %s; "
    "SET max_parallel_workers_per_gather = 0; "
    "SET enable_tidscan = on; "
    "SET constraint_exclusion = partition; "
    "SELECT pg_catalog.set_config('search_path', '', false);";

/*
 * Settings of newer servers or minor releases only.  The last one keeps a table
 * that is replaced by a view from running code as us.
 */
static const char optional[] =
    "SELECT pg_catalog.set_config(name, CASE name"
    " WHEN 'transaction_timeout' THEN '0' WHEN 'jit' THEN 'off'"
    " ELSE '%s' END, false) FROM pg_catalog.pg_settings WHERE name IN"
    " ('transaction_timeout', 'jit', 'restrict_nonsystem_relation_kind')";

static int
exec_literal(PGconn *conn, const char *head, const char *value,
    struct bk_err *e)
{
	struct bk_buf sql = {0};
	char *quoted = PQescapeLiteral(conn, value, strlen(value));
	int rc;

	if (quoted == NULL)
		return bk_conn_fail(conn, NULL, NULL, e);
	if ((rc = bk_buf_printf(&sql, e, "%s%s", head, quoted)) == 0)
		rc = bk_conn_exec(conn, sql.data, e);
	PQfreemem(quoted);
	bk_buf_free(&sql);
	return rc;
}

static int
set_role(PGconn *conn, const char *role, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = -1;

	if (bk_buf_puts(&sql, "SET ROLE ", e) == 0 &&
	    bk_conn_ident(&sql, role, e) == 0)
		rc = bk_conn_exec(conn, sql.data, e);
	bk_buf_free(&sql);
	return rc;
}

int
bk_session_set(PGconn *conn, const struct bk_session *s, struct bk_err *e)
{
	struct bk_buf sql = {0};
	char *digits = NULL;
	int rc = -1;

	if (s->role != NULL && set_role(conn, s->role, e) == -1)
		return -1;
	if (s->float_digits != NULL && (digits = PQescapeLiteral(conn,
	    s->float_digits, strlen(s->float_digits))) == NULL)
		return bk_conn_fail(conn, NULL, NULL, e);
	if (bk_buf_printf(&sql, e, settings, digits == NULL ? "3" : digits,
	    s->row_security ? "on" : "off") == -1 ||
	    bk_conn_exec(conn, sql.data, e) == -1)
		goto done;
	sql.len = 0;
	if (bk_buf_printf(&sql, e, optional,
	    s->foreign ? "view" : "view, foreign-table") == -1)
		goto done;
	rc = bk_conn_exec(conn, sql.data, e);
 done:
	PQfreemem(digits);
	bk_buf_free(&sql);
	return rc;
}

int
bk_session_lock_timeout(PGconn *conn, const char *timeout, struct bk_err *e)
{
	return exec_literal(conn, "SET lock_timeout = ", timeout, e);
}

int
bk_session_export(PGconn *conn, const struct bk_session *s, PGresult **id,
    struct bk_err *e)
{
	/* BEGIN alone: the mode must be set before any query of the string */
	if (bk_conn_exec(conn, s->deferrable ?
	    "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE" :
	    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", e) == -1)
		return -1;
	*id = bk_conn_query(conn, "SELECT pg_catalog.pg_export_snapshot(), "
	    "pg_catalog.floor(pg_catalog.date_part('epoch', "
	    "pg_catalog.clock_timestamp()))::pg_catalog.int8", e);
	return *id == NULL ? -1 : 0;
}

int
bk_session_import(PGconn *conn, const char *id, struct bk_err *e)
{
	if (bk_conn_exec(conn,
	    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", e) == -1)
		return -1;
	return exec_literal(conn, "SET TRANSACTION SNAPSHOT ", id, e);
}

/*
 * A pooler cannot know at login which server process it will use, so the PID
 * in its greeting is not the one that the server itself returns.
 */
int
bk_session_refuse_pooler(PGconn *conn, struct bk_err *e)
{
	PGresult *res = bk_conn_query(conn,
	    "SELECT pg_catalog.pg_backend_pid()", e);
	int same;

	if (res == NULL)
		return -1;
	same = strtol(PQgetvalue(res, 0, 0), NULL, 10) ==
	    PQbackendPID(conn);
	PQclear(res);
	if (same)
		return 0;
	return bk_fail(e, BK_FAIL, "server %s: a connection pooler (such as "
	    "pgbouncer), whose sessions cannot share a snapshot; connect to "
	    "the database server itself, e.g. the host name without "
	    "\"-pooler\"",
	    PQhost(conn));
}

void
bk_session_end(PGconn *conn, int failed)
{
	if (conn != NULL && !failed)
		PQclear(bk_sql_exec(conn,
		    "SELECT pg_catalog.pg_advisory_unlock_all()"));
	PQfinish(conn);
}
