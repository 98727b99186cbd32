#include "dump/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/child.h"
#include "base/majors.h"
#include "base/utctime.h"
#include "dump/drift.h"
#include "dump/output.h"
#include "dump/tasks.h"
#include "dump/workers.h"
#include "pg/session.h"
#include "pg/sql.h"

#define TRIES 5			/* if tables change before they are locked */
#define GLOBALS_MAX (256 * 1024 * 1024)
#define LOCK_KEY "27707118060793200"	/* "bk-dump" as a number */

struct dump {
	const struct bk_dump *o;
	PGconn *leader;
	struct bk_conn_params *params;
	char **env;		/* of pg_dump */
	struct bk_buf rest;	/* its connection parameters in argv */
	struct bk_buf program;	/* its path */
	struct bk_session session;
	PGresult *ident, *lsn, *snapshot;
	PGresult *settings;	/* how values are written */
	PGresult *types;	/* the same, by the snapshot (drift.h) */
	struct bk_child child;
	struct bk_toc toc;
	struct bk_tasks tasks;
	struct bk_buf globals;
	struct bk_dump_workers_options options;
	struct bk_task_queue *queue;
	struct bk_dump_workers *workers;
	time_t started;		/* of the snapshot, by the server's clock */
	double began;		/* the same by ours, monotonic */
};

static const char *
value(const PGresult *res)
{
	return PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1 &&
	    !PQgetisnull(res, 0, 0) ? PQgetvalue(res, 0, 0) : NULL;
}

/* With --lock: one dump of a database at a time. */
static int
take_lock(struct dump *d, struct bk_err *e)
{
	PGresult *res;
	int got;

	if (d->o->lock == BK_DUMP_NOLOCK)
		return 0;
	if (d->o->lock == BK_DUMP_LOCK_WAIT)
		return bk_conn_exec(d->leader,
		    "SELECT pg_catalog.pg_advisory_lock(" LOCK_KEY ")", e);
	res = bk_conn_query(d->leader,
	    "SELECT pg_catalog.pg_try_advisory_lock(" LOCK_KEY ")", e);
	if (res == NULL)
		return -1;
	got = *PQgetvalue(res, 0, 0) == 't';
	PQclear(res);
	if (got)
		return 0;
	return bk_fail(e, BK_BUSY, "database \"%s\": another bk-dump is "
	    "running; use --lock=wait to wait for it", PQdb(d->leader));
}

static int
connect_leader(struct dump *d, struct bk_dump_done *done, struct bk_err *e)
{
	const struct bk_dump *o = d->o;

	if ((d->leader = bk_conn_open(&o->target, e)) == NULL)
		return -1;
	(void)snprintf(done->database, sizeof(done->database), "%s",
	    PQdb(d->leader));
	done->major = BK_PG_MAJOR(PQserverVersion(d->leader));
	if (bk_session_refuse_pooler(d->leader, e) == -1 ||
	    bk_bindir_find(&o->bindir, "pg_dump",
	    done->major, &d->program, e) == -1)
		return -1;
	d->params = bk_conn_params(d->leader, e);
	if (d->params == NULL ||
	    (d->env = bk_conn_environ(d->params, o->bindir.env, e)) == NULL ||
	    bk_conn_rest(d->params, &d->rest, e) == -1)
		return -1;
	d->session = (struct bk_session){ .role = o->role,
	    .float_digits = o->float_digits, .row_security = o->row_security,
	    .deferrable = o->deferrable };
	if (bk_session_set(d->leader, &d->session, e) == -1 ||
	    take_lock(d, e) == -1)
		return -1;
	/* optional: a hosted server may not allow it */
	d->ident = bk_sql_exec(d->leader, "SELECT system_identifier "
	    "FROM pg_catalog.pg_control_system()");
	d->settings = bk_conn_query(d->leader, "SELECT "
	    "pg_catalog.current_setting('timezone'), "
	    "pg_catalog.current_setting('bytea_output'), "
	    "pg_catalog.current_setting('lc_monetary'), "
	    "pg_catalog.current_setting('quote_all_identifiers')", e);
	return d->settings == NULL ? -1 : 0;
}

