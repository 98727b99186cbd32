#include "restore/load_partial.h"

#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "base/utctime.h"
#include "pg/sql.h"
#include "restore/ddl.h"
#include "restore/guard.h"
#include "restore/notes.h"
#include "restore/restore_in.h"

struct part {
	struct bk_restore *r;
	const struct bk_restore_options *o;
	enum bk_partial_mode mode;
	unsigned char *wanted;	/* entries of the TOC */
	PGconn *conn;
	struct bk_restore_ddl ddl;
	struct bk_buf undo;	/* SQL: re-enable triggers, re-add keys */
	struct bk_buf notes;
	struct bk_buf analyze;
};

static int
is(const char *s, const char *text)
{
	return s != NULL && strcmp(s, text) == 0;
}

static struct bk_restore_table *
table_of(const struct part *p, size_t i)
{
	const struct bk_toc_entry *te = &p->r->toc.entry[i];

	return p->wanted[i] && te->has_data ? bk_restore_find(p->r, te->id) :
	    NULL;
}

/*
 * Query the table named $1: the first column is SQL, the second, if any, a
 * note.
 */
static int
ask(struct part *p, const char *sql, const char *name, struct bk_buf *out,
    struct bk_buf *notes, struct bk_err *e)
{
	static const Oid text = 25;
	PGresult *res = bk_sql_params(p->conn, sql, 1, &text, &name);
	int i, rc = 0;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		rc = bk_conn_fail(p->conn, res, name, e);
	for (i = 0; rc == 0 && i < PQntuples(res); i++) {
		rc = bk_buf_printf(out, e, "%s;\n", PQgetvalue(res, i, 0));
		if (rc == 0 && notes != NULL && PQnfields(res) > 1)
			rc = bk_restore_note(notes, e, "%s",
			    PQgetvalue(res, i, 1));
	}
	PQclear(res);
	return rc;
}

/*
 * Triggers that would fire: SQL to disable and re-enable them.  Those of a
 * partitioned table come first, since that changes its partitions' as well.
 */
#define TRIGGERS "FROM (WITH RECURSIVE t (id, part) AS (SELECT " \
    "$1::pg_catalog.regclass::pg_catalog.oid, false UNION " \
    "SELECT i.inhrelid, true FROM t JOIN pg_catalog.pg_inherits i " \
    "ON i.inhparent = t.id JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid " \
    "WHERE c.relispartition) SELECT * FROM t) t JOIN pg_catalog.pg_trigger " \
    "ON tgrelid = t.id WHERE NOT tgisinternal AND "
