#include "dump/drift.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pg/conn.h"

/*
 * to_regclass() looks a name up in the catalog of now, while pg_class is read
 * by the snapshot.
 */
static const char moved[] =
    "SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname)"
    " FROM pg_catalog.unnest('{%s}'::pg_catalog.oid[]) AS u(oid)"
    " JOIN pg_catalog.pg_class c ON c.oid = u.oid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE pg_catalog.to_regclass(pg_catalog.format('%%I.%%I', n.nspname,"
    " c.relname))::pg_catalog.oid IS DISTINCT FROM c.oid LIMIT 1";

/* Labels of enums, and attributes of composite types that are no table's. */
static const char types[] =
    "SELECT 'e', e.oid, e.enumlabel::pg_catalog.text,"
    " pg_catalog.format('%I.%I', n.nspname, t.typname)"
    " FROM pg_catalog.pg_enum e"
    " JOIN pg_catalog.pg_type t ON t.oid = e.enumtypid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
    " UNION ALL SELECT 'c', c.oid, pg_catalog.string_agg(pg_catalog.concat("
    "a.attnum, ' ', a.atttypid, ' ', a.atttypmod, ' ', a.attisdropped), ','"
    " ORDER BY a.attnum), pg_catalog.format('%I.%I', n.nspname, c.relname)"
    " FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'c' GROUP BY c.oid, n.nspname, c.relname"
    " ORDER BY 1, 2";

static int
is_relation(const struct bk_toc_entry *te)
{
	static const char *const kinds[] = { "TABLE", "TABLE DATA", "SEQUENCE",
	    "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE" };
	size_t i;

	for (i = 0; te->desc != NULL && i < sizeof(kinds) / sizeof(kinds[0]);
	    i++)
		if (strcmp(te->desc, kinds[i]) == 0)
			return te->oid != 0;
	return 0;
}

int
bk_drift_names(PGconn *conn, const struct bk_toc *toc, struct bk_err *e)
{
	struct bk_buf list = {0}, sql = {0};
	PGresult *res = NULL;
	size_t i;
	int rc = bk_buf_puts(&list, "", e);

	for (i = 0; rc == 0 && i < toc->n; i++)
		if (is_relation(&toc->entry[i]))
			rc = bk_buf_printf(&list, e, "%s%" PRIu32,
			    list.len == 0 ? "" : ",", toc->entry[i].oid);
	if (rc == 0)
		rc = bk_buf_printf(&sql, e, moved, list.data);
	if (rc == 0 && (res = bk_conn_query(conn, sql.data, e)) == NULL)
		rc = -1;
	if (rc == 0 && PQntuples(res) > 0)
		rc = bk_fail(e, BK_BUSY, "table %s: renamed, exchanged or "
		    "moved after the snapshot was taken; try again",
		    PQgetvalue(res, 0, 0));
	PQclear(res);
	bk_buf_free(&list);
	bk_buf_free(&sql);
	return rc;
}

PGresult *
bk_drift_types(PGconn *conn, struct bk_err *e)
{
	return bk_conn_query(conn, types, e);
}

/* Order rows by kind, then by OID. */
static int
compare(const PGresult *a, int i, const PGresult *b, int j)
{
	int c = strcmp(PQgetvalue(a, i, 0), PQgetvalue(b, j, 0));
	unsigned long x = strtoul(PQgetvalue(a, i, 1), NULL, 10),
	    y = strtoul(PQgetvalue(b, j, 1), NULL, 10);

	return c != 0 ? c : (x > y) - (x < y);
}

int
bk_drift_compare(PGconn *conn, const PGresult *before, struct bk_err *e)
{
	PGresult *now = bk_drift_types(conn, e);
	int i, j = 0, rc = now == NULL ? -1 : 0;

	/* what is new no row of ours has, and what is gone none can have */
	for (i = 0; rc == 0 && i < PQntuples(before); i++) {
		while (j < PQntuples(now) && compare(now, j, before, i) < 0)
			j++;
		if (j < PQntuples(now) && compare(now, j, before, i) == 0 &&
		    strcmp(PQgetvalue(now, j, 2), PQgetvalue(before, i, 2)) !=
		    0)
			rc = bk_fail(e, BK_BUSY, "type %s: altered while it "
			    "was dumped, so that values may not fit its "
			    "definition; try again", PQgetvalue(before, i, 3));
	}
	PQclear(now);
	return rc;
}
