/*
 * Modules that talk to a server, each call of which fails once.  Arguments,
 * for t/starve.bats, which has a server:
 *
 *	DATABASE ARCHIVE	of bk-dump, of that database
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "pg/health.h"
#include "pg/server.h"
#include "restore/analyze.h"
#include "restore/globals.h"
#include "restore/load_partial.h"
#include "restore/own_name.h"
#include "restore/restore_in.h"
#include "restore/script.h"
#include "restore/space.h"
#include "restore/swap.h"
#include "restore/swap_outcome.h"
#include "starve.h"
#include "tap.h"
#include "verify/compare.h"

static const char *database, *archive;

static PGconn *
connect_to(const char *db, struct bk_err *e)
{
	const struct bk_conn_target target = { .db = db };

	return bk_conn_open(&target, e);
}

static PGconn *kept;		/* to which database it says itself */

/* As good as new: what params_job() tries, and others only need. */
static PGconn *
connected(const char *db, struct bk_conn_params **p, struct bk_err *e)
{
	PGconn *conn = kept;

	starve_pause();
	kept = NULL;
	if (conn == NULL || strcmp(PQdb(conn), db) != 0 ||
	    bk_conn_exec(conn, "ROLLBACK", e) == -1 ||
	    bk_conn_exec(conn, "DISCARD ALL", e) == -1) {
		*e = (struct bk_err){0};
		PQfinish(conn);
		conn = connect_to(db, e);
	}
	*p = conn == NULL ? NULL : bk_conn_params(conn, e);
	/* the session before this one may not have ended yet */
	if (*p != NULL && bk_conn_exec(conn, "SELECT pg_catalog."
	    "pg_advisory_lock(1651208819, pg_catalog.hashtext('starved'))",
	    e) == -1)
		abort();
	starve_go_on();
	return conn;
}

/* There is always one, or starve() would think that a file is left open. */
static void
release(PGconn *conn, struct bk_conn_params *p)
{
	struct bk_err e = {0};

	bk_conn_params_free(p);
	kept = conn;
	if (PQstatus(conn) == CONNECTION_OK &&
	    PQtransactionStatus(conn) != PQTRANS_ACTIVE)
		return;
	starve_pause();
	PQfinish(conn);
	if ((kept = connect_to(database, &e)) == NULL)
		abort();
	starve_go_on();
}

static int
params_job(void *arg, struct bk_err *e)
{
	PGconn *conn = connect_to(database, e), *again = NULL;
	struct bk_conn_params *p = conn == NULL ? NULL :
	    bk_conn_params(conn, e);
	static char *const base[] = { "HOME=/", "PGDATABASE=x", NULL };
	struct bk_buf rest = {0}, id = {0};
	char **env = NULL;
	long n;
	int rc = -1;

	(void)arg;
	if (p != NULL && bk_conn_params_database(p, "postgres", e) == 0 &&
	    bk_conn_params_option(p, "-c work_mem=1MB", e) == 0 &&
	    bk_conn_params_option(p, "-c geqo=off", e) == 0 &&
	    (env = bk_conn_environ(p, base, e)) != NULL &&
	    bk_conn_rest(p, &rest, e) == 0 &&
	    (again = bk_server_again(p, e)) != NULL &&
	    bk_server_system(again, &id, e) == 0 &&
	    bk_server_count(again, &n, e) == 0)
		rc = 0;
	bk_conn_environ_free(env);
	bk_buf_free(&rest);
	bk_buf_free(&id);
	bk_conn_params_free(p);
	PQfinish(again);
	PQfinish(conn);
	return rc;
}

static int
health_job(void *arg, struct bk_err *e)
{
	const struct bk_health o = { .seconds = 20, .tables = 1 };
	struct bk_conn_params *p;
	PGconn *conn = connected(database, &p, e);
	json_t *doc = conn == NULL ? NULL : bk_health_read(conn, &o, e);
	int rc = doc == NULL ? -1 : 0;

	(void)arg;
	json_decref(doc);
	release(conn, p);
	return rc;
}

