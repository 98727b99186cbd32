#include "restore/swap.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utctime.h"
#include "pg/server.h"
#include "pg/sql.h"
#include "restore/swap_outcome.h"

#define POLL_MS 20		/* between attempts to end sessions */

static int
rename_database(PGconn *conn, const char *from, const char *to,
    struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = -1;

	if (bk_buf_puts(&sql, "ALTER DATABASE ", e) == -1 ||
	    bk_conn_ident(&sql, from, e) == -1 ||
	    bk_buf_puts(&sql, " RENAME TO ", e) == -1 ||
	    bk_conn_ident(&sql, to, e) == -1)
		goto done;
	if (bk_sql_send(conn, sql.data))
		rc = 0;
	else
		bk_conn_fail(conn, NULL, NULL, e);
 done:
	bk_buf_free(&sql);
	return rc;
}

/*
 * End the sessions of a database.  If we lack the privilege (42501), the
 * rename fails and reports it.
 */
static int
terminate(PGconn *conn, const char *database, struct bk_err *e)
{
	PGresult *res = bk_sql_params(conn, "SELECT pg_catalog."
	    "pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity "
	    "WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid()", 1,
	    NULL, &database);
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_TUPLES_OK &&
	    (state == NULL || strcmp(state, "42501") != 0))
		rc = bk_conn_fail(conn, res, NULL, e);
	PQclear(res);
	return rc;
}

/* Wait for conn's rename to end, terminating sessions until then. */
static int
await_rename(PGconn *conn, PGconn *killer, const char *database,
    struct bk_err *e)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = POLLIN };
	PGresult *res;
	int rc = 0;

	while (rc == 0 && PQisBusy(conn)) {
		if ((rc = terminate(killer, database, e)) == -1)
			break;
		if (poll(&p, 1, POLL_MS) == 1 && !PQconsumeInput(conn))
			rc = bk_conn_fail(conn, NULL, NULL, e);
	}
	while ((res = bk_sql_result(conn)) != NULL) {
		if (rc == 0 && PQresultStatus(res) != PGRES_COMMAND_OK)
			rc = bk_conn_fail(conn, res, NULL, e);
		PQclear(res);
	}
	return rc;
}

/* TARGET_before_UTC, which must be free. */
static int
name_before(PGconn *conn, const char *target, char before[BK_NEWDB_NAME],
    struct bk_err *e)
{
	char utc[BK_UTCTIME_TEXT];
	int i, exists = 1;

	bk_utctime_compact(time(NULL), utc);
	for (i = 1; exists && i < 10; i++) {
		char suffix[4] = { '_', (char)('0' + i), '\0' };

		(void)snprintf(before, BK_NEWDB_NAME, "%s_before_%s%s",
		    target, utc, i == 1 ? "" : suffix);
		if (bk_newdb_exists(conn, before, &exists, e) == -1)
			return -1;
	}
	return 0;
}

/* In a transaction that is open on s->conn. */
static int
swap_names(const struct bk_swap *s, PGconn *killer, const char *before,
    struct bk_err *e)
{
	struct bk_err reason = {0};

	if (*before != '\0' &&
	    (rename_database(s->conn, s->target, before, &reason) == -1 ||
	    await_rename(s->conn, killer, s->target, &reason) == -1))
		return bk_fail(e, reason.code, "database \"%s\": %.800s; "
		    "nothing was swapped; end its sessions (and prepared "
		    "transactions) and try again", s->target, reason.msg);
	if (rename_database(s->conn, s->name, s->target, e) == -1)
		return -1;
	return await_rename(s->conn, killer, s->name, e);
}

/*
 * The first line of the comment on a database that is set aside.  Only its
 * owner may comment on it, who might rename it as well.
 */
#define MARKED "pg_catalog.split_part(pg_catalog.shobj_description(d.oid, " \
    "'pg_database'), E'\\n', 1)"
#define UTC "(pg_catalog.regexp_match(d.datname, " \
    "'_before_([0-9]{8}T[0-9]{6}Z)(?:_[0-9])?$'))[1]"

static const char mark[] = "SELECT pg_catalog.format("
    "'COMMENT ON DATABASE %I IS %L', d.datname, '" BK_MARK_ASIDE "' || " UTC
    " || ', OID ' || d.oid || coalesce(E'\\n' || "
    "pg_catalog.shobj_description(d.oid, 'pg_database'), '')) "
    "FROM pg_catalog.pg_database d WHERE d.datname = $1";

static const char unmark[] = "SELECT pg_catalog.format("
    "'COMMENT ON DATABASE %I IS %L', d.datname, nullif(pg_catalog.substr("
    "pg_catalog.shobj_description(d.oid, 'pg_database'), "
    "pg_catalog.length(" MARKED ") + 2), '')) FROM pg_catalog.pg_database d "
    "WHERE d.datname = $1 AND pg_catalog.strpos(" MARKED ", '"
    BK_MARK_ASIDE "') = 1";

