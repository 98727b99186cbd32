/* Sequences, object counts, constraints, assertions (compare.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/sql.h"
#include "verify/compare.h"

#define OURS "NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"

/* Kinds of objects as the TOC names them, and where to count them. */
static const struct {
	const char *desc, *sql;
} kinds[] = {
	{ "TABLE", "pg_class x WHERE relkind IN ('r', 'p') AND "
	    "relnamespace::regnamespace::text " OURS },
	{ "FOREIGN TABLE", "pg_class x WHERE relkind = 'f' AND "
	    "relnamespace::regnamespace::text " OURS },
	{ "SEQUENCE", "pg_class x WHERE relkind = 'S' AND "
	    "relnamespace::regnamespace::text " OURS },
	{ "VIEW", "pg_class x WHERE relkind = 'v' AND "
	    "relnamespace::regnamespace::text " OURS },
	{ "MATERIALIZED VIEW", "pg_class x WHERE relkind = 'm' AND "
	    "relnamespace::regnamespace::text " OURS },
	{ "INDEX", "pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE "
	    "c.relnamespace::regnamespace::text " OURS " AND NOT EXISTS "
	    "(SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid "
	    "AND contype IN ('p', 'u', 'x'))" },
	{ "CONSTRAINT", "pg_constraint WHERE contype IN ('p', 'u', 'x')" },
	{ "FK CONSTRAINT", "pg_constraint WHERE contype = 'f'" },
	{ "CHECK CONSTRAINT", "pg_constraint WHERE contype = 'c'" },
	{ "TRIGGER", "pg_trigger WHERE NOT tgisinternal" },
	{ "POLICY", "pg_policy" },
	{ "FUNCTION", "pg_proc WHERE prokind IN ('f', 'w') AND "
	    "pronamespace::regnamespace::text " OURS },
	{ "PROCEDURE", "pg_proc WHERE prokind = 'p' AND "
	    "pronamespace::regnamespace::text " OURS },
	{ "AGGREGATE", "pg_proc WHERE prokind = 'a' AND "
	    "pronamespace::regnamespace::text " OURS },
	{ "EXTENSION", "pg_extension" },
	{ "EVENT TRIGGER", "pg_event_trigger" },
	{ "PUBLICATION", "pg_publication" },
};

/* One number; NULL is 0. */
static int
count(PGconn *conn, const char *sql, uint64_t *out, struct bk_err *e)
{
	PGresult *res = bk_conn_query(conn, sql, e);

	if (res == NULL)
		return -1;
	*out = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return 0;
}

static uint64_t
in_toc(const struct bk_toc *toc, const char *desc)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < toc->n; i++)
		n += toc->entry[i].desc != NULL &&
		    strcmp(toc->entry[i].desc, desc) == 0;
	return n;
}

/*
 * Fewer than dumped is a difference.  More is not: PostgreSQL creates some
 * itself (a partition's indexes), and extensions create theirs.
 */
static int
compare_kinds(PGconn *conn, const struct bk_toc *toc, struct bk_verdict *v,
    struct bk_err *e)
{
	char want[32], got[32], sql[512];
	uint64_t expected, found;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if ((expected = in_toc(toc, kinds[i].desc)) == 0)
			continue;
		(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s",
		    kinds[i].sql);
		if (count(conn, sql, &found, e) == -1)
			return -1;
		if (found >= expected)
			continue;
		(void)snprintf(want, sizeof(want), "%" PRIu64, expected);
		(void)snprintf(got, sizeof(got), "%" PRIu64, found);
		if (bk_verdict_differs(v, want, got, e, "objects: %s",
		    kinds[i].desc) == -1)
			return -1;
	}
	return 0;
}

/* "42, true" of "SELECT pg_catalog.setval('public.s', 42, true);" */
static int
sequence_value(const char *defn, char out[64])
{
	const char *p, *last = NULL;
	size_t n;

	for (p = defn; (p = strstr(p, "', ")) != NULL; p++)
		last = p + 3;
	if (last == NULL)
		return -1;
	n = strcspn(last, ")");
	if (n >= 64)
		return -1;
	memcpy(out, last, n);
	out[n] = '\0';
	return 0;
}

