#include "restore/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg/sql.h"

struct bk_guarded {
	struct bk_restore_table *table;
	int denied;		/* its owner lacked a privilege */
};

/*
 * The parts of COPY name (columns) FROM stdin, as pg_dump writes it; 0 if it
 * has no columns.
 */
static int
split(const char *copy, struct bk_buf *name, struct bk_buf *columns,
    struct bk_err *e)
{
	const char *p = copy + strlen("COPY "), *from = p, *end = NULL, *q;
	int quoted = 0;

	if (strncmp(copy, "COPY ", 5) != 0)
		return 0;
	for (; *p != '\0' && (quoted || *p != ' '); p++)
		quoted ^= *p == '"';
	for (q = p; (q = strstr(q, ") FROM stdin")) != NULL; q++)
		end = q;
	if (p[0] != ' ' || p[1] != '(' || end == NULL || end == p + 2)
		return 0;
	if (bk_buf_add(name, from, (size_t)(p - from), e) == -1 ||
	    bk_buf_add(columns, p + 2, (size_t)(end - p - 2), e) == -1)
		return -1;
	return 1;
}

/* One of the dump's tables whose code is not bound to its own owner. */
static void
note_trusted(struct bk_guard *g, const struct bk_restore_table *t)
{
	if (g->trusted.n++ == 0)
		(void)snprintf(g->trusted.first, sizeof(g->trusted.first),
		    "%s%s%s", t->te->schema == NULL ? "" : t->te->schema,
		    t->te->schema == NULL ? "" : ".", t->te->tag);
}

/* The body of the function that moves a table's rows, as a literal. */
static int
add_body(struct bk_guard *g, size_t i, const PGresult *c, struct bk_buf *sql,
    struct bk_err *e)
{
	struct bk_buf body = {0};
	char *quoted = NULL;
	int rc = -1;

	/* a column may have the name of a variable: n, found */
	if (bk_buf_printf(&body, e, "#variable_conflict use_column\n"
	    "DECLARE n pg_catalog.int8; BEGIN "
	    "INSERT INTO %s.door%zu (%s) OVERRIDING SYSTEM VALUE "
	    "SELECT %s FROM %s.rows%zu; GET DIAGNOSTICS n = ROW_COUNT; "
	    "INSERT INTO %s.moved VALUES (%zu, n); RETURN 0; END", g->schema, i,
	    PQgetvalue(c, 0, 1), PQgetvalue(c, 0, 2), g->schema, i, g->schema,
	    i) == -1)
		goto done;
	if ((quoted = PQescapeLiteral(g->conn, body.data, body.len)) == NULL)
		bk_conn_fail(g->conn, NULL, NULL, e);
	else
		rc = bk_buf_puts(sql, quoted, e);
 done:
	PQfreemem(quoted);
	bk_buf_free(&body);
	return rc;
}

/* The view of the columns and what moves the rows become the owner's. */
static int
give_away(struct bk_guard *g, size_t i, const char *name, struct bk_buf *sql,
    struct bk_err *e)
{
	const char *s = g->schema;
	struct bk_buf owner = {0};
	int rc = -1;

	/* an owner to be needs CREATE, unless a superuser says so */
	if (bk_conn_ident(&owner, name, e) == 0)
		rc = bk_buf_printf(sql, e, "; "
		    "GRANT USAGE, CREATE ON SCHEMA %s TO %s; "
		    "GRANT SELECT ON %s.rows%zu TO %s; "
		    "GRANT INSERT ON %s.moved TO %s; "
		    "ALTER VIEW %s.door%zu OWNER TO %s; "
		    "ALTER MATERIALIZED VIEW %s.run%zu OWNER TO %s; "
		    "REVOKE CREATE ON SCHEMA %s FROM %s", s, owner.data, s, i,
		    owner.data, s, owner.data, s, i, owner.data, s, i,
		    owner.data, s, owner.data);
	bk_buf_free(&owner);
	return rc;
}