/* arg: what fails is passed by. */
static int
script_job(void *arg, struct bk_err *e)
{
	static const char sql[] =
	    "-- Name: t; Type: TABLE; Schema: s; Owner: joe\n\n"
	    "CREATE TEMP TABLE t (i int);;\n"
	    "COPY t (i) FROM stdin;\n1\n2\n\\.\n\n"
	    "SELECT 1;\nCOPY t TO stdout;\n"
	    "-- Name: i; Type: INDEX; Schema: -; Owner: joe\n\n"
	    "CREATE INDEX i ON t (i);\n";
	static const char wrong[] = "SELECT 1/0;\nCOPY no FROM stdin;\n1\n\\.\n"
	    "CREATE INDEX i ON t (i);\n";
	struct bk_failures failures = BK_FAILURES_INIT;
	struct bk_conn_params *p;
	PGconn *conn = connected(database, &p, e);
	int rc = -1;

	if (conn != NULL)
		rc = bk_script_run(conn, "a script", sql, NULL, e);
	if (rc == 0 && arg != NULL) {
		rc = bk_script_run(conn, "another", wrong, &failures, e);
		if (rc == 0 && failures.n != 3)
			rc = 99;
	}
	bk_failures_free(&failures);
	release(conn, p);
	return rc;
}

/* Statements that fail are passed by; a session that ended is not. */
static void
test_script(void)
{
	static const char built[] = "CREATE TEMP TABLE t (i int, "
	    "CONSTRAINT c CHECK (i > 0));\n"
	    "-- Name: t c; Type: CONSTRAINT; Schema: s; Owner: joe\n\n"
	    "ALTER TABLE t ADD CONSTRAINT c CHECK (i > 0);\n"
	    "-- Name: t d; Type: CONSTRAINT; Schema: s; Owner: joe\n\n"
	    "ALTER TABLE t ADD CONSTRAINT d CHECK (j > 0);\n";
	struct bk_failures failures = BK_FAILURES_INIT;
	struct bk_conn_params *p;
	struct bk_err e = {0};
	PGconn *conn = connected(database, &p, &e);

	ok(bk_script_run(conn, "a script", built, &failures, &e) == 0 &&
	    failures.n == 2, "a constraint that is there, one that cannot be");
	ok(bk_script_run(conn, "the last", "SELECT pg_terminate_backend("
	    "pg_backend_pid());", &failures, &e) == -1 && strstr(e.msg,
	    "the last: line 1: ") != NULL, "a session ends: %s", e.msg);
	bk_failures_free(&failures);
	release(conn, p);
}

static int
globals_job(void *arg, struct bk_err *e)
{
	static const char sql[] = "CREATE ROLE postgres;\n"
	    "ALTER ROLE postgres WITH NOLOGIN;\nCREATE ROLE starved;\n"
	    "ALTER ROLE starved WITH NOLOGIN;\n"
	    "COMMENT ON ROLE starved IS 'x';\n"
	    "GRANT starved TO postgres;\n"
	    "CREATE TABLESPACE pg_default LOCATION '/x';\n"
	    "COMMENT ON TABLESPACE pg_default IS 'x';\n"
	    "REVOKE ALL ON TABLESPACE pg_default FROM postgres;\n"
	    "GRANT ALL ON SCHEMA s TO postgres;\n"
	    "SELECT 1 AS \" ON TABLESPACE \";\n";
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, e);
	int rc = -1;

	(void)arg;
	if (conn != NULL &&
	    bk_conn_exec(conn, "DROP ROLE IF EXISTS starved", e) == 0)
		rc = bk_globals_apply(conn, sql, 1, e);
	release(conn, p);
	return rc;
}

static int
analyze_job(void *arg, struct bk_err *e)
{
	struct bk_conn_params *p;
	PGconn *conn = connected(database, &p, e);
	struct bk_buf notes = {0};
	int rc = p == NULL ? -1 : bk_restore_analyze(p, 2, &notes, e);

	(void)arg;
	if (rc == 0 && notes.len > 0)
		rc = bk_fail(e, BK_FAIL, "%s", notes.data);
	bk_buf_free(&notes);
	release(conn, p);
	return rc;
}

static ssize_t
read_fd(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_io_read(*(int *)ctx, buf, n, "archive", e);
}