/* Run the statement, if any, that the query gives for a database. */
static int
comment(PGconn *conn, const char *query, const char *database,
    struct bk_err *e)
{
	PGresult *res = bk_sql_params(conn, query, 1, NULL, &database);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		rc = bk_conn_fail(conn, res, NULL, e);
	else if (PQntuples(res) == 1)
		rc = bk_conn_exec(conn, PQgetvalue(res, 0, 0), e);
	PQclear(res);
	return rc;
}

/* What is set aside says so; what was, and is in place again, no longer. */
static int
mark_names(const struct bk_swap *s, const char *before, struct bk_err *e)
{
	if (*before != '\0' && comment(s->conn, mark, before, e) == -1)
		return -1;
	return comment(s->conn, unmark, s->target, e);
}

/* A COMMIT whose answer is lost may have been done. */
static int
commit(const struct bk_swap *s, const char *oid, struct bk_err *e)
{
	struct bk_err lost = {0};

	if (bk_conn_exec(s->conn, "COMMIT", &lost) == 0)
		return 0;
	if (PQstatus(s->conn) == CONNECTION_BAD)
		return bk_settle(s->params, oid, s->target, &lost, e);
	*e = lost;
	return -1;
}

int
bk_swap(const struct bk_swap *s, char before[BK_NEWDB_NAME], double *seconds,
    struct bk_err *e)
{
	PGconn *killer = bk_server_again(s->params, e);
	double started = bk_monotonic();
	char oid[BK_SETTLE_OID];
	int exists, rc = -1;

	before[0] = '\0';
	if (killer == NULL ||
	    bk_settle_begin(s->conn, s->name, oid, e) == -1 ||
	    bk_newdb_exists(s->conn, s->target, &exists, e) == -1 ||
	    (exists && name_before(s->conn, s->target, before, e) == -1) ||
	    bk_conn_exec(s->conn, "BEGIN", e) == -1)
		goto done;
	rc = s->sql == NULL ? 0 : bk_conn_exec(s->conn, s->sql, e);
	if (rc == 0) {
		started = bk_monotonic();
		rc = swap_names(s, killer, before, e);
	}
	if (rc == 0)
		rc = mark_names(s, before, e);
	/* COMMIT of a failed transaction would silently be a ROLLBACK */
	if (rc == 0)
		rc = commit(s, oid, e);
	else
		(void)bk_conn_exec(s->conn, "ROLLBACK", e);
	*seconds = bk_monotonic() - started;
 done:
	PQfinish(killer);
	return rc;
}

PGresult *
bk_swap_list(PGconn *conn, const char *target, struct bk_err *e)
{
	static const char sql[] = "SELECT d.datname, "
	    "CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') "
	    "THEN pg_catalog.pg_database_size(d.oid) ELSE 0 END, "
	    "pg_catalog.format('%s-%s-%sT%s:%s:%sZ', "
	    "VARIADIC pg_catalog.regexp_match(" UTC ", "
	    "'^(....)(..)(..)T(..)(..)(..)Z$')), r.rolname, "
	    "t.oid IS NOT NULL OR r.rolsuper OR r.rolname = current_user, "
	    "d.datconnlimit = -2 FROM pg_catalog.pg_database d "
	    "JOIN pg_catalog.pg_roles r ON r.oid = d.datdba "
	    "LEFT JOIN pg_catalog.pg_database t "
	    "ON t.datname = $1 WHERE " UTC " IS NOT NULL "
	    "AND pg_catalog.regexp_replace(d.datname, "
	    "'_before_[^_]*(_[0-9])?$', '') = $1 "
	    "AND " MARKED " = '" BK_MARK_ASIDE "' || " UTC
	    " || ', OID ' || d.oid "
	    "AND (t.oid IS NULL OR t.datdba = d.datdba) "
	    "AND " UTC " <= pg_catalog.to_char((pg_catalog.now() + "
	    "'15 min') AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"') "
	    "ORDER BY 3 DESC, 1 DESC";
	PGresult *res = bk_sql_params(conn, sql, 1, NULL, &target);

	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		return res;
	bk_conn_fail(conn, res, NULL, e);
	PQclear(res);
	return NULL;
}

PGresult *
bk_swap_databases(PGconn *conn, struct bk_err *e)
{
	return bk_conn_query(conn, "SELECT d.datname "
	    "FROM pg_catalog.pg_database d WHERE NOT d.datistemplate "
	    "AND d.datallowconn AND d.datconnlimit <> -2 "
	    "AND coalesce(" MARKED " <> '" BK_MARK_ASIDE "' || " UTC
	    " || ', OID ' || d.oid, true) "
	    "AND coalesce(pg_catalog.strpos(" MARKED ", '"
	    BK_MARK_UNFINISHED "') <> 1, true) ORDER BY d.datname", e);
}