/* What is made for a table, of which the view of its columns exists. */
static int
make_parts(struct bk_guard *g, size_t i, const PGresult *c, struct bk_err *e)
{
	const char *s = g->schema;
	struct bk_buf sql = {0};
	int rc = -1;

	if (bk_buf_printf(&sql, e, "CREATE UNLOGGED TABLE %s.rows%zu (%s); "
	    "CREATE FUNCTION %s.move%zu() RETURNS pg_catalog.int4 "
	    "LANGUAGE plpgsql AS ", s, i, PQgetvalue(c, 0, 0), s, i) == -1 ||
	    add_body(g, i, c, &sql, e) == -1 ||
	    bk_buf_printf(&sql, e, "; CREATE MATERIALIZED VIEW %s.run%zu AS "
	    "SELECT %s.move%zu() WITH NO DATA", s, i, s, i) == -1 ||
	    (*PQgetvalue(c, 0, 5) != 't' &&
	    give_away(g, i, PQgetvalue(c, 0, 3), &sql, e) == -1))
		goto done;
	rc = bk_conn_exec(g->conn, sql.data, e);
 done:
	bk_buf_free(&sql);
	return rc;
}

static int
make_schema(struct bk_guard *g, struct bk_err *e)
{
	struct bk_buf sql = {0};
	PGresult *res;
	int rc = -1;

	if (*g->schema != '\0')
		return 0;
	if ((res = bk_conn_query(g->conn, "SELECT 'bk_restore_' || "
	    "pg_catalog.replace(pg_catalog.md5(pg_catalog.random()::text || "
	    "pg_catalog.clock_timestamp()::text), '-', '')", e)) == NULL)
		return -1;
	(void)snprintf(g->schema, sizeof(g->schema), "%.39s",
	    PQgetvalue(res, 0, 0));
	PQclear(res);
	if (bk_buf_printf(&sql, e, "CREATE SCHEMA %s; CREATE TABLE %s.moved "
	    "(i pg_catalog.int8, n pg_catalog.int8)", g->schema,
	    g->schema) == 0)
		rc = bk_conn_exec(g->conn, sql.data, e);
	bk_buf_free(&sql);
	return rc;
}

/*
 * Stage one table; one without columns has nothing to be checked but code.
 * Live tables' code has been noted (look_live).
 */
static int
stage(struct bk_guard *g, struct bk_restore_table *t, struct bk_err *e)
{
	const size_t i = g->n;
	struct bk_buf name = {0}, list = {0}, sql = {0}, view = {0};
	PGresult *c = NULL;
	int rc = split(t->te->copy, &name, &list, e);

	if (rc < 1) {
		if (!g->live)
			note_trusted(g, t);
		goto done;
	}
	rc = -1;
	if (make_schema(g, e) == -1 ||
	    bk_buf_printf(&view, e, "%s.door%zu", g->schema, i) == -1 ||
	    bk_buf_printf(&sql, e, "CREATE VIEW %s AS SELECT %s FROM %s",
	    view.data, list.data, name.data) == -1 ||
	    bk_conn_exec(g->conn, sql.data, e) == -1 ||
	    (c = bk_guard_columns(g->conn, g->shared, view.data, name.data,
	    e)) == NULL ||
	    make_parts(g, i, c, e) == -1)
		goto done;
	sql.len = 0;
	if (bk_buf_printf(&sql, e, "COPY %s.rows%zu (%s) FROM stdin",
	    g->schema, i, list.data) == -1)
		goto done;
	if (!g->live && (*PQgetvalue(c, 0, 4) == 't' ||
	    (t->te->owner != NULL && *t->te->owner != '\0' &&
	    strcmp(t->te->owner, PQgetvalue(c, 0, 3)) != 0)))
		note_trusted(g, t);
	t->staged = sql.data;
	sql = (struct bk_buf){0};
	g->item[g->n++].table = t;
	rc = 0;
 done:
	PQclear(c);
	bk_buf_free(&name);
	bk_buf_free(&list);
	bk_buf_free(&sql);
	bk_buf_free(&view);
	return rc;
}

/*
 * A live table's code, which the lock, that of COPY, keeps as it is; *all: it
 * must not run as us.
 */
static int
look_live(struct bk_guard *g, const struct bk_restore_table *t, int *all,
    struct bk_err *e)
{
	struct bk_buf name = {0}, list = {0}, sql = {0};
	PGresult *res = NULL;
	int ours, super, rc = split(t->te->copy, &name, &list, e);