static int
compare_sequence(PGconn *conn, const struct bk_toc_entry *te,
    struct bk_verdict *v, struct bk_err *e)
{
	struct bk_buf sql = {0};
	PGresult *res = NULL;
	char want[64];
	int rc = -1;

	if (te->defn == NULL || sequence_value(te->defn, want) == -1)
		return 0;		/* of an unknown form */
	if (bk_buf_puts(&sql, "SELECT last_value || ', ' || is_called::text "
	    "FROM ", e) == -1 ||
	    bk_conn_qualified(&sql, te->schema, te->tag, e) == -1)
		goto done;
	res = bk_sql_exec(conn, sql.data);
	rc = 0;
	if (PQresultStatus(res) != PGRES_TUPLES_OK) {
		if (bk_conn_failed_with(res, "42P01"))
			rc = bk_verdict_differs(v, want, "no such sequence", e,
			    "sequence %s.%s", te->schema, te->tag);
		else
			rc = bk_conn_fail(conn, res, te->tag, e);
	} else if (strcmp(PQgetvalue(res, 0, 0), want) != 0) {
		rc = bk_verdict_differs(v, want, PQgetvalue(res, 0, 0), e,
		    "sequence %s.%s", te->schema, te->tag);
	}
 done:
	PQclear(res);
	bk_buf_free(&sql);
	return rc;
}

/*
 * No constraint may be NOT VALID unless it is so in the dump.  Children's
 * inherited ones (conislocal false), which the dump does not list, do not
 * count.
 */
static int
compare_constraints(PGconn *conn, const struct bk_toc *toc,
    struct bk_verdict *v, struct bk_err *e)
{
	uint64_t allowed = 0, found;
	char want[32], got[32];
	const char *p;
	size_t i;

	for (i = 0; i < toc->n; i++) {
		const struct bk_toc_entry *te = &toc->entry[i];

		if (te->desc == NULL || strstr(te->desc, "CONSTRAINT") == NULL)
			continue;
		for (p = te->defn; p != NULL &&
		    (p = strstr(p, "NOT VALID")) != NULL; p++)
			allowed++;
	}
	if (count(conn, "SELECT count(*) FROM pg_constraint "
	    "WHERE NOT convalidated AND conislocal", &found, e) == -1)
		return -1;
	if (found <= allowed)
		return 0;
	(void)snprintf(want, sizeof(want), "%" PRIu64, allowed);
	(void)snprintf(got, sizeof(got), "%" PRIu64, found);
	return bk_verdict_differs(v, want, got, e, "constraints NOT VALID");
}

int
bk_compare_catalog(PGconn *conn, const struct bk_toc *toc,
    struct bk_verdict *v, struct bk_err *e)
{
	size_t i;

	if (bk_conn_exec(conn, "SET search_path = pg_catalog", e) == -1)
		return -1;
	for (i = 0; i < toc->n; i++)
		if (toc->entry[i].desc != NULL && toc->entry[i].tag != NULL &&
		    strcmp(toc->entry[i].desc, "SEQUENCE SET") == 0 &&
		    compare_sequence(conn, &toc->entry[i], v, e) == -1)
			return -1;
	if (compare_kinds(conn, toc, v, e) == -1)
		return -1;
	return compare_constraints(conn, toc, v, e);
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
			found = "an error";
	}
	return bk_verdict_differs(v, "true", found, e, "%s: query %d", name,
	    nth);
}

int
bk_compare_assert(PGconn *conn, const char *name, const char *sql,
    struct bk_verdict *v, struct bk_err *e)
{
	PGresult *res;
	int nth = 0, asked = 0, rc = 0;

	if (!bk_sql_send(conn, sql))
		return bk_conn_fail(conn, NULL, name, e);
	while ((res = bk_sql_result(conn)) != NULL) {
		if (rc == 0)
			rc = check_result(res, name, ++nth, &asked, v, e);
		PQclear(res);
	}
	if (PQstatus(conn) != CONNECTION_OK)
		return bk_conn_fail(conn, NULL, name, e);
	if (rc == 0 && !asked)
		rc = bk_verdict_differs(v, "a query", "none", e, "%s", name);
	return rc;
}
