#include "restore/entry_run.h"

#include <string.h>

#include "pg/server.h"
#include "pg/sql.h"
#include "restore/load.h"
#include "restore/script.h"

#define TRIES 5			/* of what a deadlock has ended */
#define METHODS 120000		/* servers from here on have access methods */
#define PARTITIONED 170000	/* and of partitioned tables */
#define STATISTICS 180000	/* and restore statistics */

int
bk_entry_run_open(struct bk_entry_run *r, const struct bk_restore_ddl *d,
    struct bk_err *e)
{
	*r = (struct bk_entry_run){ .d = d };
	if ((r->conn = bk_server_again(d->o->params, e)) == NULL ||
	    /* the restore ends with a synchronous commit */
	    bk_conn_exec(r->conn, "SET synchronous_commit = off", e) == -1)
		return -1;
	return bk_load_session(r->conn, d->o->role, d->settings.data, e);
}

void
bk_entry_run_close(struct bk_entry_run *r)
{
	PQfinish(r->conn);
	bk_buf_free(&r->sql);
}

/* Keep the first failure of a text that may hold several statements. */
static PGresult *
first_failure(PGconn *conn)
{
	PGresult *res, *bad = NULL;
	ExecStatusType st;
	int ended = 0;

	while (ended != -1 && PQstatus(conn) == CONNECTION_OK &&
	    (res = bk_sql_result(conn)) != NULL) {
		st = PQresultStatus(res);
		ended = bk_script_end_copy(conn, res);
		if (bad == NULL && ended != 1 && st != PGRES_COMMAND_OK &&
		    st != PGRES_TUPLES_OK && st != PGRES_EMPTY_QUERY)
			bad = res;
		else
			PQclear(res);
	}
	return bad;
}

/* The public schema, which is in every new database. */
static int
is_there(const struct bk_toc_entry *te, const PGresult *bad)
{
	return strcmp(te->desc, "SCHEMA") == 0 &&
	    strcmp(te->tag, "public") == 0 && bk_conn_failed_with(bad, "42P06");
}

/* te failed with *why: note it, or fail. */
static int
failed(struct bk_entry_run *r, const struct bk_toc_entry *te,
    const struct bk_err *why, struct bk_err *e)
{
	struct bk_buf name = {0};
	int rc = -1;

	if (bk_entry_name(te, &name, e) == -1)
		;
	/* without a connection, nothing that follows can succeed */
	else if (r->d->o->failures != NULL &&
	    PQstatus(r->conn) == CONNECTION_OK)
		rc = bk_failures_add(r->d->o->failures, name.data, why->msg, e);
	else
		rc = bk_fail(e, why->code, "%s: %.800s", name.data, why->msg);
	bk_buf_free(&name);
	return rc;
}

/* Run the text in r->sql for te.  1; 0 if it failed, as noted; -1. */
static int
run_text(struct bk_entry_run *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	struct bk_err why = {0};
	PGresult *bad = NULL;
	int i, done = r->sql.len == 0;

	for (i = 0; !done && i < TRIES; i++) {
		PQclear(bad);
		bad = NULL;
		if (bk_sql_send(r->conn, r->sql.data) &&
		    (bad = first_failure(r->conn)) == NULL)
			done = PQstatus(r->conn) == CONNECTION_OK;
		if (!bk_conn_failed_with(bad, "40P01"))
			break;
	}
	if (done || is_there(te, bad)) {
		PQclear(bad);
		return 1;
	}
	bk_conn_fail(r->conn, bad, NULL, &why);
	PQclear(bad);
	return failed(r, te, &why, e);
}

/* Set name, unless *last, which it was set to, is the value. */
static int
set(struct bk_entry_run *r, const struct bk_toc_entry *te, const char *name,
    const char *value, const char **last, struct bk_err *e)
{
	int rc;

	if (value == NULL || (*last != NULL && strcmp(value, *last) == 0))
		return 1;
	r->sql.len = 0;
	if (bk_buf_printf(&r->sql, e, "SET %s = ", name) == -1 ||
	    (*value == '\0' ? bk_buf_puts(&r->sql, "''", e) :
	    bk_conn_ident(&r->sql, value, e)) == -1)
		return -1;
	*last = NULL;
	if ((rc = run_text(r, te, e)) == 1)
		*last = value;
	return rc;
}

