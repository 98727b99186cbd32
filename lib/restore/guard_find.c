/* Which tables' rows run code of the dump (guard.h). */
#include "pg/sql.h"
#include "restore/guard.h"

#include <string.h>

/*
 * Whether f, of pg_proc, is PostgreSQL's own or an extension's, and pure.  The
 * owner of an extension may add functions of his own to it.
 */
#define SAFE "(f.provolatile = 'i' AND (f.oid < 16384 OR (f.proowner IN " \
    "(SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolsuper) AND " \
    "EXISTS (SELECT 1 " \
    "FROM pg_catalog.pg_depend e WHERE e.objid = f.oid AND e.deptype = 'e' " \
    "AND e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass))))"
#define FOUND(pattern) "pg_catalog.regexp_matches(t, '" pattern \
    "', 'g') AS m (x)"

/*
 * Of relations and of domains (r, d) what their rows run in a new database; and
 * in a live one also defaults of columns (v) and domains (w), indexes (i), also
 * by a range type, and, as queries are planned, statistics (s).
 *
 * An expression is read as the catalogs store it: pg_depend does not tell which
 * of PostgreSQL's own functions it calls, and query_to_xml() runs any SQL.
 */
#define TREES \
    "tree (kind, id, t) AS (SELECT 'r', conrelid, conbin::text " \
    "FROM pg_catalog.pg_constraint WHERE contype = 'c' AND conrelid >= 16384 " \
    "UNION ALL SELECT 'd', contypid, conbin::text " \
    "FROM pg_catalog.pg_constraint WHERE contype = 'c' AND contypid >= 16384 " \
    "UNION ALL SELECT 'r', adrelid, adbin::text FROM pg_catalog.pg_attrdef d " \
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND " \
    "a.attnum = d.adnum WHERE d.adrelid >= 16384 AND " \
    "pg_catalog.to_jsonb(a) ->> 'attgenerated' <> '' " \
    "UNION ALL SELECT 'v', oid, adbin::text FROM pg_catalog.pg_attrdef " \
    "WHERE adrelid >= 16384 UNION ALL SELECT 'w', oid, typdefaultbin::text " \
    "FROM pg_catalog.pg_type WHERE typdefaultbin IS NOT NULL " \
    "UNION ALL SELECT 'i', indrelid, pg_catalog.concat(indexprs::text, " \
    "indpred::text) FROM pg_catalog.pg_index WHERE indrelid >= 16384 AND " \
    "coalesce(indexprs, indpred) IS NOT NULL UNION ALL SELECT 's', stxrelid, " \
    "pg_catalog.to_jsonb(s) ->> 'stxexprs' " \
    "FROM pg_catalog.pg_statistic_ext s " \
    "UNION ALL SELECT 'r', partrelid, partexprs::text " \
    "FROM pg_catalog.pg_partitioned_table WHERE partexprs IS NOT NULL), " \
    "code (kind, id) AS (SELECT kind, id FROM tree WHERE " \
    "EXISTS (SELECT 1 FROM " FOUND(":(?:funcid|opfuncid) ([1-9][0-9]*)") \
    " LEFT JOIN pg_catalog.pg_proc f ON f.oid = x[1]::pg_catalog.oid " \
    "WHERE f.oid IS NULL OR NOT " SAFE ") " \
    "OR EXISTS (SELECT 1 FROM " FOUND(":opno ([1-9][0-9]*)") \
    " LEFT JOIN pg_catalog.pg_operator o ON o.oid = x[1]::pg_catalog.oid " \
    "LEFT JOIN pg_catalog.pg_proc f ON f.oid = o.oprcode " \
    "WHERE f.oid IS NULL OR NOT " SAFE ") " \
    "OR EXISTS (SELECT 1 FROM " FOUND(":(?:resulttype|typid|row_typeid) " \
    "([1-9][0-9]*)") " JOIN pg_catalog.pg_type y " \
    "ON y.oid = x[1]::pg_catalog.oid LEFT JOIN pg_catalog.pg_type l " \
    "ON l.oid = y.typelem WHERE y.oid >= 16384 AND " \
    "coalesce(l.typtype, y.typtype) IN ('d', 'c', 'r', 'm')) " \
    "UNION ALL SELECT 'i', i.indrelid FROM pg_catalog.pg_index i " \
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indexrelid " \
    "JOIN pg_catalog.pg_type y ON y.oid = a.atttypid " \
    "JOIN pg_catalog.pg_range g ON g.rngtypid IN (y.oid, y.typbasetype) OR " \
    "pg_catalog.to_jsonb(g) ->> 'rngmultitypid' IN (y.oid::text, " \
    "y.typbasetype::text) JOIN pg_catalog.pg_proc f " \
    "ON f.oid = g.rngsubdiff::pg_catalog.oid WHERE NOT " SAFE ")"

/* Types with a part whose input runs code. */
#define TYPES \
    "part (whole, of) AS (SELECT oid, typbasetype FROM pg_catalog.pg_type " \
    "WHERE typbasetype <> 0 UNION ALL SELECT oid, typelem " \
    "FROM pg_catalog.pg_type WHERE typelem <> 0 UNION ALL " \
    "SELECT y.oid, a.atttypid FROM pg_catalog.pg_type y " \
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = y.typrelid " \
    "WHERE a.attnum > 0 AND NOT a.attisdropped AND y.oid >= 16384 UNION ALL " \
    "SELECT rngtypid, rngsubtype FROM pg_catalog.pg_range UNION ALL SELECT " \
    "(pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::pg_catalog.oid, rngtypid " \
    "FROM pg_catalog.pg_range r), " \
    "type (id) AS (SELECT id FROM code WHERE kind = 'd' UNION " \
    "SELECT p.whole FROM part p JOIN type y ON y.id = p.of)"

/*
 * Types to which somebody may add such a part while the rows arrive: nothing
 * locks a domain.
 */
#define RISKY \
    "risky (id) AS (SELECT oid FROM pg_catalog.pg_type WHERE typtype = 'd' " \
    "AND oid >= 16384 AND typowner NOT IN (SELECT oid " \
    "FROM pg_catalog.pg_roles WHERE rolsuper) UNION " \
    "SELECT p.whole FROM part p JOIN risky y ON y.id = p.of)"

#define CODE "WITH RECURSIVE " TREES ", " TYPES
#define SHARED CODE ", " RISKY
#define ANY_TYPE "(SELECT id FROM type UNION SELECT id FROM risky)"

/* Partitions are one: rows may arrive by way of their parent. */
#define ROOTS \
    "up (id, root) AS (SELECT oid, oid FROM pg_catalog.pg_class " \
    "WHERE relkind IN ('r', 'p') AND NOT relispartition UNION ALL " \
    "SELECT i.inhrelid, up.root FROM up JOIN pg_catalog.pg_inherits i " \
    "ON i.inhparent = up.id JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid " \
    "WHERE c.relispartition)"

#define SELF(type) \
    "self (id) AS (SELECT id FROM code WHERE kind = 'r' UNION " \
    "SELECT a.attrelid FROM pg_catalog.pg_attribute a JOIN " type " y " \
    "ON y.id = a.atttypid WHERE a.attnum > 0 AND NOT a.attisdropped)"

#define GUARDED(with, type) with ", " ROOTS ", " SELF(type) " " \
    "SELECT n.nspname, c.relname FROM up " \
    "JOIN pg_catalog.pg_class c ON c.oid = up.id " \
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace " \
    "WHERE up.root IN (SELECT u.root FROM up u JOIN self s ON s.id = u.id) " \
    "ORDER BY n.nspname::text COLLATE \"C\", " \
    "c.relname::text COLLATE \"C\""
static const char guarded[] = GUARDED(CODE, "type");
static const char guarded_shared[] = GUARDED(SHARED, ANY_TYPE);

/*
 * Of a live table ($1) and the columns that its rows have ($2): does a row run
 * code; do keys to it, when they are checked; are we its owner, or a superuser;
 * could it run code by what COPY does not lock, a partition or a domain.
 */
static const char live[] = SHARED ", " ROOTS ", " SELF("type") ", "
    "here (id) AS (SELECT id FROM up WHERE root IN (SELECT root FROM up "
    "WHERE id = $1::pg_catalog.regclass)), "
    "given (name) AS (SELECT x[1] FROM pg_catalog.regexp_matches($2, "
    "'(\"(?:[^\"]|\"\")*\"|[^\", ]+)', 'g') AS m (x)), "
    "key (id) AS (SELECT u.id FROM up u JOIN up r ON r.root = u.root "
    "JOIN pg_catalog.pg_constraint k ON r.id IN (k.conrelid, k.confrelid) "
    "WHERE k.contype = 'f' AND k.confrelid IN (SELECT id FROM here)) "
    "SELECT EXISTS (SELECT 1 FROM here JOIN self USING (id)) OR "
    "EXISTS (SELECT 1 FROM here JOIN code USING (id) WHERE kind = 'i') OR "
    "EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a "
    "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND "
    "d.adnum = a.attnum JOIN code ON (kind = 'v' AND id = d.oid) OR "
    "(kind = 'w' AND id = a.atttypid) WHERE a.attnum > 0 AND "
    "NOT a.attisdropped AND a.attrelid = $1::pg_catalog.regclass AND "
    "NOT EXISTS (SELECT 1 FROM given WHERE name IN (a.attname::text, '\"' || "
    "pg_catalog.replace(a.attname::text, '\"', '\"\"') || '\"'))), "
    "EXISTS (SELECT 1 FROM key JOIN code USING (id) WHERE kind IN ('i', 'r', "
    "'s')) OR (EXISTS (SELECT 1 FROM key) AND EXISTS (SELECT 1 "
    "FROM pg_catalog.pg_cast JOIN pg_catalog.pg_proc f ON f.oid = castfunc "
    /* PostgreSQL's own are pure, though some depend on the time zone */
    "WHERE castcontext = 'i' AND f.oid >= 16384 AND NOT " SAFE ")), "
    "c.relowner = o.oid, o.rolsuper, c.relkind = 'p' OR EXISTS (SELECT 1 "
    "FROM pg_catalog.pg_attribute a JOIN risky ON id = a.atttypid "
    "WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) "
    "FROM pg_catalog.pg_class c "
    "CROSS JOIN pg_catalog.pg_roles o WHERE c.oid = "
    "$1::pg_catalog.regclass AND o.rolname = current_user";

/*
 * Of the view that has a table's columns: its columns, as text where their type
 * runs code; their names; and what to insert.  Of its table ($2): the owner,
 * and whether that is a superuser, and we.
 */
#define COLUMNS(with, type) with " SELECT " \
    "pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, " \
    "CASE WHEN y.id IS NULL THEN pg_catalog.format_type(a.atttypid, " \
    "a.atttypmod) ELSE 'text' END), ', ' ORDER BY a.attnum), " \
    "pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' " \
    "ORDER BY a.attnum), " \
    "pg_catalog.string_agg(pg_catalog.format('%I%s', a.attname, " \
    "CASE WHEN y.id IS NULL THEN '' ELSE '::' || pg_catalog.format_type(" \
    "a.atttypid, a.atttypmod) END), ', ' ORDER BY a.attnum), " \
    "max(o.rolname::text), bool_or(o.rolsuper), " \
    "max(o.rolname::text) = current_user::text " \
    "FROM pg_catalog.pg_attribute a LEFT JOIN " type " y " \
    "ON y.id = a.atttypid " \
    "CROSS JOIN (pg_catalog.pg_class c JOIN pg_catalog.pg_roles o " \
    "ON o.oid = c.relowner) WHERE a.attrelid = $1::pg_catalog.regclass AND " \
    "a.attnum > 0 AND c.oid = $2::pg_catalog.regclass"
static const char columns[] = COLUMNS(CODE, "type");
static const char columns_shared[] = COLUMNS(SHARED, ANY_TYPE);

PGresult *
bk_guard_find(PGconn *conn, int shared, struct bk_err *e)
{
	return bk_conn_query(conn, shared ? guarded_shared : guarded, e);
}

static PGresult *
ask_of(PGconn *conn, const char *sql, const char *const values[2],
    const char *table, struct bk_err *e)
{
	static const Oid text[] = { 25, 25 };
	PGresult *res = bk_sql_params(conn, sql, 2, text, values);

	if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1)
		return res;
	bk_conn_fail(conn, res, table, e);
	PQclear(res);
	return NULL;
}

PGresult *
bk_guard_columns(PGconn *conn, int shared, const char *view,
    const char *table, struct bk_err *e)
{
	const char *const values[] = { view, table };

	return ask_of(conn, shared ? columns_shared : columns, values, table,
	    e);
}

PGresult *
bk_guard_live(PGconn *conn, const char *table, const char *names,
    struct bk_err *e)
{
	const char *const values[] = { table, names };

	return ask_of(conn, live, values, table, e);
}

int
bk_guard_has(const PGresult *found, const char *schema, const char *name)
{
	int lo = 0, hi = PQntuples(found), mid, c;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		c = strcmp(PQgetvalue(found, mid, 0), schema);
		if (c == 0)
			c = strcmp(PQgetvalue(found, mid, 1), name);
		if (c == 0)
			return 1;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}