	if (rc == 0 && bk_conn_qualified(&name, t->te->schema, t->te->tag,
	    e) == -1)
		rc = -1;
	if (rc == -1 || bk_buf_puts(&list, "", e) == -1 ||
	    bk_buf_printf(&sql, e, "LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE",
	    name.data) == -1 || bk_conn_exec(g->conn, sql.data, e) == -1 ||
	    (res = bk_guard_live(g->conn, name.data, list.data, e)) == NULL) {
		rc = -1;
		goto done;
	}
	ours = *PQgetvalue(res, 0, 2) == 't';
	super = *PQgetvalue(res, 0, 3) == 't';
	if (*PQgetvalue(res, 0, 4) == 't')
		*all |= !ours && super && rc == 1;
	if (*PQgetvalue(res, 0, 0) == 't') {
		*all |= !ours && super && rc == 1;
		if (ours ? super : !super || rc == 0)
			note_trusted(g, t);
	}
	if (g->keys && *PQgetvalue(res, 0, 1) == 't' && (super || !ours))
		note_trusted(g, t);
	rc = 0;
 done:
	PQclear(res);
	bk_buf_free(&name);
	bk_buf_free(&list);
	bk_buf_free(&sql);
	return rc;
}

static int
is_wanted(const struct bk_restore_table *t)
{
	return !t->blobs && !t->skip && t->te->schema != NULL;
}

static int
open_live(struct bk_guard *g, struct bk_restore_table *table, size_t n,
    struct bk_err *e)
{
	int all = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (is_wanted(&table[i]) &&
		    look_live(g, &table[i], &all, e) == -1)
			return -1;
	for (i = 0; all && i < n; i++)
		if (is_wanted(&table[i]) && stage(g, &table[i], e) == -1)
			return -1;
	return 0;
}

int
bk_guard_open(struct bk_guard *g, PGconn *conn, struct bk_restore_table *table,
    size_t n, struct bk_err *e)
{
	PGresult *found = NULL;
	size_t i;
	int rc = 0;

	g->conn = conn;
	if ((g->item = calloc(n + 1, sizeof(*g->item))) == NULL)
		return bk_fail_memory(e);
	if (g->live)
		return open_live(g, table, n, e);
	if ((found = bk_guard_find(conn, g->shared, e)) == NULL)
		return -1;
	for (i = 0; rc == 0 && PQntuples(found) > 0 && i < n; i++) {
		struct bk_restore_table *t = &table[i];

		if (is_wanted(t) &&
		    bk_guard_has(found, t->te->schema, t->te->tag))
			rc = stage(g, t, e);
	}
	PQclear(found);
	return rc;
}

/* A table's rows could not be moved. */
static int
failed(struct bk_guard *g, struct bk_guarded *item, const PGresult *res,
    struct bk_failures *f, struct bk_err *e)
{
	struct bk_restore_table *t = item->table;
	struct bk_buf name = {0}, what = {0};
	struct bk_err reason = {0};
	int rc = -1;

	item->denied = bk_conn_failed_with(res, "42501");
	if (bk_restore_name(t, &name, e) == -1)
		goto done;
	if (f == NULL || PQstatus(g->conn) != CONNECTION_OK) {
		bk_conn_fail(g->conn, res, name.data, e);
		if (item->denied)
			bk_fail_add(e, "; its rows run code, so they are "
			    "loaded with the rights of its owner: GRANT what "
			    "is denied to the owner, and run again");
		goto done;
	}
	atomic_store(&t->failed, 1);
	bk_conn_fail(g->conn, res, NULL, &reason);
	if (bk_buf_printf(&what, e, "TABLE DATA %s.%s", t->te->schema,
	    t->te->tag) == 0)
		rc = bk_failures_add(f, what.data, reason.msg, e);
 done:
	bk_buf_free(&name);
	bk_buf_free(&what);
	return rc;
}

/* Count what arrived, and drop what was made for the table. */
static int
moved(struct bk_guard *g, size_t i, struct bk_err *e)
{
	const char *s = g->schema;
	struct bk_buf sql = {0};
	PGresult *res = NULL;
	int rc = -1;

	if (bk_buf_printf(&sql, e, "SELECT pg_catalog.max(n) FROM %s.moved "
	    "WHERE i = %zu", s, i) == -1 ||
	    (res = bk_conn_query(g->conn, sql.data, e)) == NULL)
		goto done;
	g->item[i].table->loaded = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	sql.len = 0;
	if (bk_buf_printf(&sql, e, "DROP MATERIALIZED VIEW %s.run%zu; "
	    "DROP FUNCTION %s.move%zu(); DROP VIEW %s.door%zu; "
	    "DROP TABLE %s.rows%zu", s, i, s, i, s, i, s, i) == 0 &&
	    bk_conn_exec(g->conn, sql.data, e) == 0)
		rc = bk_restore_taken(g->item[i].table, e);
 done:
	PQclear(res);
	bk_buf_free(&sql);
	return rc;
}