/* arg: by the connection that is there, else by workers with their own. */
static int
rows_job(void *arg, struct bk_err *e)
{
	struct bk_progress progress = {0};
	struct bk_restore_report report = {0};
	int fd = open(archive, O_RDONLY | O_CLOEXEC), rc = -1;
	struct bk_conn_params *p;
	PGconn *conn = connected(database, &p, e);
	struct bk_restore *r = NULL;

	if (fd == -1)
		bk_fail_errno(e, "%s", archive);
	else if (p != NULL &&
	    bk_conn_exec(conn, "TRUNCATE a, b", e) == 0 &&
	    bk_load_session(conn, "postgres", "SET client_encoding = UTF8;",
	    e) == 0 && (r = bk_restore_open((struct bk_source){ read_fd, &fd },
	    archive, e)) != NULL) {
		const struct bk_load_options o = { .params = p,
		    .conn = arg == NULL ? NULL : conn, .jobs = 1,
		    .encoding = "SET client_encoding = UTF8;",
		    .progress = &progress };

		rc = bk_restore_rows(r, &o, e);
		if (rc == 0)
			rc = bk_restore_check(r, e);
		bk_restore_report(r, &report);
		if (rc == 0 && report.rows != 99)
			rc = 99;
	}
	bk_restore_free(r);
	release(conn, p);
	if (fd != -1)
		close(fd);
	return rc;
}

/* A table that is replaced; what is asked before. */
static int
part_job(void *arg, struct bk_err *e)
{
	const struct bk_restore_names names = { .ntables = 1,
	    .table = (const char *const[]){ "b" } };
	struct bk_progress progress = {0};
	struct bk_restore_report report;
	struct bk_buf notes = {0};
	int fd = open(archive, O_RDONLY | O_CLOEXEC), rc = -1;
	struct bk_conn_params *p;
	PGconn *conn = connected(database, &p, e);
	const struct bk_restore_options o = { .params = p, .jobs = 1,
	    .bindir.env = (char *[]){ NULL }, .progress = &progress };
	struct bk_restore *r = bk_restore_open((struct bk_source){ read_fd,
	    &fd }, archive, e);

	(void)arg;
	if (r != NULL)
		rc = bk_restore_partial(r, &o, &names, BK_PARTIAL_REPLACE,
		    &report, &notes, e);
	bk_buf_free(&notes);
	bk_restore_free(r);
	release(conn, p);
	close(fd);
	return rc;
}

static const char target[] = "starved";

/* All that is asked and done before and after there is a new database. */
static int
names_job(void *arg, struct bk_err *e)
{
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, e);
	const struct bk_newdb_like like = { .target = target };
	struct bk_buf sql = {0};
	struct bk_space space;
	PGresult *old = NULL;
	int n, rc = -1;

	(void)arg;
	if (p != NULL && bk_newdb_lock(conn, target, e) == 0 &&
	    bk_newdb_sweep(conn, target, &n, e) == 0 &&
	    bk_own_name_sweep(conn, target, e) == 0 &&
	    bk_newdb_discard(conn, target, e) == 0 &&
	    bk_space_check(conn, database, &space, e) == 0 &&
	    bk_newdb_properties(conn, database, target, &sql, e) == 0 &&
	    bk_own_name_open(target, &sql, e) == 0 &&
	    bk_newdb_open(conn, target, &like, &sql, e) == 0 &&
	    (old = bk_swap_list(conn, target, e)) != NULL)
		rc = 0;
	PQclear(old);
	bk_buf_free(&sql);
	release(conn, p);
	return rc;
}

/* A new database, arg: put in the place of none, and away with it. */
static int
newdb_job(void *arg, struct bk_err *e)
{
	/* as pg_dump 15 has it; before, there is no such provider */
	struct bk_toc_entry te = { .desc = "DATABASE", .owner = "postgres",
	    .defn = "CREATE DATABASE \"a\"\"b\" WITH TEMPLATE = template0 "
	    "ENCODING = 'UTF8' LOCALE_PROVIDER = libc LC_COLLATE = 'C' "
	    "LC_CTYPE = 'C';\n" };
	const struct bk_toc dumped = { .entry = &te, .n = 1 };
	const struct bk_newdb_like like = { target, &dumped, 0, 0 };
	char name[BK_NEWDB_NAME] = "", before[BK_NEWDB_NAME];
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, e);
	struct bk_swap swap = { conn, p, name, target, "SELECT 1" };
	struct bk_err ignored = {0};
	double seconds;
	int rc;

	rc = p == NULL ? -1 : bk_newdb_create(conn, &like, name, e);
	if (rc == 0 && arg != NULL)
		rc = bk_swap(&swap, before, &seconds, e);
	release(conn, p);
	conn = connected("postgres", &p, &ignored);
	starve_pause();
	(void)bk_newdb_drop(conn, target, &ignored);
	(void)bk_newdb_drop(conn, name, &ignored);
	starve_go_on();
	release(conn, p);
	return rc;
}

