#include "restore/partial.h"

#include <stdlib.h>
#include <string.h>

#include "base/utctime.h"
#include "pg/sql.h"
#include "restore/ddl.h"
#include "restore/restore_in.h"
#include "restore/script.h"

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
			rc = bk_buf_printf(notes, e, "%s\n",
			    PQgetvalue(res, i, 1));
	}
	PQclear(res);
	return rc;
}

/* Triggers that would fire: SQL to disable and re-enable them. */
#define TRIGGERS "FROM pg_catalog.pg_trigger WHERE tgrelid = " \
    "$1::pg_catalog.regclass AND NOT tgisinternal AND tgenabled <> 'D'"
static const char triggers_off[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s DISABLE TRIGGER %I', $1, tgname) " TRIGGERS;
static const char triggers_on[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s ENABLE %s TRIGGER %I', $1, CASE tgenabled "
    "WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END, tgname) "
    TRIGGERS;

/* Other tables' foreign keys to this one, which TRUNCATE refuses. */
#define KEYS "FROM pg_catalog.pg_constraint WHERE contype = 'f' AND " \
    "confrelid = $1::pg_catalog.regclass AND conrelid <> confrelid " \
    "AND conparentid = 0"
static const char keys_off[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s DROP CONSTRAINT %I', "
    "conrelid::pg_catalog.regclass, conname) " KEYS;
static const char keys_on[] = "SELECT pg_catalog.format("
    "'ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::pg_catalog.regclass, "
    "conname, pg_catalog.pg_get_constraintdef(oid)) || coalesce("
    "pg_catalog.format('; COMMENT ON CONSTRAINT %I ON %s IS %L', conname, "
    "conrelid::pg_catalog.regclass, pg_catalog.obj_description(oid, "
    "'pg_constraint')), ''), pg_catalog.format('foreign key %I of table %s: "
    "dropped, added again and checked', conname, "
    "conrelid::pg_catalog.regclass) " KEYS;

static const char matviews[] = "SELECT DISTINCT '', pg_catalog.format("
    "'materialized view %s: still has the old rows; REFRESH it', "
    "c.oid::pg_catalog.regclass) FROM pg_catalog.pg_depend d "
    "JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid AND "
    "d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass "
    "JOIN pg_catalog.pg_class c ON c.oid = w.ev_class "
    "WHERE d.refobjid = $1::pg_catalog.regclass AND c.relkind = 'm'";

/* Does the table exist? */
static int
table_exists(struct part *p, const char *name, int *exists, struct bk_err *e)
{
	PGresult *res = bk_sql_params(p->conn, "SELECT pg_catalog.to_regclass("
	    "$1) IS NOT NULL", 1, NULL, &name);
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
prepare_table(struct part *p, const char *name, struct bk_err *e)
{
	struct bk_buf sql = {0}, none = {0};
	int rc = -1;

	if (ask(p, triggers_off, name, &sql, NULL, e) == -1 ||
	    ask(p, triggers_on, name, &p->undo, NULL, e) == -1)
		goto done;
	if (p->mode == BK_PARTIAL_REPLACE && (
	    ask(p, keys_off, name, &sql, NULL, e) == -1 ||
	    ask(p, keys_on, name, &p->undo, &p->notes, e) == -1 ||
	    ask(p, matviews, name, &none, &p->notes, e) == -1 ||
	    bk_buf_printf(&sql, e, "TRUNCATE ONLY %s;\n", name) == -1))
		goto done;
	rc = sql.len == 0 ? 0 : bk_conn_exec(p->conn, sql.data, e);
 done:
	bk_buf_free(&sql);
	bk_buf_free(&none);
	return rc;
}

/* Note each table to be loaded for ANALYZE; prepare those that must exist. */
static int
prepare_tables(struct part *p, struct bk_err *e)
{
	struct bk_buf name = {0};
	int exists = 0, rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < p->r->toc.n; i++) {
		const struct bk_toc_entry *te = &p->r->toc.entry[i];

		if (table_of(p, i) == NULL || !is(te->desc, "TABLE DATA"))
			continue;
		name.len = 0;
		if ((rc = bk_conn_qualified(&name, te->schema, te->tag,
		    e)) == -1 ||
		    (rc = bk_buf_printf(&p->analyze, e, "ANALYZE %s;\n",
		    name.data)) == -1 || p->mode == BK_PARTIAL_CREATE ||
		    (rc = table_exists(p, name.data, &exists, e)) == -1)
			continue;
		rc = exists ? prepare_table(p, name.data, e) :
		    bk_fail(e, BK_NONE, "table %s: does not exist; leave out "
		    "--data-only or --replace-table to create it", name.data);
	}
	bk_buf_free(&name);
	return rc;
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

/* Run one of pg_restore's steps, as SQL, on our connection. */
static int
run_step(struct part *p, int step, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc;

	rc = bk_restore_ddl_script(&p->ddl, p->wanted, step, &sql, e);
	if (rc == 0 && sql.len > 0)
		rc = bk_script_run(p->conn, "pg_restore's script", sql.data,
		    NULL, e);
	bk_buf_free(&sql);
	return rc;
}

/* The transaction: objects, rows, proof, the rest of the objects. */
static int
load_all(struct part *p, struct bk_err *e)
{
	struct bk_load_options options = { .conn = p->conn,
	    .progress = p->o->progress };
	const int create = p->mode == BK_PARTIAL_CREATE;

	if (bk_conn_exec(p->conn, "BEGIN", e) == -1 ||
	    (create && run_step(p, BK_DDL_PRE, e) == -1) ||
	    prepare_tables(p, e) == -1)
		return -1;
	if (bk_restore_rows(p->r, &options, e) == -1 ||
	    bk_restore_check(p->r, e) == -1)
		return -1;
	if ((create &&
		(run_step(p, BK_DDL_POST, e) == -1 ||
		    run_step(p, BK_DDL_LAST, e) == -1)) ||
	    (p->mode == BK_PARTIAL_DATA &&
		run_step(p, BK_DDL_SEQUENCES, e) == -1) ||
	    (p->undo.len > 0 && bk_conn_exec(p->conn, p->undo.data, e) == -1))
		return -1;
	return bk_conn_exec(p->conn, "COMMIT", e);
}

/* Connect, with pg_restore's settings. */
static int
open_part(struct part *p, struct bk_err *e)
{
	struct bk_buf settings = {0};
	int rc = -1;

	if ((p->conn = bk_conn_again(p->o->params, e)) == NULL ||
	    bk_restore_ddl_open(&p->ddl, &p->r->toc, &p->r->list, p->o,
	    PQserverVersion(p->conn), e) == -1 ||
	    bk_restore_settings(&p->r->toc, &settings, e) == -1)
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
	if (load_all(&p, e) == -1 || (p.notes.len > 0 &&
	    bk_buf_add(notes, p.notes.data, p.notes.len, e) == -1))
		goto done;
	rc = p.analyze.len == 0 ? 0 : bk_conn_exec(p.conn, p.analyze.data, e);
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
