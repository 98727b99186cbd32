#include "restore/analyze.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread.h"
#include "pg/server.h"
#include "pg/sql.h"
#include "restore/notes.h"

struct analyze {
	const struct bk_conn_params *params;
	PGresult *tables;
	_Atomic int next;	/* row of tables */
	pthread_mutex_t lock;
	struct bk_buf *notes;
	int memory;		/* there was none for a note */
};

/* A database without statistics is slow, not wrong: say so and go on. */
static void
note(struct analyze *a, const struct bk_err *reason)
{
	struct bk_err ignored = {0};

	pthread_mutex_lock(&a->lock);
	if (bk_restore_note(a->notes, &ignored, "statistics: %s; ANALYZE it",
	    reason->msg) == -1)
		a->memory = 1;
	pthread_mutex_unlock(&a->lock);
}

static void
analyze_tables(struct analyze *a, PGconn *conn)
{
	int i;

	while (PQstatus(conn) == CONNECTION_OK &&
	    (i = atomic_fetch_add(&a->next, 1)) < PQntuples(a->tables)) {
		struct bk_err e = {0};
		PGresult *res = bk_sql_exec(conn, PQgetvalue(a->tables, i, 0));

		if (PQresultStatus(res) != PGRES_COMMAND_OK) {
			bk_conn_fail(conn, res, PQgetvalue(a->tables, i, 1),
			    &e);
			note(a, &e);
		}
		PQclear(res);
	}
}

/* Names as the database has them: SQL_ASCII's may be in no encoding at all. */
static PGconn *
connect_plainly(const struct bk_conn_params *params, struct bk_err *e)
{
	PGconn *conn = bk_server_again(params, e);

	if (conn != NULL && bk_conn_exec(conn, "SELECT pg_catalog.set_config("
	    "'client_encoding', pg_catalog.current_setting('server_encoding'), "
	    "false)", e) == -1) {
		PQfinish(conn);
		return NULL;
	}
	return conn;
}

static void *
run(void *arg)
{
	struct analyze *a = arg;
	struct bk_err e = {0};
	PGconn *conn = connect_plainly(a->params, &e);

	if (conn == NULL)
		note(a, &e);
	else
		analyze_tables(a, conn);
	PQfinish(conn);
	return NULL;
}

/*
 * One statement per row, and the table's name.  To analyze a table with foreign
 * children would be to connect to their server: its local ones are done alone.
 */
static const char list[] = "WITH RECURSIVE far (id) AS ("
    "SELECT i.inhparent FROM pg_catalog.pg_inherits i "
    "JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relkind = 'f' "
    "UNION SELECT i.inhparent FROM far "
    "JOIN pg_catalog.pg_inherits i ON i.inhrelid = far.id) "
    "SELECT pg_catalog.format('ANALYZE %I.%I', n.nspname, c.relname), "
    "pg_catalog.format('table %I.%I', n.nspname, c.relname) "
    "FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' "
    "AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' "
    "AND c.oid NOT IN (SELECT id FROM far) AND (NOT c.relispartition OR "
    "EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i JOIN far "
    "ON far.id = i.inhparent WHERE i.inhrelid = c.oid)) "
    "ORDER BY c.relkind = 'p' DESC, c.relpages DESC, "
    "pg_catalog.pg_relation_size(c.oid) DESC";

static PGresult *
list_tables(const struct bk_conn_params *params, struct bk_err *e)
{
	PGconn *conn = connect_plainly(params, e);
	PGresult *res = conn == NULL ? NULL : bk_conn_query(conn, list, e);

	PQfinish(conn);
	return res;
}

int
bk_restore_analyze(const struct bk_conn_params *params, unsigned jobs,
    struct bk_buf *notes, struct bk_err *e)
{
	struct analyze a = { .params = params, .notes = notes,
	    .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t *tid = calloc(jobs, sizeof(*tid));
	struct bk_err why = {0}, ignored = {0};
	unsigned n = 0;

	if (tid == NULL)
		return bk_fail_memory(e);
	if ((a.tables = list_tables(params, &why)) == NULL)
		note(&a, &why);
	while (a.tables != NULL && n < jobs &&
	    n < (unsigned)PQntuples(a.tables) &&
	    bk_thread_start(&tid[n], run, &a, &ignored) == 0)
		n++;
	if (n == 0 && a.tables != NULL)	/* no thread, or nothing to do */
		(void)run(&a);
	while (n > 0)
		pthread_join(tid[--n], NULL);
	PQclear(a.tables);
	free(tid);
	return a.memory ? bk_fail_memory(e) : 0;
}