/* One that is there gets another name, and its own again. */
static int
rename_job(void *sql, struct bk_err *e)
{
	char before[BK_NEWDB_NAME];
	struct bk_err ignored = {0};
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, e);
	const struct bk_swap swap = { conn, p, "starved_a", "starved_b", sql };
	double seconds;
	int rc = bk_swap(&swap, before, &seconds, e);

	starve_pause();
	(void)bk_conn_exec(conn, "ROLLBACK", &ignored);
	(void)bk_conn_exec(conn, "ALTER DATABASE starved_b RENAME TO starved_a",
	    &ignored);
	starve_go_on();
	release(conn, p);
	return rc;
}

static void
test_rename(void)
{
	struct bk_err e = {0};

	ok(rename_job("CREATE TEMP TABLE t (i int UNIQUE DEFERRABLE INITIALLY "
	    "DEFERRED); INSERT INTO t VALUES (1), (1)", &e) == -1 &&
	    strstr(e.msg, "duplicate key") != NULL, "no COMMIT: %s", e.msg);
}

/* A new database like the one that there is. */
static int
like_job(void *arg, struct bk_err *e)
{
	const struct bk_newdb_like like = { .target = database };
	char name[BK_NEWDB_NAME] = "";
	struct bk_err ignored = {0};
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, e);
	int rc = bk_newdb_create(conn, &like, name, e);

	(void)arg;
	starve_pause();
	(void)bk_newdb_drop(conn, name, &ignored);
	starve_go_on();
	release(conn, p);
	return rc;
}

/* Definitions of another form than pg_dump's are left alone. */
static void
test_odd_definitions(void)
{
	static const char *const odd[] = { "CREATE DATABASE \"a",
	    "ALTER DATABASE a;" };
	char name[BK_NEWDB_NAME];
	struct bk_err e = {0};
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, &e);
	size_t i;

	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct bk_toc_entry te = { .desc = "DATABASE", .defn = odd[i] };
		const struct bk_toc dumped = { .entry = &te, .n = 1 };
		const struct bk_newdb_like like = { target, &dumped, 0, 0 };

		is_int(bk_newdb_create(conn, &like, name, &e), 0, odd[i]);
		is_int(bk_newdb_drop(conn, name, &e), 0, "  and away");
	}
	release(conn, p);
}

/* All names of the next minute are somebody else's. */
static void
test_no_name(void)
{
	const struct bk_newdb_like like = { .target = target };
	char name[BK_NEWDB_NAME];
	struct bk_err e = {0};
	struct bk_conn_params *p;
	PGconn *other = connect_to("postgres", &e);
	PGconn *conn = connected("postgres", &p, &e);

	is_int(bk_conn_exec(other, "SELECT pg_try_advisory_lock(1651208819, "
	    "hashtext('starved_new_' || to_char(now() AT TIME ZONE 'UTC' + "
	    "s * interval '1 s', 'YYYYMMDD\"T\"HH24MISS\"Z\"') || t)) FROM "
	    "generate_series(-2, 60) s, unnest('{\"\",_2,_3,_4,_5,_6,_7,_8,_9"
	    "}'::text[]) t", &e), 0, "many restores at once");
	is_int(bk_newdb_create(conn, &like, name, &e), -1, "one more");
	is_str(e.msg, "database \"starved\": too many restores at once",
	    "is one too many");
	PQfinish(other);
	release(conn, p);
}

/* Of a COMMIT whose answer was lost. */
static int
settle_job(void *arg, struct bk_err *e)
{
	static const struct bk_err lost = { .code = BK_FAIL, .msg = "lost" };
	char oid[BK_SETTLE_OID] = "";
	struct bk_conn_params *p;
	PGconn *conn = connected("postgres", &p, e);
	int rc = bk_settle_begin(conn, database, oid, e);

	(void)arg;
	if (rc == 0)
		rc = bk_settle(p, oid, database, &lost, e);
	release(conn, p);
	return rc;
}

static void
test_settle(void)
{
	struct bk_err e = {0};
	char oid[BK_SETTLE_OID];
	struct bk_conn_params *p;
	PGconn *other = connect_to("postgres", &e);
	PGconn *conn = connected("postgres", &p, &e);

	is_int(bk_settle_begin(conn, "starved", oid, &e), -1, "it is not");
	is_str(e.msg, "database \"starved\": does not exist any more",
	    "any more");
	e = (struct bk_err){0};
	release(conn, p);
	/* a session that the server ends soon */
	is_int(bk_conn_exec(other, "SET idle_in_transaction_session_timeout "
	    "= 100", &e) == 0 && bk_conn_exec(other, "BEGIN; COMMENT ON "
	    "DATABASE shop IS 'x'", &e) == 0, 1, "who lost it is at work");
	is_int(settle_job(NULL, &e), 0, "and waited for");
	PQfinish(other);
	starve_places("what was lost", settle_job, NULL);
}

