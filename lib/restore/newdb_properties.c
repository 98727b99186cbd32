/* What a new database takes over from the one in whose place it is put. */
#include "pg/conn.h"
#include "pg/sql.h"
#include "restore/newdb.h"

/*
 * Statements, one per row, that give database $2 the properties of $1.  A
 * setting that is a list of names is stored as such a list and must be set as
 * one, not as one long name.
 */
static const char properties[] =
    "WITH old AS (SELECT oid, datdba, datacl, datconnlimit, datistemplate "
    " FROM pg_catalog.pg_database WHERE datname = $1), "
    "new AS (SELECT datdba, datacl FROM pg_catalog.pg_database "
    " WHERE datname = $2), "
    "setting AS (SELECT r.rolname, "
    " pg_catalog.substr(c, 1, pg_catalog.strpos(c, '=') - 1) AS name, "
    " pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value "
    " FROM old JOIN pg_catalog.pg_db_role_setting s ON s.setdatabase = old.oid"
    " LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole,"
    " pg_catalog.unnest(s.setconfig) c), "
    "acl AS (SELECT a.*, g.rolname FROM old, pg_catalog.aclexplode(datacl) a"
    " LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee) "
    "SELECT pg_catalog.format('ALTER DATABASE %I CONNECTION LIMIT %s', $2, "
    " datconnlimit) FROM old "
    "UNION ALL SELECT pg_catalog.format('ALTER DATABASE %I OWNER TO %I', $2, "
    " pg_catalog.pg_get_userbyid(old.datdba)) FROM old JOIN new "
    " ON new.datdba <> old.datdba "
    "UNION ALL SELECT pg_catalog.format("
    " 'GRANT CONNECT ON DATABASE %I TO PUBLIC', $2) FROM old CROSS JOIN new "
    " WHERE old.datacl IS NULL AND new.datacl IS NOT NULL "
    "UNION ALL SELECT pg_catalog.format('ALTER DATABASE %I IS_TEMPLATE true',"
    " $2) FROM old WHERE datistemplate "
    "UNION ALL SELECT CASE WHEN rolname IS NULL "
    " THEN pg_catalog.format('ALTER DATABASE %I', $2) "
    " ELSE pg_catalog.format('ALTER ROLE %I IN DATABASE %I', rolname, $2) END"
    " || pg_catalog.format(' SET %I TO %s', name, CASE WHEN name IN "
    " ('local_preload_libraries', 'search_path', 'session_preload_libraries',"
    " 'shared_preload_libraries', 'temp_tablespaces', "
    " 'unix_socket_directories') THEN CASE WHEN value IN ('', '\"\"') "
    " THEN '''''' ELSE value END "
    " ELSE pg_catalog.quote_literal(value) END) FROM setting "
    "UNION ALL SELECT pg_catalog.format("
    " 'REVOKE ALL ON DATABASE %I FROM PUBLIC', $2) "
    " FROM old WHERE datacl IS NOT NULL "
    "UNION ALL SELECT pg_catalog.format('REVOKE ALL ON DATABASE %I FROM %I', "
    " $2, pg_catalog.pg_get_userbyid(datdba)) "
    " FROM old WHERE datacl IS NOT NULL "
    "UNION ALL SELECT pg_catalog.format('GRANT %s ON DATABASE %I TO %s%s', "
    " privilege_type, $2, CASE WHEN grantee = 0 THEN 'PUBLIC' "
    " ELSE pg_catalog.quote_ident(rolname) END, "
    " CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) "
    " FROM acl WHERE grantee = 0 OR rolname IS NOT NULL "
    "UNION ALL SELECT pg_catalog.format('COMMENT ON DATABASE %I IS %L', $2, "
    " (SELECT pg_catalog.shobj_description(oid, 'pg_database') FROM old))";

int
bk_newdb_properties(PGconn *conn, const char *name, const char *target,
    struct bk_buf *sql, struct bk_err *e)
{
	const char *args[2] = { target, name };
	static const Oid types[2] = { 25, 25 };
	PGresult *res = bk_sql_params(conn, properties, 2, types, args);
	int i, rc = 0;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		rc = bk_conn_fail(conn, res, NULL, e);
	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = bk_buf_printf(sql, e, "%s; ", PQgetvalue(res, i, 0));
	PQclear(res);
	return rc;
}
