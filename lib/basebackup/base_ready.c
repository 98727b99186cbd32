#include "basebackup/base_ready.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/majors.h"
#include "base/utctime.h"
#include "basebackup/base_copy.h"
#include "basebackup/base_increment.h"
#include "pg/server.h"

#define VALUE 128		/* bytes of a setting that is shown */

struct ready {
	const struct bk_base_backup *o;
	void (*report)(enum bk_ready how, const char *line);
	unsigned problems;
	PGconn *repl, *sql;	/* sql: NULL if there can be none */
	struct bk_repl_server server;
	int standby;
};

__attribute__((format(printf, 3, 4))) static void
report(struct ready *r, enum bk_ready how, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	r->problems += how == BK_READY_PROBLEM;
	r->report(how, line);
}

/* The setting's value, "" if the server does not say. */
static const char *
show(const struct ready *r, const char *name, char value[VALUE])
{
	struct bk_err ignored = {0};
	PGresult *res;
	char cmd[64];

	value[0] = '\0';
	(void)snprintf(cmd, sizeof(cmd), "SHOW %s", name);
	if ((res = bk_repl_command(r->repl, cmd, &ignored)) == NULL)
		return value;
	if (PQntuples(res) == 1)
		(void)snprintf(value, VALUE, "%s", PQgetvalue(res, 0, 0));
	PQclear(res);
	return value;
}

static int
is_on(const struct ready *r, const char *name)
{
	char value[VALUE];

	return strcmp(show(r, name, value), "on") == 0;
}

static void
check_clock(struct ready *r)
{
	struct bk_err e = {0};
	time_t now;

	if (bk_repl_clock(r->repl, &r->server, &now, &e) == 0 &&
	    bk_conn_check_clock(r->server.host, now, &e) == 0)
		report(r, BK_READY_OK, "clock: within 15 minutes of this "
		    "host's");
	else
		report(r, r->o->any_clock ? BK_READY_WARNING :
		    BK_READY_PROBLEM, "clock: %s", e.msg);
}

/* Try what a backup does; the slot ends with our session. */
static void
check_slot(struct ready *r)
{
	struct bk_err e = {0};
	char value[VALUE];

	if (r->o->no_wal)
		return;
	if (bk_base_reserve_wal(r->repl, r->o->run, &e) == -1)
		report(r, BK_READY_WARNING, "replication slot: %s; without "
		    "one the backup fails if the server removes WAL before it "
		    "ends: raise max_replication_slots", e.msg);
	else
		report(r, BK_READY_OK, "replication slot: one is free");
	show(r, "max_slot_wal_keep_size", value);
	if (strcmp(value, "-1") == 0)
		report(r, BK_READY_OK, "WAL: kept as long as the backup "
		    "takes; pg_wal needs the space for it");
	else
		report(r, BK_READY_WARNING, "WAL: max_slot_wal_keep_size is "
		    "%s; the backup fails if the server writes more while it "
		    "runs", value);
}

static void
check_pages(struct ready *r)
{
	if (is_on(r, "data_checksums"))
		report(r, BK_READY_OK, "data_checksums: on, each page is "
		    "verified");
	else
		report(r, BK_READY_WARNING, "data_checksums: off, damaged "
		    "pages go unnoticed; pg_checksums --enable turns them on "
		    "while the server is stopped");
	if (r->standby && !is_on(r, "full_page_writes"))
		report(r, BK_READY_PROBLEM, "full_page_writes: off; a standby "
		    "can be backed up only if they are on, on the primary "
		    "too");
	if (!is_on(r, "fsync"))
		report(r, BK_READY_WARNING, "fsync: off; a crash of the "
		    "server's host destroys the cluster");
}

/* Is there an archive_command, or a library instead? */
static int
has_archiver(const struct ready *r)
{
	char value[VALUE];

	show(r, "archive_command", value);
	if (*value != '\0' && strcmp(value, "(disabled)") != 0)
		return 1;
	return r->server.major >= BK_PG_ARCHIVE_LIBRARY &&
	    *show(r, "archive_library", value) != '\0';
}

static void
check_archive(struct ready *r)
{
	char value[VALUE];

	if (strcmp(show(r, "archive_mode", value), "off") == 0)
		report(r, BK_READY_WARNING, "archive_mode: off; unless "
		    "bk-walrecv(1) receives the WAL, %s", r->o->no_wal ?
		    "a backup without WAL is of no use" :
		    "only the moment of a backup can be recovered");
	else if (!has_archiver(r))
		report(r, r->o->no_wal ? BK_READY_PROBLEM : BK_READY_WARNING,
		    "archive_command: empty; WAL piles up in pg_wal until "
		    "there is one");
	else
		report(r, BK_READY_OK, "archive_mode: %s", value);
}

static void
check_increment(struct ready *r)
{
	struct bk_buf manifest = {0};
	struct bk_err e = {0};

	if (r->o->incremental != NULL) {
		if (bk_io_slurp(r->o->incremental, BK_BASE_MANIFEST_MAX,
		    &manifest, &e) == 0 && bk_base_increment_check(r->repl,
		    &r->server, r->o->incremental, &manifest, &e) == 0)
			report(r, BK_READY_OK, "incremental: %s is of this "
			    "cluster", r->o->incremental);
		else
			report(r, BK_READY_PROBLEM, "incremental: %s", e.msg);
		bk_buf_free(&manifest);
	} else if (r->server.major >= BK_PG_INCREMENTS) {
		report(r, BK_READY_OK, "summarize_wal: %s",
		    is_on(r, "summarize_wal") ? "on, --incremental works" :
		    "off, --incremental does not work");
	}
}

