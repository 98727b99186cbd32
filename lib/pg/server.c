#include "pg/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "pg/sql.h"

/* The database of a service, which libpq looks up only to connect. */
static int
service_database(const char *arg, struct bk_buf *name, struct bk_err *e)
{
	const char *const keys[] = { "dbname", NULL };
	const char *const values[] = { arg, NULL };
	PGconn *conn = PQconnectStartParams(keys, values, 1);
	int rc = 0;

	if (conn != NULL && PQdb(conn) != NULL)
		rc = bk_buf_puts(name, PQdb(conn), e);
	PQfinish(conn);
	return rc;
}

int
bk_server_database(const char *arg, struct bk_buf *name, struct bk_err *e)
{
	PQconninfoOption *opts, *o;
	int service = 0, rc = 0;

	if (!bk_conn_is_info(arg))
		return bk_buf_puts(name, arg, e);
	if ((opts = bk_conn_parse(arg, e)) == NULL)
		return -1;
	for (o = opts; o->keyword != NULL; o++)
		if (strcmp(o->keyword, "dbname") == 0 && o->val != NULL)
			rc = bk_buf_puts(name, o->val, e);
		else if (strcmp(o->keyword, "service") == 0)
			service = o->val != NULL;
	PQconninfoFree(opts);
	if (rc == 0 && service && name->len == 0)
		rc = service_database(arg, name, e);
	if (rc == 0 && name->len == 0)
		return bk_fail(e, BK_USAGE, "the URI or key=value string "
		    "names no database");
	return rc;
}

void
bk_server_guess(const char *arg, char *name, size_t cap)
{
	struct bk_err ignored = {0};
	struct bk_buf found = {0};

	*name = '\0';
	if (arg != NULL && bk_server_database(arg, &found, &ignored) == 0 &&
	    strpbrk(found.data, "=:/") == NULL)
		(void)snprintf(name, cap, "%s", found.data);
	bk_buf_free(&found);
}

/*
 * Timeouts set for queries must not end a CREATE DATABASE, and the client
 * encoding must have all characters of database names.
 */
static PGconn *
set_session(PGconn *conn, struct bk_err *e)
{
	if (bk_conn_exec(conn, "SET statement_timeout = 0; "
	    "SET lock_timeout = 0; SET client_encoding = UTF8; "
	    "SELECT pg_catalog.set_config(name, '0', "
	    "false) FROM pg_catalog.pg_settings WHERE name IN "
	    "('transaction_timeout', 'idle_session_timeout', "
	    "'idle_in_transaction_session_timeout')", e) == 0)
		return conn;
	PQfinish(conn);
	return NULL;
}

PGconn *
bk_server_open(const struct bk_conn_target *t, const char *not,
    struct bk_err *e)
{
	static const char *const usual[] = { "postgres", "template1" };
	struct bk_conn_target other = *t;
	struct bk_err first = {0}, ignored = {0};
	PGconn *conn = NULL;
	size_t i;

	for (i = 0; conn == NULL && i < 2; i++) {
		if (not != NULL && strcmp(not, usual[i]) == 0)
			continue;
		other.instead = usual[i];
		conn = bk_conn_open(&other, first.code == BK_OK ? &first :
		    &ignored);
	}
	if (conn != NULL)
		return set_session(conn, e);
	bk_fail(e, first.code, "%s", first.msg);
	return NULL;
}

PGconn *
bk_server_again(const struct bk_conn_params *p, struct bk_err *e)
{
	PGconn *conn = bk_conn_again(p, e);

	return conn == NULL ? NULL : set_session(conn, e);
}

int
bk_server_patient(PGconn *conn, struct bk_conn_params *p, struct bk_err *e)
{
	PGresult *res = bk_conn_query(conn, "SELECT '-c ' || name || '=0' "
	    "FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout', "
	    "'lock_timeout', 'transaction_timeout', 'idle_session_timeout', "
	    "'idle_in_transaction_session_timeout')", e);
	int i, rc = res == NULL ? -1 : 0;

	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = bk_conn_params_option(p, PQgetvalue(res, i, 0), e);
	PQclear(res);
	return rc;
}

int
bk_server_quiet(PGconn *conn, struct bk_conn_params *p, struct bk_err *e)
{
	PGresult *res;
	int may;

	if (BK_PG_MAJOR(PQserverVersion(conn)) < BK_PG_EVENT_TRIGGERS)
		return 0;
	if ((res = bk_conn_query(conn, "SELECT "
	    "pg_catalog.has_parameter_privilege(session_user, "
	    "'event_triggers', 'SET')", e)) == NULL)
		return -1;
	may = *PQgetvalue(res, 0, 0) == 't';
	PQclear(res);
	return may ? bk_conn_params_option(p, "-c event_triggers=off", e) : 0;
}

int
bk_server_system(PGconn *conn, struct bk_buf *id, struct bk_err *e)
{
	PGresult *res = bk_sql_exec(conn, "SELECT system_identifier "
	    "FROM pg_catalog.pg_control_system()");
	int rc = 0;

	if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
		rc = bk_buf_puts(id, PQgetvalue(res, 0, 0), e);
	PQclear(res);
	return rc;
}

/* How many of a catalog initdb has not made, of all, or of those that count. */
#define MADE(catalog) " + (SELECT pg_catalog.count(*) FROM pg_catalog." \
    catalog " WHERE oid >= 16384)"
#define MADE_IN(catalog, schema) " + (SELECT pg_catalog.count(*) FROM " \
    "pg_catalog." catalog " o JOIN pg_catalog.pg_namespace s ON s.oid = o." \
    schema " WHERE o.oid >= 16384 AND s.nspname !~ '^pg_(temp|toast)')"

int
bk_server_count(PGconn *conn, long *n, struct bk_err *e)
{
	/* what stands on something that is counted is left out */
	PGresult *res = bk_conn_query(conn, "SELECT (SELECT "
	    "pg_catalog.count(*) FROM pg_catalog.pg_namespace WHERE "
	    "oid >= 16384 AND nspname !~ '^pg_(temp|toast)')"
	    MADE_IN("pg_class", "relnamespace")
	    MADE_IN("pg_type", "typnamespace") MADE("pg_proc")
	    /* whose OIDs a user chooses; initdb makes none */
	    " + (SELECT pg_catalog.count(*) FROM "
	    "pg_catalog.pg_largeobject_metadata)" MADE("pg_extension")
	    MADE("pg_language") MADE("pg_cast") MADE("pg_transform")
	    MADE("pg_operator") MADE("pg_opclass") MADE("pg_opfamily")
	    MADE("pg_am") MADE("pg_collation") MADE("pg_conversion")
	    MADE("pg_default_acl") MADE("pg_event_trigger")
	    MADE("pg_foreign_data_wrapper") MADE("pg_foreign_server")
	    MADE("pg_publication") MADE("pg_statistic_ext")
	    MADE("pg_ts_config") MADE("pg_ts_dict") MADE("pg_ts_parser")
	    MADE("pg_ts_template") " + (SELECT pg_catalog.count(subname) FROM "
	    "pg_catalog.pg_subscription WHERE subdbid = (SELECT oid FROM "
	    "pg_catalog.pg_database WHERE datname = "
	    "pg_catalog.current_database()))", e);

	if (res == NULL)
		return -1;
	*n = strtol(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return 0;
}