/* Move a table's rows; again: it is the last time. */
static int
move(struct bk_guard *g, size_t i, int again, struct bk_failures *f,
    struct bk_err *e)
{
	struct bk_guarded *item = &g->item[i];
	struct bk_buf sql = {0};
	PGresult *res;
	int rc = -1;

	if (item->table->failed)
		return 0;
	if (bk_buf_printf(&sql, e, "REFRESH MATERIALIZED VIEW %s.run%zu",
	    g->schema, i) == -1)
		return -1;
	res = bk_sql_exec(g->conn, sql.data);
	if (PQresultStatus(res) == PGRES_COMMAND_OK)
		rc = moved(g, i, e);
	else if (!again && bk_conn_failed_with(res, "42501"))
		rc = !(item->denied = 1);
	else
		rc = failed(g, item, res, f, e);
	PQclear(res);
	bk_buf_free(&sql);
	return rc;
}

static int
move_all(struct bk_guard *g, struct bk_failures *f,
    void (*grant)(void *ctx, PGconn *conn), void *ctx, struct bk_err *e)
{
	size_t i, denied = 0;

	for (i = 0; i < g->n; i++) {
		if (move(g, i, grant == NULL, f, e) == -1)
			return -1;
		denied += g->item[i].denied != 0;
	}
	if (denied == 0 || grant == NULL)
		return 0;
	grant(ctx, g->conn);
	for (i = 0; i < g->n; i++)
		if (g->item[i].denied && move(g, i, 1, f, e) == -1)
			return -1;
	return 0;
}

/* What is called with our rights when keys and definitions come (rights.h). */
static PGresult *
find_called(struct bk_guard *g, struct bk_err *e)
{
	return bk_conn_query(g->conn, "SELECT pg_catalog.string_agg(o::"
	    "pg_catalog.text, ',' ORDER BY o) FROM (SELECT indexrelid FROM "
	    "pg_catalog.pg_index WHERE indexprs IS NOT NULL OR indpred IS NOT "
	    "NULL UNION ALL SELECT oid FROM pg_catalog.pg_statistic_ext "
	    "UNION ALL SELECT oid FROM pg_catalog.pg_cast UNION ALL SELECT oid "
	    "FROM pg_catalog.pg_constraint WHERE contypid <> 0) AS m (o)", e);
}

int
bk_guard_move(struct bk_guard *g, struct bk_failures *f,
    void (*grant)(void *ctx, PGconn *conn), void *ctx, struct bk_err *e)
{
	PGresult *before, *after = NULL;
	int rc = -1;

	/* no keys are checked and no definitions made afterwards */
	if (g->n == 0 || (g->live && !g->keys))
		return g->n == 0 ? 0 : move_all(g, f, grant, ctx, e);
	if ((before = find_called(g, e)) == NULL ||
	    move_all(g, f, grant, ctx, e) == -1 ||
	    (after = find_called(g, e)) == NULL)
		goto done;
	if (strcmp(PQgetvalue(before, 0, 0), PQgetvalue(after, 0, 0)) == 0)
		rc = 0;
	else
		bk_fail(e, BK_DATA, "code of the dump has made an index, "
		    "statistics, a cast or a domain's check as its rows "
		    "arrived, which could run with your rights; restore such "
		    "a dump as a role without privileges, or test it with "
		    "bk-verify --scratch");
 done:
	PQclear(before);
	PQclear(after);
	return rc;
}

int
bk_guard_close(struct bk_guard *g, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = 0;

	if (*g->schema != '\0' && (rc = bk_buf_printf(&sql, e,
	    "DROP SCHEMA %s CASCADE", g->schema)) == 0)
		rc = bk_conn_exec(g->conn, sql.data, e);
	bk_buf_free(&sql);
	bk_guard_free(g);
	return rc;
}

void
bk_guard_free(struct bk_guard *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		free(g->item[i].table->staged);
		g->item[i].table->staged = NULL;
	}
	free(g->item);
	*g = (struct bk_guard){0};
}