/* Start pg_dump -Fc on our snapshot, the user's options after ours. */
static int
start_pg_dump(struct dump *d, struct bk_err *e)
{
	struct bk_buf snapshot = {0}, wait = {0}, name = {0};
	const struct bk_dump *o = d->o;
	char **argv;
	size_t n = 0, i;
	int rc = -1;

	for (i = 0; o->pg_dump_args[i] != NULL; i++)
		;
	if ((argv = calloc(i + 9, sizeof(*argv))) == NULL)
		return bk_fail_memory(e);
	if (bk_buf_printf(&snapshot, e, "--snapshot=%s",
	    value(d->snapshot)) == -1 ||
	    bk_buf_printf(&wait, e, "--lock-wait-timeout=%s",
	    o->lock_wait) == -1 ||
	    bk_buf_printf(&name, e, "--dbname=%s",
	    d->rest.data == NULL ? "" : d->rest.data) == -1)
		goto done;
	argv[n++] = d->program.data;
	argv[n++] = "--format=custom";
	argv[n++] = "--compress=0";
	argv[n++] = "--no-password";
	argv[n++] = snapshot.data;
	argv[n++] = wait.data;
	if (d->rest.len > 0)
		argv[n++] = name.data;
	for (i = 0; o->pg_dump_args[i] != NULL; i++)
		argv[n++] = o->pg_dump_args[i];
	rc = bk_child_start(&d->child, argv, d->env, e);
 done:
	bk_buf_free(&snapshot);
	bk_buf_free(&wait);
	bk_buf_free(&name);
	free(argv);
	return rc;
}

/*
 * pg_dump failed.  If it was waiting for a lock, report who holds it: pg_dump
 * has only the server's timeout message, perhaps not in English.
 */
static int
name_lock_holder(struct dump *d, struct bk_err *e)
{
	PGresult *res;

	if (strstr(d->child.stderr_text, "LOCK TABLE") == NULL)
		return -1;
	res = bk_sql_exec(d->leader,
	    "SELECT n.nspname, c.relname,"
	    " coalesce('process ' || l.pid || ' (' || coalesce(a.state, '') ||"
	    " ': ' || coalesce(pg_catalog.left(a.query, 200), '') || ')',"
	    " 'prepared transaction \"' || x.gid || '\"', 'another session')"
	    " FROM pg_catalog.pg_locks l"
	    " JOIN pg_catalog.pg_class c ON c.oid = l.relation"
	    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	    " LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid"
	    " LEFT JOIN pg_catalog.pg_locks lx ON lx.pid IS NULL"
	    " AND lx.virtualtransaction = l.virtualtransaction"
	    " AND lx.locktype = 'transactionid'"
	    " LEFT JOIN pg_catalog.pg_prepared_xacts x"
	    " ON l.pid IS NULL AND x.transaction = lx.transactionid"
	    " WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'"
	    " AND l.granted AND c.relkind IN ('r', 'p')"
	    " AND l.database = (SELECT oid"
	    " FROM pg_catalog.pg_database"
	    " WHERE datname = pg_catalog.current_database())"
	    " ORDER BY coalesce(a.xact_start, x.prepared) LIMIT 1");
	if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1) {
		*e = (struct bk_err){0};
		bk_fail(e, BK_FAIL, "table \"%s\".\"%s\": locked by %s for "
		    "more than %s; end it or raise --lock-wait-timeout",
		    PQgetvalue(res, 0, 0), PQgetvalue(res, 0, 1),
		    PQgetvalue(res, 0, 2), d->o->lock_wait);
	}
	PQclear(res);
	return -1;
}