/* Where and how a table or index is stored. */
static int
set_storage(struct bk_entry_run *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	if (!r->d->o->no_tablespaces && set(r, te, "default_tablespace",
	    te->tablespace, &r->tablespace, e) == -1)
		return -1;
	if (r->d->version < METHODS || te->relkind == 'p')
		return 0;
	return set(r, te, "default_table_access_method", te->access_method,
	    &r->access_method, e) == -1 ? -1 : 0;
}

/* A partitioned table is not stored, so the setting does not apply to it. */
static int
set_method(struct bk_entry_run *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	if (te->relkind != 'p' || te->access_method == NULL ||
	    *te->access_method == '\0' || r->d->version < PARTITIONED)
		return 1;
	r->sql.len = 0;
	if (bk_buf_puts(&r->sql, "ALTER TABLE ", e) == -1 ||
	    bk_conn_qualified(&r->sql, te->schema, te->tag, e) == -1 ||
	    bk_buf_puts(&r->sql, " SET ACCESS METHOD ", e) == -1 ||
	    bk_conn_ident(&r->sql, te->access_method, e) == -1)
		return -1;
	return run_text(r, te, e);
}

static int
run_objects(struct bk_entry_run *r, struct bk_entry_objects *objects,
    struct bk_err *e)
{
	int rc;

	while ((rc = bk_entry_objects_next(objects, r->d->o->no_owner, &r->sql,
	    e)) == 1)
		if (run_text(r, objects->te, e) == -1)
			return -1;
	return rc;
}

static int
is_left_out(const struct bk_entry_run *r, const struct bk_toc_entry *te)
{
	static const char subscription[] = "SUBSCRIPTION";
	const int about = strcmp(te->desc, "COMMENT") == 0 ||
	    strcmp(te->desc, "SECURITY LABEL") == 0;
	const size_t n = strlen(subscription);

	if (strcmp(te->desc, "STATISTICS DATA") == 0)
		return r->d->version < STATISTICS;
	return r->d->o->no_subscriptions &&
	    strncmp(about ? te->tag : te->desc, subscription, n) == 0;
}

/* Privileges are given as other roles, which may end ours. */
static int
restore_role(struct bk_entry_run *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	if (r->d->o->role == NULL || strcmp(te->desc, "ACL") != 0)
		return 0;
	r->sql.len = 0;
	if (bk_buf_puts(&r->sql, "SET ROLE ", e) == -1 ||
	    bk_conn_ident(&r->sql, r->d->o->role, e) == -1)
		return -1;
	return run_text(r, te, e) == -1 ? -1 : 0;
}

int
bk_entry_run(struct bk_entry_run *r, const struct bk_toc_entry *te,
    struct bk_err *e)
{
	struct bk_entry_objects objects;
	int rc;

	if (is_left_out(r, te))
		return 0;
	if ((rc = bk_entry_objects(r->d->toc, te, &objects, e)) != 0)
		return rc == -1 ? -1 : run_objects(r, &objects, e);
	if (set_storage(r, te, e) == -1)
		return -1;
	r->sql.len = 0;
	if (bk_entry_make(te, r->d->o->no_owner, &r->sql, e) == -1 ||
	    (rc = run_text(r, te, e)) == -1)
		return -1;
	/* what was not made has no owner */
	if (rc == 0 || (rc = set_method(r, te, e)) != 1)
		return rc;
	r->sql.len = 0;
	if (!r->d->o->no_owner && (bk_entry_owner(te, &r->sql, e) == -1 ||
	    run_text(r, te, e) == -1))
		return -1;
	return restore_role(r, te, e);
}