/*
 * Ask by the ordinary connection: a row of a problem (or NULL) and of how it
 * is.
 */
static void
ask(struct ready *r, enum bk_ready how, const char *what, const char *sql)
{
	struct bk_err e = {0};
	PGresult *res = bk_conn_query(r->sql, sql, &e);

	if (res == NULL)
		report(r, BK_READY_UNKNOWN, "%s: %s", what, e.msg);
	else if (PQntuples(res) == 1 && !PQgetisnull(res, 0, 0))
		report(r, how, "%s: %s", what, PQgetvalue(res, 0, 0));
	else if (PQntuples(res) == 1)
		report(r, BK_READY_OK, "%s: %s", what, PQgetvalue(res, 0, 1));
	PQclear(res);
}

static void
ask_all(struct ready *r)
{
	ask(r, BK_READY_WARNING, "max_wal_senders",
	    "SELECT CASE WHEN used >= most THEN 'all ' || most ||"
	    " ' in use with this one; raise it' END,"
	    " used - 1 || ' of ' || most || ' in use'"
	    " FROM (SELECT count(*) AS used FROM pg_catalog.pg_stat_activity"
	    " WHERE backend_type = 'walsender') AS a,"
	    " (SELECT pg_catalog.current_setting('max_wal_senders')::int AS"
	    " most) AS b");
	ask(r, r->o->no_wal ? BK_READY_PROBLEM : BK_READY_WARNING, "archiver",
	    "SELECT CASE WHEN last_failed_time > coalesce(last_archived_time,"
	    " '-infinity') THEN 'fails since ' || last_failed_wal || '; see"
	    " the server''s log' END,"
	    " coalesce('last archived ' || last_archived_wal, 'idle so far')"
	    " FROM pg_catalog.pg_stat_archiver");
	ask(r, BK_READY_OK, "size",
	    "SELECT NULL, pg_catalog.pg_size_pretty(sum("
	    "pg_catalog.pg_database_size(oid))) || ' in ' || count(*) ||"
	    " ' databases' FROM pg_catalog.pg_database");
	ask(r, BK_READY_OK, "tablespaces",
	    "SELECT NULL, count(*) || ' outside the data directory'"
	    " FROM pg_catalog.pg_tablespace WHERE spcname NOT IN"
	    " ('pg_default', 'pg_global')");
	ask(r, BK_READY_WARNING, "other base backups",
	    "SELECT CASE WHEN count(*) > 0 THEN count(*) || ' running' END,"
	    " 'none running' FROM pg_catalog.pg_stat_progress_basebackup");
	ask(r, BK_READY_OK, "WAL on disk",
	    "SELECT NULL, pg_catalog.pg_size_pretty(sum(size)) || ' in pg_wal'"
	    " FROM pg_catalog.pg_ls_waldir()");
}

static int
connect_both(struct ready *r, struct bk_err *e)
{
	struct bk_err reason = {0};
	char value[VALUE];
	PGresult *res;

	if ((r->repl = bk_repl_open(&r->o->target, e)) == NULL ||
	    bk_repl_identify(r->repl, &r->server, e) == -1)
		return -1;
	report(r, BK_READY_OK, "connection: %s, PostgreSQL %s, system "
	    "identifier %s, timeline %u", r->server.host,
	    PQparameterStatus(r->repl, "server_version"), r->server.sysid,
	    (unsigned)r->server.timeline);
	/* with less there is no such connection */
	report(r, BK_READY_OK, "wal_level: %s", show(r, "wal_level", value));
	r->sql = bk_server_open(&r->o->target, NULL, &reason);
	if (r->sql == NULL) {
		report(r, BK_READY_UNKNOWN, "senders, archiver, tablespaces: "
		    "no ordinary connection: %s", reason.msg);
		return 0;
	}
	res = bk_conn_query(r->sql, "SELECT pg_catalog.pg_is_in_recovery()",
	    &reason);
	r->standby = res != NULL && *PQgetvalue(res, 0, 0) == 't';
	PQclear(res);
	if (r->standby)
		report(r, BK_READY_OK, "standby: the backup fails if it is "
		    "promoted meanwhile");
	return 0;
}

int
bk_base_ready(const struct bk_base_backup *o,
    void (*print)(enum bk_ready how, const char *line), struct bk_err *e)
{
	struct ready r = { .o = o, .report = print };
	int rc = connect_both(&r, e);

	if (rc == 0) {
		check_clock(&r);
		check_slot(&r);
		check_pages(&r);
		check_archive(&r);
		check_increment(&r);
		if (r.sql != NULL)
			ask_all(&r);
	}
	if (r.problems > 0)
		rc = bk_fail(e, BK_FAIL, "server %s: not ready for a base "
		    "backup, see the lines that say \"problem\"",
		    r.server.host);
	PQfinish(r.sql);
	PQfinish(r.repl);
	return rc;
}