static int
read_toc(struct dump *d, struct bk_err *e)
{
	struct bk_source src = { .read = bk_child_read, .ctx = &d->child };
	struct bk_archive *a = bk_archive_open(src, "pg_dump", e);
	struct bk_err reason = {0};
	int rc;

	if (a == NULL)
		return -1;
	rc = bk_archive_toc(a, &d->toc, e);
	bk_archive_free(a);
	if (rc == -1 && d->child.ended &&
	    bk_child_wait(&d->child, &reason) == -1) {
		*e = reason;
		return name_lock_holder(d, e);
	}
	if (rc == 0 && d->toc.compression != 0)
		return bk_fail(e, BK_FAIL, "pg_dump: compressed its output "
		    "despite -Z0");
	return rc;
}

/* Export the snapshot, and take its instant from the server. */
static int
export_snapshot(struct dump *d, struct bk_err *e)
{
	char what[300];

	if (bk_session_export(d->leader, &d->session, &d->snapshot, e) == -1)
		return -1;
	d->began = bk_monotonic();
	d->started = (time_t)strtoll(PQgetvalue(d->snapshot, 0, 1), NULL, 10);
	if (d->o->any_clock)
		return 0;
	(void)snprintf(what, sizeof(what), "database \"%s\"",
	    PQdb(d->leader));
	return bk_conn_check_clock(what, d->started, e);
}

/* From the snapshot to locked tables and tasks. */
static int
prepare_once(struct dump *d, struct bk_err *e)
{
	PQclear(d->snapshot);
	PQclear(d->lsn);
	PQclear(d->types);
	d->snapshot = d->types = NULL;
	/* the WAL position, not later than the snapshot */
	d->lsn = bk_sql_exec(d->leader, "SELECT CASE WHEN "
	    "pg_catalog.pg_is_in_recovery() THEN "
	    "pg_catalog.pg_last_wal_replay_lsn() ELSE "
	    "pg_catalog.pg_current_wal_lsn() END");
	if (export_snapshot(d, e) == -1 ||
	    start_pg_dump(d, e) == -1 || read_toc(d, e) == -1)
		return -1;
	if (bk_toc_encoding(&d->toc) == NULL)
		return bk_fail(e, BK_FAIL, "pg_dump: no ENCODING in its TOC");
	if (bk_conn_exec(d->leader, bk_toc_encoding(&d->toc), e) == -1 ||
	    bk_tasks_make(&d->tasks, d->leader, &d->toc, d->o->jobs > 1,
	    e) == -1 || (d->types = bk_drift_types(d->leader, e)) == NULL)
		return -1;
	bk_child_stop(&d->child);
	if (!d->tasks.foreign)
		return 0;
	d->session.foreign = 1;
	return bk_session_set(d->leader, &d->session, e);
}

static int
prepare(struct dump *d, struct bk_err *e)
{
	int i;

	for (i = 1; prepare_once(d, e) == -1; i++) {
		if (e->code != BK_BUSY)
			return -1;
		if (i == TRIES)
			return -1;
		*e = (struct bk_err){0};
		bk_child_free(&d->child);
		bk_tasks_free(&d->tasks);
		bk_toc_free(&d->toc);
		if (bk_conn_exec(d->leader, "ROLLBACK", e) == -1)
			return -1;
	}
	/* tables are locked, but their indexes may be being rebuilt */
	return bk_session_lock_timeout(d->leader, d->o->lock_wait, e);
}

static int
read_globals(struct dump *d, struct bk_err *e)
{
	char *argv[] = { NULL, "--globals-only", "--no-password", NULL };
	struct bk_buf program = {0};
	int rc = -1;

	if (!d->o->globals)
		return 0;
	if (bk_bindir_find(&d->o->bindir, "pg_dumpall",
	    BK_PG_MAJOR(PQserverVersion(d->leader)), &program, e) == 0) {
		argv[0] = program.data;
		rc = bk_child_capture(argv, d->env, GLOBALS_MAX, d->o->child,
		    &d->globals, NULL, e);
	}
	bk_buf_free(&program);
	return rc;
}

