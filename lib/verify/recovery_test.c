#define _GNU_SOURCE		/* syscall(2) */
#include "verify/recovery_test.h"

#include <sys/syscall.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/majors.h"
#include "base/utctime.h"
#include "datadir/datadir.h"
#include "recovery/recover.h"
#include "verify/check.h"
#include "verify/compare.h"
#include "verify/stream_split.h"

#define AMCHECK_MAX (64 * 1024)	/* of its output */

/*
 * Nothing need be durable.  What the cluster needs beyond that, as a library
 * for an extension's own WAL, comes from --scratch-config, after these lines.
 */
static const char settings[] = "fsync = off\nfull_page_writes = off\n"
    "synchronous_commit = off\nautovacuum = off\nhot_standby = off\n"
    "shared_buffers = 128MB\nmax_wal_size = 8GB\ncheckpoint_timeout = 1h\n"
    "max_connections = 100\nmax_prepared_transactions = 1000\n"
    "max_locks_per_transaction = 1024\nmax_wal_senders = 0\n"
    "logging_collector = off\nssl = off\n"
    /* it may be killed: what it shares goes with its directory */
    "dynamic_shared_memory_type = mmap\n"
    /* tablespaces are directories here, not links */
    "allow_in_place_tablespaces = on\n";

struct test {
	const struct bk_recovery_test *o;
	const char *name;
	struct bk_verdict *v;
	struct bk_split split;	/* the check of the stream, as it is read */
	/* what unpacks it */
	char dir[sizeof(((struct bk_scratch *)NULL)->dir) + 16];
	struct bk_datadir *data;
	struct bk_start_label label;
	struct bk_proof proof;
	PGconn *conn;
};

static int
check_stream(void *ctx, struct bk_source src, struct bk_err *e)
{
	struct test *t = ctx;

	return bk_check_tar(src, t->name, t->v, NULL, e);
}

#ifdef SYS_setresuid32
#define SET_USER SYS_setresuid32
#define SET_GROUP SYS_setresgid32
#else
#define SET_USER SYS_setresuid
#define SET_GROUP SYS_setresgid
#endif

/*
 * From here on this thread, and those that it starts, makes files as the
 * server's user, and with his rights.  By the system call: setresuid(3) would
 * change the other threads, too, which read the stream.
 */
static int
become_user(const struct bk_scratch *s, struct bk_err *e)
{
	const uid_t keep = (uid_t)-1;

	if (s->other && (syscall(SET_GROUP, keep, s->gid, keep) == -1 ||
	    syscall(SET_USER, keep, s->uid, keep) == -1))
		return bk_fail_errno(e, "scratch server: its user");
	return 0;
}

/* Back again; rc, or -1. */
static int
become_ourselves(const struct bk_scratch *s, int rc, struct bk_err *e)
{
	const uid_t keep = (uid_t)-1;

	if (s->other && (syscall(SET_USER, keep, getuid(), keep) == -1 ||
	    syscall(SET_GROUP, keep, getgid(), keep) == -1))
		return bk_fail_errno(e, "scratch server: our own user");
	return rc;
}

