#include "restore/analyze.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/thread.h"
#include "pg/server.h"

struct analyze {
	const struct bk_conn_params *params;
	PGresult *tables;
	_Atomic int next;	/* row of tables */
	pthread_mutex_t lock;
	struct bk_err e;	/* the first failure */
};

static void
fail(struct analyze *a, const struct bk_err *reason)
{
	pthread_mutex_lock(&a->lock);
	if (a->e.code == BK_OK)
		a->e = *reason;
	pthread_mutex_unlock(&a->lock);
	atomic_store(&a->next, PQntuples(a->tables));
}

static int
analyze_tables(struct analyze *a, PGconn *conn, struct bk_err *e)
{
	int i;

	while ((i = atomic_fetch_add(&a->next, 1)) < PQntuples(a->tables))
		if (bk_conn_exec(conn, PQgetvalue(a->tables, i, 0), e) == -1)
			return -1;
	return 0;
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

	if (conn == NULL || analyze_tables(a, conn, &e) == -1)
		fail(a, &e);
	PQfinish(conn);
	return NULL;
}

/* One statement per row. */
static PGresult *
list_tables(const struct bk_conn_params *params, struct bk_err *e)
{
	PGconn *conn = connect_plainly(params, e);
	PGresult *res;

	if (conn == NULL)
		return NULL;
	res = bk_conn_query(conn, "SELECT pg_catalog.format('ANALYZE %I.%I', "
	    "n.nspname, c.relname) FROM pg_catalog.pg_class c "
	    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
	    "WHERE c.relkind IN ('r', 'm', 'p') AND NOT c.relispartition "
	    "AND c.relpersistence <> 't' AND n.nspname <> 'pg_catalog' "
	    "AND n.nspname <> 'information_schema' "
	    "ORDER BY c.relkind = 'p' DESC, c.relpages DESC, "
	    "pg_catalog.pg_relation_size(c.oid) DESC", e);
	PQfinish(conn);
	return res;
}

int
bk_restore_analyze(const struct bk_conn_params *params, unsigned jobs,
    struct bk_err *e)
{
	struct analyze a = { .params = params,
	    .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_t *tid = calloc(jobs, sizeof(*tid));
	struct bk_err ignored = {0};
	unsigned n = 0;

	if (tid == NULL)
		return bk_fail_memory(e);
	if ((a.tables = list_tables(params, e)) == NULL) {
		free(tid);
		return -1;
	}
	while (n < jobs && n < (unsigned)PQntuples(a.tables) &&
	    bk_thread_start(&tid[n], run, &a, &ignored) == 0)
		n++;
	if (n == 0)		/* no thread started, or nothing to do */
		(void)run(&a);
	while (n > 0)
		pthread_join(tid[--n], NULL);
	PQclear(a.tables);
	free(tid);
	if (a.e.code != BK_OK)
		*e = a.e;
	return a.e.code == BK_OK ? 0 : -1;
}