/* Open the queue to the workers and write their output. */
static int
write_all(struct dump *d, int fd, uint64_t *bytes, struct bk_err *e)
{
	const struct bk_manifest about = {
		.database = PQdb(d->leader),
		.system_identifier = value(d->ident),
		.server_version = PQparameterStatus(d->leader,
		    "server_version"),
		.server_encoding = PQparameterStatus(d->leader,
		    "server_encoding"),
		.snapshot = value(d->snapshot),
		.lsn = value(d->lsn),
		.pg_dump = d->toc.dumper,
		.options = d->o->pg_dump_args,
		.timezone = PQgetvalue(d->settings, 0, 0),
		.bytea_output = PQgetvalue(d->settings, 0, 1),
		.lc_monetary = PQgetvalue(d->settings, 0, 2),
		.quote_all_identifiers = PQgetvalue(d->settings, 0, 3),
		.started = d->started,
	};
	struct bk_label label = { .at = d->started };
	char host[BK_CONN_HOST];
	struct bk_dump_output *out;
	int rc = -1;

	bk_label_set(&label, BK_LABEL_DB, about.database);
	bk_conn_host(d->leader, host);
	bk_label_host(&label, host);
	memcpy(label.run, d->o->run, sizeof(label.run));
	out = bk_dump_output_open(fd, &d->toc, &about, &label, e);
	if (out == NULL)
		return -1;
	if (d->globals.len > 0 &&
	    bk_dump_output_globals(out, &d->globals, e) == -1)
		goto done;
	d->options = (struct bk_dump_workers_options){ .session = d->session,
	    .snapshot = value(d->snapshot),
	    .encoding = bk_toc_encoding(&d->toc) };
	bk_task_queue_open(d->queue, &d->tasks);
	if (bk_dump_output_drain(out, d->queue, e) == -1)
		goto done;
	/* if the leader is alive, our locks have held to the end */
	if (bk_conn_exec(d->leader, "COMMIT", e) == -1 ||
	    bk_drift_compare(d->leader, d->types, e) == -1)
		goto done;
	rc = bk_dump_output_finish(out, d->started +
	    (time_t)(bk_monotonic() - d->began), bytes, e);
 done:
	bk_dump_output_free(out);
	return rc;
}

static void
clean_up(struct dump *d, int failed)
{
	static const struct bk_err over = { .code = BK_FAIL };

	if (d->workers != NULL && failed)
		bk_task_queue_fail(d->queue, &over);
	bk_dump_workers_end(d->workers, failed);
	bk_task_queue_free(d->queue);
	bk_child_free(&d->child);
	bk_tasks_free(&d->tasks);
	bk_toc_free(&d->toc);
	bk_buf_free(&d->globals);
	bk_buf_free(&d->program);
	bk_buf_free(&d->rest);
	bk_conn_environ_free(d->env);
	bk_conn_params_free(d->params);
	PQclear(d->snapshot);
	PQclear(d->lsn);
	PQclear(d->types);
	PQclear(d->ident);
	PQclear(d->settings);
	bk_session_end(d->leader, failed || d->o->lock == BK_DUMP_NOLOCK);
}

int
bk_dump_run(const struct bk_dump *o, int fd, struct bk_dump_done *done,
    struct bk_err *e)
{
	struct dump d = { .o = o, .child = BK_CHILD_NONE };
	int rc = -1;

	d.child.watch = o->child;
	if (connect_leader(&d, done, e) == -1 ||
	    (d.queue = bk_task_queue_new(o->jobs, e)) == NULL)
		goto done;
	/* they connect while pg_dump reads the catalog */
	d.workers = bk_dump_workers_start(o->jobs, d.params, d.leader, d.queue,
	    &d.options, o->progress, e);
	if (d.workers == NULL || prepare(&d, e) == -1 ||
	    read_globals(&d, e) == -1)
		goto done;
	atomic_store(&o->progress->items_total, d.tasks.n);
	atomic_store(&o->progress->bytes_total, d.tasks.bytes);
	memcpy(done->warnings, d.child.stderr_text, d.child.stderr_len);
	rc = write_all(&d, fd, &done->bytes, e);
 done:
	clean_up(&d, rc == -1);
	return rc;
}
