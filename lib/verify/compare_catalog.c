/* Disabled foreign keys, assertions (compare.h). */
#include <stdio.h>
#include <string.h>

#include "pg/sql.h"
#include "verify/compare.h"

int
bk_compare_triggers(PGconn *conn, int against, struct bk_verdict *v,
    struct bk_err *e)
{
	PGresult *res;
	int i, rc = 0;

	res = bk_conn_query(conn, "SELECT DISTINCT n.nspname, c.relname, "
	    "k.conname FROM pg_catalog.pg_trigger t "
	    "JOIN pg_catalog.pg_constraint k ON k.oid = t.tgconstraint "
	    "JOIN pg_catalog.pg_class c ON c.oid = k.conrelid "
	    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
	    "WHERE k.contype = 'f' AND t.tgenabled <> 'O' ORDER BY 1, 2, 3", e);
	if (res == NULL)
		return -1;
	if (against && PQntuples(res) > 0)
		rc = bk_verdict_uncovered(v, e, "whether %d foreign keys, "
		    "whose triggers are disabled here, were enforced",
		    PQntuples(res));
	for (i = 0; !against && rc == 0 && i < PQntuples(res); i++)
		rc = bk_verdict_differs(v, "enforced", "its triggers are "
		    "disabled", e, "fk constraint %s.%s %s",
		    PQgetvalue(res, i, 0), PQgetvalue(res, i, 1),
		    PQgetvalue(res, i, 2));
	PQclear(res);
	return rc;
}

/* COPY from or to the client. */
static int
is_copy(const PGresult *res)
{
	switch (PQresultStatus(res)) {
	case PGRES_COPY_IN: case PGRES_COPY_OUT: case PGRES_COPY_BOTH:
		return 1;
	default:
		return 0;
	}
}

/* Check one result; *asked: a statement has returned rows. */
static int
check_result(PGresult *res, const char *name, int nth, int *asked,
    struct bk_verdict *v, struct bk_err *e)
{
	char rows[64];
	const char *found = rows;

	switch (PQresultStatus(res)) {
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY:
		return 0;		/* SET and the like */
	case PGRES_TUPLES_OK:
		*asked = 1;
		if (PQntuples(res) != 1 || PQnfields(res) != 1)
			(void)snprintf(rows, sizeof(rows), "%d rows of %d "
			    "columns", PQntuples(res), PQnfields(res));
		else if (PQgetisnull(res, 0, 0))
			found = "null";
		else if (strcmp(found = PQgetvalue(res, 0, 0), "t") == 0)
			return 0;
		else if (strcmp(found, "f") == 0)
			found = "false";
		break;
	default:
		*asked = 1;
		found = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
		if (found == NULL)
			found = is_copy(res) ? "COPY" : "an error";
	}
	return bk_verdict_differs(v, "true", found, e, "%s: query %d", name,
	    nth);
}

int
bk_compare_assert(PGconn *conn, const char *name, const char *sql,
    struct bk_verdict *v, struct bk_err *e)
{
	/* without "$user", a schema that the owner may have made */
	static const char path[] = "SELECT pg_catalog.set_config("
	    "'search_path', 'pg_catalog, public', false)";
	PGresult *res;
	int nth = 0, asked = 0, over = 0, rc = 0;

	if (bk_conn_exec(conn, path, e) == -1)
		return -1;
	if (!bk_sql_send(conn, sql))
		return bk_conn_fail(conn, NULL, name, e);
	while (!over && (res = bk_sql_result(conn)) != NULL) {
		if (rc == 0)
			rc = check_result(res, name, ++nth, &asked, v, e);
		/* it would never end: nobody gives or takes its rows */
		over = is_copy(res);
		PQclear(res);
	}
	if (PQstatus(conn) != CONNECTION_OK)
		return bk_conn_fail(conn, NULL, name, e);
	if (rc == 0 && !asked)
		rc = bk_verdict_differs(v, "a query", "none", e, "%s", name);
	return rc;
}