/* Does what was unpacked lead to a consistent state by its own WAL? */
static int
prove(struct test *t, struct bk_err *e)
{
	const struct bk_datadir_summary *sum = bk_datadir_summary(t->data);
	struct bk_prove_options o = { .own = -1, .sysid = t->v->cluster,
		.target = { .kind = BK_TARGET_IMMEDIATE },
		.timeline = BK_PROVE_CURRENT, .progress = t->o->progress };
	size_t i;
	int rc;

	if (bk_start_label_parse(sum->backup_label, &t->label, e) == -1)
		return -1;
	if (t->label.increment)
		return bk_fail(e, BK_FAIL, "%s: an incremental backup; recover "
		    "it with the earlier ones by bk-pitr",
		    t->name);
	o.label = t->label;
	for (i = 0; i < sum->nwal; i++)
		if (sum->wal[i].end > o.end)
			o.end = sum->wal[i].end;
	o.own = openat(bk_datadir_fd(t->data), "pg_wal", O_RDONLY |
	    O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (o.own == -1)
		return bk_fail_errno(e, "%s/pg_wal", t->dir);
	/* a segment among others would have been missed by the check */
	if (faccessat(o.own, t->label.file, F_OK, 0) == -1)
		rc = bk_fail(e, BK_FAIL, "%s: the WAL that it needs is not "
		    "inside; recover it by bk-pitr, which fetches that",
		    t->name);
	else
		rc = bk_prove(&o, &t->proof, e);
	close(o.own);
	return rc;
}

static int
put(struct test *t, const char *path, const struct bk_buf *text,
    struct bk_err *e)
{
	return bk_datadir_remove(t->data, path, e) == -1 ? -1 :
	    bk_datadir_put(t->data, path, text->data, text->len, e);
}

/* Our settings in the place of the cluster's. */
static int
configure(struct test *t, struct bk_err *e)
{
	static const char *const unwanted[] = { "standby.signal",
	    "tablespace_map", "postmaster.pid", "pg_ident.conf" };
	const struct bk_recovery_target target =
	    { .kind = BK_TARGET_IMMEDIATE };
	const struct bk_recover_settings how = { .target = &target,
		.proof = &t->proof };
	struct bk_buf conf = {0}, own = {0}, access = {0}, empty = {0};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		rc = bk_datadir_remove(t->data, unwanted[i], e);
	if (rc == 0 && bk_buf_puts(&conf, settings, e) == 0 &&
	    bk_buf_add(&conf, t->o->config->data, t->o->config->len, e) == 0 &&
	    bk_recover_settings(&how, &own, e) == 0 &&
	    bk_buf_puts(&access, "local all all trust\n", e) == 0 &&
	    bk_buf_puts(&empty, "", e) == 0 &&
	    put(t, "postgresql.conf", &conf, e) == 0 &&
	    put(t, "postgresql.auto.conf", &own, e) == 0 &&
	    put(t, "pg_hba.conf", &access, e) == 0 &&
	    put(t, "recovery.signal", &empty, e) == 0)
		rc = bk_datadir_commit(t->data, e);
	else
		rc = -1;
	bk_buf_free(&conf);
	bk_buf_free(&own);
	bk_buf_free(&access);
	bk_buf_free(&empty);
	return rc;
}

/* The stream becomes a data directory; its files are the server's user's. */
static int
unpack(struct test *t, struct bk_err *e)
{
	const struct bk_datadir_options how = { .dir = t->dir,
		.in_place = 1, .threads = t->o->jobs, .sysid = "",
		.progress = t->o->progress };
	const struct bk_source both = { bk_split_read, &t->split };
	int rc = become_user(t->o->server, e);

	(void)snprintf(t->dir, sizeof(t->dir), "%s/" BK_SCRATCH_DATA,
	    t->o->server->dir);
	if (rc == 0 && ((t->data = bk_datadir_open(&how, e)) == NULL ||
	    bk_datadir_unpack(t->data, both, t->name, e) == -1))
		rc = -1;
	rc = become_ourselves(t->o->server, rc, e);
	return bk_split_finish(&t->split, 1, rc, e);
}

static int
prepare(struct test *t, struct bk_err *e)
{
	int rc = become_user(t->o->server, e);

	if (rc == 0 && (prove(t, e) == -1 || configure(t, e) == -1))
		rc = -1;
	return become_ourselves(t->o->server, rc, e);
}

static int
recover(struct test *t, struct bk_err *e)
{
	const int major = bk_datadir_summary(t->data)->major;
	const struct bk_bindir_range range = { major, major, major };
	const struct bk_conn_target target = { .app = "bk-verify",
		.db = "postgres", .host = t->o->server->dir, .port = "5432",
		.user = t->o->user };
	struct bk_buf program = {0};
	int rc = -1;

	if (bk_bindir_find_range(&t->o->bindir, "postgres", &range, &program,
	    e) == 0)
		rc = bk_scratch_recover(t->o->server, program.data, e);
	bk_buf_free(&program);
	if (rc == -1)
		return -1;
	if ((t->conn = bk_conn_open(&target, e)) == NULL) {
		bk_fail_add(e, "; set PGUSER to a superuser of the cluster");
		return -1;
	}
	return 0;
}

/*
 * The last commit that was replayed, by the server or, as it does not note the
 * time of the record at which it stops, by the proof; without one, the instant
 * at which the backup began: what was committed by then is in it.
 */
static int
ask_instant(struct test *t, struct bk_err *e)
{
	PGresult *res = bk_conn_query(t->conn, "SELECT extract(epoch FROM "
	    "pg_catalog.pg_last_xact_replay_timestamp())::int8", e);
	time_t proven = t->proof.has_time ? (time_t)(t->proof.time / 1000000) :
	    0;

	if (res == NULL)
		return -1;
	t->v->reached = proven > 0 ? proven : t->v->label.at;
	if (!PQgetisnull(res, 0, 0) &&
	    (time_t)strtoll(PQgetvalue(res, 0, 0), NULL, 10) > proven)
		t->v->reached = (time_t)strtoll(PQgetvalue(res, 0, 0), NULL,
		    10);
	PQclear(res);
	return 0;
}

/* Every table and index of all databases, page by page. */
static int
run_amcheck(struct test *t, const char *program, struct bk_err *e)
{
	char jobs[16], all[] = "--all", install[] = "--install-missing",
	    host[] = "-h", port[] = "-p", number[] = "5432", user[] = "-U",
	    ask[] = "-w", j[] = "-j";
	char *dir = t->o->server->dir, *path = strdup(program),
	    *name = strdup(t->o->user);
	char *argv[] = { path, all, install, ask, host, dir, port, number,
	    user, name, j, jobs, NULL };
	struct bk_buf said = {0};
	struct bk_err why = {0};
	int rc = -1;

	(void)snprintf(jobs, sizeof(jobs), "%u", t->o->jobs);
	if (path == NULL || name == NULL)
		bk_fail_memory(e);
	else if (bk_child_capture(argv, t->o->bindir.env, AMCHECK_MAX,
	    t->o->child, &said, NULL, &why) == 0)
		rc = 0;
	else if (said.len > 0) {	/* its first finding */
		said.data[strcspn(said.data, "\n")] = '\0';
		rc = bk_verdict_differs(t->v, "", said.data, e, "pg_amcheck");
	} else
		rc = bk_verdict_uncovered(t->v, e, "pg_amcheck (%s)", why.msg);
	bk_buf_free(&said);
	free(path);
	free(name);
	return rc;
}

static int
look_at_pages(struct test *t, struct bk_err *e)
{
	const int major = bk_datadir_summary(t->data)->major;
	const struct bk_bindir_range range = { major, BK_PG_AMCHECK, INT_MAX };
	struct bk_err none = {0};
	struct bk_buf program = {0};
	int rc;

	if (bk_bindir_find_range(&t->o->bindir, "pg_amcheck", &range, &program,
	    &none) == 0 && major >= BK_PG_AMCHECK)
		rc = run_amcheck(t, program.data, e);
	else
		rc = bk_verdict_uncovered(t->v, e, "tables and indexes: no "
		    "pg_amcheck for them");
	bk_buf_free(&program);
	return rc;
}

/* The assertions are for the cluster's only database, else for postgres. */
static int
run_assertions(struct test *t, struct bk_err *e)
{
	PGresult *res;
	PGconn *conn = NULL;
	struct bk_conn_target target = { .app = "bk-verify",
		.host = t->o->server->dir, .port = "5432",
		.user = t->o->user };
	int rc = -1;

	if (t->o->sql == NULL)
		return 0;
	res = bk_conn_query(t->conn, "SELECT CASE pg_catalog.count(*) WHEN 1 "
	    "THEN pg_catalog.min(datname::text) ELSE 'postgres' END FROM "
	    "pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate "
	    "AND datname <> 'postgres'", e);
	if (res == NULL)
		return -1;
	target.instead = PQgetvalue(res, 0, 0);
	if ((conn = bk_conn_open(&target, e)) != NULL)
		rc = bk_compare_assert(conn, t->o->sql_name, t->o->sql, t->v,
		    e);
	PQfinish(conn);
	PQclear(res);
	return rc;
}

static int
look(struct test *t, struct bk_err *e)
{
	if (ask_instant(t, e) == -1 || look_at_pages(t, e) == -1 ||
	    bk_verdict_set(&t->v->restored_on, PQparameterStatus(t->conn,
	    "server_version"), e) == -1)
		return -1;
	return run_assertions(t, e);
}

int
bk_recovery_test_run(const struct bk_recovery_test *o, struct bk_source src,
    const char *name, struct bk_verdict *v, struct bk_err *e)
{
	struct test t = { .o = o, .name = name, .v = v,
	    .split = { .src = src, .check = check_stream, .ctx = &t } };
	double began = bk_monotonic();
	int rc = -1;

	if (bk_split_start(&t.split, e) == 0 && unpack(&t, e) == 0 &&
	    prepare(&t, e) == 0 && recover(&t, e) == 0) {
		v->restore_seconds = bk_monotonic() - began;
		v->proof = "recovery";
		if (look(&t, e) == 0)
			rc = bk_verdict_judge(v, name, e);
	}
	bk_split_free(&t.split);
	PQfinish(t.conn);
	bk_datadir_free(t.data);
	return rc;
}