/* What a label says of the server: a name, and no more. */
static void
test_host(void)
{
	char host[BK_CONN_HOST];
	struct bk_err e = {0};
	PGconn *conn;

	conn = connect_to("dbname=postgres host='db~1.example' "
	    "hostaddr=127.0.0.1", &e);
	if (!ok(conn != NULL, "a server with a name"))
		printf("# %s\n", e.msg);
	bk_conn_host(conn, host);
	is_str(host, "db-1.example", "which is what a label may hold");
	PQfinish(conn);
}

static struct bk_toc toc;	/* of the archive */

static void
read_toc(void)
{
	struct bk_err e = {0};
	int fd = open(archive, O_RDONLY | O_CLOEXEC);
	struct bk_source src = { read_fd, &fd };
	struct bk_archive *a = bk_archive_open(src, archive, &e);

	ok(a != NULL && bk_archive_toc(a, &toc, &e) == 0, "%s is read",
	    archive);
	bk_archive_free(a);
	close(fd);
}

/* With nothing: all differs, which is no failure.  arg: a table is locked. */
static int
compare_job(void *arg, struct bk_err *e)
{
	struct bk_expected expected[16] = {{0}};
	struct bk_progress progress = {0};
	struct bk_verdict v = { .ndiff = 0 };
	struct bk_conn_params *p;
	PGconn *conn = connected(database, &p, e);
	struct bk_compare o = { .params = p, .toc = &toc,
	    .expected = expected, .settings = "SET client_encoding = UTF8",
	    .jobs = 1, .progress = &progress };
	size_t i;
	int rc = -1;

	for (i = 0; i < toc.n; i++)
		if (toc.entry[i].has_data)
			expected[o.n++].te = &toc.entry[i];
	if (arg != NULL)
		rc = bk_conn_exec(conn, "BEGIN; LOCK TABLE a", e);
	if (p != NULL && (arg == NULL || rc == 0))
		rc = bk_compare_rows(&o, &v, e);
	if (rc == 0)
		rc = bk_compare_triggers(conn, 0, &v, e);
	if (rc == 0)
		rc = bk_compare_assert(conn, "f", "SELECT true; SELECT 1/0",
		    &v, e);
	if (rc == 0 && v.ndiff < 2)
		rc = 99;
	bk_verdict_free(&v);
	release(conn, p);
	return rc;
}

static void
test_locked(void)
{
	struct bk_err e = {0};

	is_int(compare_job("", &e), -1, "a table that stays locked");
	is_int(e.code, BK_FAIL, "is a failure in the end");
	ok(strstr(e.msg, "could not obtain lock") != NULL, "%s", e.msg);
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		ok(1, "nothing without a server: t/starve.bats has one");
		return tap_done();
	}
	database = argv[1];
	archive = argv[2];
	release(NULL, NULL);
	starve_places("connections", params_job, NULL);
	starve_all("a script", script_job, NULL);
	starve("what is passed by", STARVE_BUFFER, script_job, "");
	test_script();
	starve_all("roles", globals_job, NULL);
	starve_places("ANALYZE", analyze_job, NULL);
	starve_places("rows", rows_job, NULL);
	starve("rows of one transaction", STARVE_SQL, rows_job, "");
	starve_place("a part", STARVE_SQL, part_job, NULL);
	starve_places("names", names_job, NULL);
	starve("a database", STARVE_BUFFER, newdb_job, NULL);
	starve("a database put in place", STARVE_SQL, newdb_job, "");
	starve_places("a database like another", like_job, NULL);
	starve_place("another name", STARVE_MEMORY, rename_job, NULL);
	test_rename();
	test_odd_definitions();
	test_no_name();
	test_settle();
	test_host();
	starve_places("health", health_job, NULL);
	read_toc();
	starve_place("a comparison", STARVE_MEMORY, compare_job, NULL);
	starve_place("a comparison", STARVE_SQL, compare_job, NULL);
	test_locked();
	bk_toc_free(&toc);
	PQfinish(kept);
	return tap_done();
}