static const char triggers_off[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s%s DISABLE TRIGGER %I', CASE WHEN part THEN 'ONLY ' END, "
    "t.id::pg_catalog.regclass, tgname) " TRIGGERS "tgenabled <> 'D' "
    "ORDER BY part";
static const char triggers_on[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s%s %s TRIGGER %I', CASE WHEN part THEN 'ONLY ' END, "
    "t.id::pg_catalog.regclass, CASE tgenabled WHEN 'D' THEN 'DISABLE' "
    "WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' "
    "ELSE 'ENABLE' END, tgname) " TRIGGERS "(part OR tgenabled <> 'D') "
    "ORDER BY part";

/*
 * Other tables' foreign keys to this one, which TRUNCATE refuses; of a
 * partition those to the tables that it is a part of, from version 11 on.
 */
#define PARENT "coalesce(pg_catalog.to_jsonb(c) ->> 'conparentid', '0')" \
    "::pg_catalog.oid"
#define KEYS "FROM (WITH RECURSIVE k (oid, up) AS (SELECT c.oid, " PARENT \
    " FROM pg_catalog.pg_constraint c WHERE contype = 'f' AND " \
    "confrelid = $1::pg_catalog.regclass UNION SELECT c.oid, " PARENT \
    " FROM k JOIN pg_catalog.pg_constraint c ON c.oid = k.up) " \
    "SELECT c.oid, c.conname, c.conrelid, c.confrelid FROM k " \
    "JOIN pg_catalog.pg_constraint c ON c.oid = k.oid " \
    "WHERE k.up = 0) c WHERE NOT (c.conrelid = c.confrelid AND " \
    "c.conrelid = $1::pg_catalog.regclass)"
static const char keys_off[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s DROP CONSTRAINT %I', "
    "c.conrelid::pg_catalog.regclass, c.conname) " KEYS;
static const char keys_on[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s ADD CONSTRAINT %I %s', "
    "c.conrelid::pg_catalog.regclass, "
    "c.conname, pg_catalog.pg_get_constraintdef(c.oid)) || coalesce("
    "pg_catalog.format('; COMMENT ON CONSTRAINT %I ON %s IS %L', c.conname, "
    "c.conrelid::pg_catalog.regclass, pg_catalog.obj_description(c.oid, "
    "'pg_constraint')), ''), pg_catalog.format('foreign key %I of table %s: "
    "dropped, added again and checked', c.conname, "
    "c.conrelid::pg_catalog.regclass) " KEYS;

/* The state of a key's triggers, whose names are others once it is added. */
static const char keys_state[] = "SELECT pg_catalog.format('DO %L', "
    "pg_catalog.format('DECLARE t name; BEGIN SELECT g.tgname INTO STRICT t "
    "FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_constraint c "
    "ON c.oid = g.tgconstraint WHERE c.conname = %L AND c.conrelid = %L"
    "::pg_catalog.regclass AND g.tgrelid = %L::pg_catalog.regclass AND "
    "g.tgfoid = %s; EXECUTE pg_catalog.format(%L, t); END', c.conname, "
    "c.conrelid::pg_catalog.regclass, g.tgrelid::pg_catalog.regclass, "
    "g.tgfoid::pg_catalog.oid, pg_catalog.replace(pg_catalog.format("
    "'ALTER TABLE %s %s TRIGGER ', g.tgrelid::pg_catalog.regclass, "
    "CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'A' THEN 'ENABLE ALWAYS' "
    "ELSE 'ENABLE REPLICA' END), '%', '%%') || '%I')) "
    "FROM pg_catalog.pg_trigger g JOIN (SELECT c.* " KEYS ") c "
    "ON c.oid = g.tgconstraint WHERE g.tgenabled <> 'O'";

static const char matviews[] = "SELECT DISTINCT '', pg_catalog.format("
    "'materialized view %s: still has the old rows; REFRESH it', "
    "c.oid::pg_catalog.regclass) FROM pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND "
    "d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass "
    "JOIN pg_catalog.pg_class c ON c.oid = w.ev_class "
    "WHERE d.refobjid = $1::pg_catalog.regclass AND c.relkind = 'm'";

/*
 * What a row that an owner inserts meets, and one of COPY does not: rules, and
 * policies if they bind him.
 */
#define RULES "FROM pg_catalog.pg_rewrite WHERE ev_class = " \
    "$1::pg_catalog.regclass AND ev_enabled <> 'D'"
#define FORCED "FROM pg_catalog.pg_class WHERE oid = " \
    "$1::pg_catalog.regclass AND relforcerowsecurity"
static const char rules_off[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s DISABLE RULE %I', $1, rulename) " RULES " UNION ALL "
    "SELECT pg_catalog.format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', "
    "$1) " FORCED;
static const char rules_on[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s ENABLE %s RULE %I', $1, CASE ev_enabled "
    "WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, rulename) "
    RULES " UNION ALL SELECT pg_catalog.format("
    "'ALTER TABLE %s FORCE ROW LEVEL SECURITY', $1) " FORCED;

/* A partitioned table has no rows of its own. */
static const char rows_off[] = "SELECT pg_catalog.format('TRUNCATE %s%s', "
    "CASE WHEN relkind = 'p' THEN '' ELSE 'ONLY ' END, "
    "oid::pg_catalog.regclass) FROM pg_catalog.pg_class "
    "WHERE oid = $1::pg_catalog.regclass";

/* Does the table exist, and is it one?  A view's trigger would run as us. */
static int
table_exists(struct part *p, const char *name, int *exists, struct bk_err *e)
{
	PGresult *res = bk_sql_params(p->conn, "SELECT EXISTS (SELECT 1 FROM "
	    "pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1) AND "
	    "relkind IN ('r', 'p', 'S'))", 1, NULL, &name);
	int rc = 0;

	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		*exists = *PQgetvalue(res, 0, 0) == 't';
	else
		rc = bk_conn_fail(p->conn, res, name, e);
	PQclear(res);
	return rc;
}

/* An existing table: disable triggers; to replace it, drop keys and rows. */
static int
prepare_table(struct part *p, const char *name, int staged, struct bk_err *e)
{
	struct bk_buf sql = {0}, none = {0};
	int rc = -1;

	if (staged && (ask(p, rules_off, name, &sql, NULL, e) == -1 ||
	    ask(p, rules_on, name, &p->undo, NULL, e) == -1))
		goto done;
	if (ask(p, triggers_off, name, &sql, NULL, e) == -1 ||
	    ask(p, triggers_on, name, &p->undo, NULL, e) == -1)
		goto done;
	if (p->mode == BK_PARTIAL_REPLACE && (
	    ask(p, keys_off, name, &sql, NULL, e) == -1 ||
	    ask(p, keys_on, name, &p->undo, &p->notes, e) == -1 ||
	    ask(p, keys_state, name, &p->undo, NULL, e) == -1 ||
	    ask(p, matviews, name, &none, &p->notes, e) == -1 ||
	    ask(p, rows_off, name, &sql, NULL, e) == -1))
		goto done;
	rc = sql.len == 0 ? 0 : bk_conn_exec(p->conn, sql.data, e);
 done:
	bk_buf_free(&sql);
	bk_buf_free(&none);
	return rc;
}

static int
prepare(struct part *p, struct bk_restore_table *t, struct bk_err *e)
{
	struct bk_buf name = {0};
	int rc = -1;

	if (t->prepared)
		return 0;
	t->prepared = 1;
	if (bk_conn_qualified(&name, t->te->schema, t->te->tag, e) == 0)
		rc = prepare_table(p, name.data, t->staged != NULL, e);
	bk_buf_free(&name);
	return rc;
}

/* Tables of which no row arrived are to be empty, or untouched, too. */
static int
prepare_rest(struct part *p, struct bk_err *e)
{
	struct bk_restore_table *t;
	size_t i;

	for (i = 0; p->mode != BK_PARTIAL_CREATE && i < p->r->n; i++) {
		t = &p->r->table[i];
		if ((p->mode == BK_PARTIAL_REPLACE || t->staged != NULL) &&
		    !t->blobs && !t->skip && prepare(p, t, e) == -1)
			return -1;
	}
	return 0;
}

/* Pass name at *p, which may be quoted; 0 if another one is there. */
static int
pass_name(const char **p, const char *name)
{
	const int quoted = **p == '"';

	for (*p += quoted; *name != '\0'; name++) {
		if (*(*p)++ != *name)
			return 0;
		if (quoted && *name == '"' && *(*p)++ != '"')
			return 0;
	}
	return !quoted || *(*p)++ == '"';
}

/* Do t's rows go into another table, as by --load-via-partition-root? */
static int
goes_elsewhere(const struct bk_restore_table *t)
{
	const char *p = t->te->copy;

	if (p == NULL || t->te->schema == NULL ||
	    strncmp(p, "COPY ", 5) != 0)
		return 0;
	p += 5;
	return !pass_name(&p, t->te->schema) || *p++ != '.' ||
	    !pass_name(&p, t->te->tag) || *p != ' ';
}

/*
 * Before the first row of t arrives, and not earlier: it is in use.  Rows that
 * find their partition themselves may go into any of the tables, all of which
 * are emptied first.
 */
static int
before_rows(void *ctx, struct bk_restore_table *t, struct bk_err *e)
{
	if (!t->prepared && goes_elsewhere(t) && prepare_rest(ctx, e) == -1)
		return -1;
	return prepare(ctx, t, e);
}

/* Note each table to be loaded for ANALYZE; some must exist. */
static int
look_at_tables(struct part *p, struct bk_err *e)
{
	struct bk_buf name = {0};
	int exists = 1, rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < p->r->toc.n; i++) {
		const struct bk_toc_entry *te = &p->r->toc.entry[i];

		if (table_of(p, i) == NULL || !is(te->desc, "TABLE DATA"))
			continue;
		name.len = 0;
		if ((rc = bk_conn_qualified(&name, te->schema, te->tag,
		    e)) == -1 ||
		    (rc = bk_buf_printf(&p->analyze, e, "ANALYZE %s",
		    name.data)) == -1 ||
		    /* no byte of a name ends a statement */
		    (rc = bk_buf_add(&p->analyze, "", 1, e)) == -1 ||
		    p->mode == BK_PARTIAL_CREATE ||
		    (rc = table_exists(p, name.data, &exists, e)) == -1)
			continue;
		if (!exists)
			rc = bk_fail(e, BK_NONE, "table %s: does not exist; "
			    "leave out --data-only or --replace-table to "
			    "create it", name.data);
	}
	bk_buf_free(&name);
	return rc;
}

/* The last two arguments of setval('NAME', 100, true), as pg_dump writes it. */
static int
parse_setval(const char *defn, char value[24], int *called)
{
	const char *end = defn == NULL ? NULL : strrchr(defn, ')'), *p;
	size_t n;

	if (end == NULL)
		return -1;
	for (p = end; p > defn && *p != ','; p--)
		continue;
	*called = strncmp(p, ", true)", 7) == 0;
	if (p == defn || (!*called && strncmp(p, ", false)", 8) != 0))
		return -1;
	for (end = p--; p > defn && *p != ' '; p--)
		continue;
	n = (size_t)(end - p) - 1;
	if (n == 0 || n >= 24 || strspn(p + 1, "-0123456789") != n)
		return -1;
	memcpy(value, p + 1, n);
	value[n] = '\0';
	return 0;
}

/* Set a sequence, unless it is further already; never back. */
static int
advance(struct part *p, const struct bk_toc_entry *te, struct bk_err *e)
{
	struct bk_buf name = {0}, sql = {0};
	const char *values[3];
	char value[24];
	PGresult *res = NULL;
	int called, exists = 0, rc = -1;

	if (parse_setval(te->defn, value, &called) == -1)
		return bk_restore_damaged(p->r, NULL, "a SEQUENCE SET entry "
		    "without a value", e);
	if (bk_conn_qualified(&name, te->schema, te->tag, e) == -1 ||
	    table_exists(p, name.data, &exists, e) == -1)
		goto done;
	if (!exists) {
		bk_fail(e, BK_NONE, "sequence %s: does not exist", name.data);
		goto done;
	}
	if (bk_buf_printf(&sql, e, "SELECT pg_catalog.setval("
	    "$1::pg_catalog.regclass, $2::pg_catalog.int8, "
	    "$3::pg_catalog.bool) FROM %s s, pg_catalog.pg_sequence q "
	    "WHERE q.seqrelid = $1::pg_catalog.regclass AND "
	    "CASE WHEN q.seqincrement > 0 THEN "
	    "($2::pg_catalog.int8, $3::pg_catalog.bool) > "
	    "(s.last_value, s.is_called) ELSE "
	    "(-$2::pg_catalog.int8, $3::pg_catalog.bool) > "
	    "(-s.last_value, s.is_called) END", name.data) == -1)
		goto done;
	values[0] = name.data;
	values[1] = value;
	values[2] = called ? "true" : "false";
	res = bk_sql_params(p->conn, sql.data, 3, NULL, values);
	rc = PQresultStatus(res) == PGRES_TUPLES_OK ? 0 :
	    bk_conn_fail(p->conn, res, name.data, e);
 done:
	PQclear(res);
	bk_buf_free(&name);
	bk_buf_free(&sql);
	return rc;
}

static int
advance_sequences(struct part *p, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < p->r->toc.n; i++)
		if (p->wanted[i] &&
		    is(p->r->toc.entry[i].desc, "SEQUENCE SET") &&
		    advance(p, &p->r->toc.entry[i], e) == -1)
			return -1;
	return 0;
}

/* Unselected tables and large objects are read and proven, not loaded. */
static void
skip_unwanted(struct part *p)
{
	struct bk_restore_table *t;
	size_t i;

	for (i = 0; i < p->r->n; i++)
		p->r->table[i].skip |= 2;
	for (i = 0; i < p->r->toc.n; i++)
		if ((t = table_of(p, i)) != NULL && !t->blobs)
			t->skip &= ~2;
}

static int
run_step(struct part *p, enum bk_ddl_step step, struct bk_err *e)
{
	return bk_restore_ddl_step(&p->ddl, p->conn, p->wanted, step, e);
}

/* Rows, those that run code of the dump last and as its owner; their proof. */
static int
load_rows(struct part *p, struct bk_err *e)
{
	struct bk_load_options options = { .conn = p->conn,
	    .progress = p->o->progress };
	struct bk_guard guard = { .shared = 1,
	    .live = p->mode != BK_PARTIAL_CREATE,
	    .keys = p->mode == BK_PARTIAL_REPLACE };
	int rc = -1;

	if (guard.live) {
		options.before = before_rows;
		options.ctx = p;
	}
	if (bk_guard_open(&guard, p->conn, p->r->table, p->r->n, e) == -1 ||
	    bk_restore_tell_rights(p->r, &guard.trusted, e) == -1)
		goto done;
	if (bk_restore_rows(p->r, &options, e) == -1 ||
	    bk_restore_check(p->r, e) == -1 || prepare_rest(p, e) == -1 ||
	    bk_guard_move(&guard, NULL, NULL, NULL, e) == -1)
		goto done;
	rc = bk_guard_close(&guard, e);
 done:
	bk_guard_free(&guard);
	return rc;
}

/*
 * What will run with our rights: definitions can call what is live, too, and
 * any ALTER TABLE of ours an event trigger.
 */
static int
judge(struct part *p, int create, struct bk_err *e)
{
	struct bk_rights found = {0};

	if (create) {
		bk_rights_definitions(&p->r->toc, &p->r->list, p->wanted, 0,
		    &found);
		if (bk_rights_functions(p->conn, &p->r->toc, &p->r->list,
		    p->wanted, &found, e) == -1)
			return -1;
	}
	if (bk_rights_live(p->conn, NULL, create, &found, e) == -1)
		return -1;
	return bk_restore_tell_rights(p->r, &found, e);
}

/* The transaction: objects, rows, proof, the rest of the objects. */
static int
load_all(struct part *p, struct bk_err *e)
{
	const int create = p->mode == BK_PARTIAL_CREATE;

	if (bk_conn_exec(p->conn, "BEGIN", e) == -1 ||
	    judge(p, create, e) == -1 ||
	    (create && run_step(p, BK_DDL_PRE, e) == -1) ||
	    look_at_tables(p, e) == -1 || load_rows(p, e) == -1)
		return -1;
	if ((create ? run_step(p, BK_DDL_POST, e) == -1 ||
	    run_step(p, BK_DDL_ACL, e) == -1 ||
	    run_step(p, BK_DDL_LAST, e) == -1 :
	    advance_sequences(p, e) == -1) ||
	    (p->undo.len > 0 && bk_conn_exec(p->conn, p->undo.data, e) == -1))
		return -1;
	return bk_conn_exec(p->conn, "COMMIT", e);
}

/* ANALYZE, one by one; a failure is a note. */
static int
analyze(struct part *p, struct bk_err *e)
{
	const char *sql = p->analyze.data;
	struct bk_err why;
	int rc = 0;

	for (; rc == 0 && p->analyze.len > 0 &&
	    sql < p->analyze.data + p->analyze.len; sql += strlen(sql) + 1) {
		why = (struct bk_err){0};
		if (bk_conn_exec(p->conn, sql, &why) == -1)
			rc = bk_restore_note(&p->notes, e, "statistics: "
			    "%s: %s", sql, why.msg);
	}
	return rc;
}

/* Connect, with pg_restore's settings. */
static int
open_part(struct part *p, struct bk_err *e)
{
	struct bk_buf settings = {0};
	int rc = -1;

	if ((p->conn = bk_conn_again(p->o->params, e)) == NULL ||
	    bk_restore_ddl_open(&p->ddl, &p->r->toc, &p->r->list, p->o,
	    BK_PG_MAJOR(PQserverVersion(p->conn)), e) == -1 ||
	    bk_entry_settings(&p->r->toc, &settings, e) == -1)
		goto done;
	rc = bk_load_session(p->conn, p->o->role, settings.data, e);
 done:
	bk_buf_free(&settings);
	return rc;
}

int
bk_restore_partial(struct bk_restore *r, const struct bk_restore_options *o,
    const struct bk_restore_names *names, enum bk_partial_mode mode,
    struct bk_restore_report *report, struct bk_buf *notes, struct bk_err *e)
{
	const double started = bk_monotonic();
	struct part p = { .r = r, .o = o, .mode = mode };
	int rc = -1;

	*report = (struct bk_restore_report){0};
	atomic_store(&o->progress->items_total, r->n);
	if ((p.wanted = bk_restore_select(&r->toc, names, e)) == NULL ||
	    open_part(&p, e) == -1)
		goto done;
	skip_unwanted(&p);
	if (load_all(&p, e) == -1 || analyze(&p, e) == -1)
		goto done;
	rc = p.notes.len == 0 ? 0 :
	    bk_buf_add(notes, p.notes.data, p.notes.len, e);
 done:
	bk_restore_report(r, report);
	report->seconds = bk_monotonic() - started;
	PQfinish(p.conn);
	bk_restore_ddl_close(&p.ddl);
	bk_buf_free(&p.undo);
	bk_buf_free(&p.notes);
	bk_buf_free(&p.analyze);
	free(p.wanted);
	return rc;
}
