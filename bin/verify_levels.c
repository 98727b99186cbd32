/* bk-verify, levels 2 and 3: where the restore test takes place */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/majors.h"
#include "pg/scratch.h"
#include "pg/server.h"
#include "restore/foreign.h"
#include "tool/ca_file.h"
#include "tool/programs.h"
#include "tool/signals.h"
#include "tool/tool.h"
#include "verify/check.h"
#include "verify/recovery_test.h"
#include "verify/restore_test.h"
#include "verify_levels.h"

#define SQL_MAX (1024 * 1024)
#define CONFIG_MAX (64 * 1024)

extern char **environ;

/* For clean-up. */
static struct bk_scratch server;
static struct bk_restore_test run;
static struct bk_conn_params *admin;
static atomic_int child;
static char **clean;		/* the environment for --scratch; or NULL */
static char *user;		/* PGUSER, before it is forgotten; or NULL */

static void
drop(PGconn *conn, const char *database)
{
	struct bk_err ignored = {0};

	if (*database != '\0')
		(void)bk_newdb_discard(conn, database, &ignored);
}

void
levels_clean_up(void)
{
	struct bk_err ignored = {0};
	PGconn *conn;

	bk_child_kill(&child);
	if ((run.database[0] != '\0' || run.reference[0] != '\0') &&
	    server.pid == 0 && admin != NULL &&
	    (conn = bk_conn_again(admin, &ignored)) != NULL) {
		drop(conn, run.database);
		drop(conn, run.reference);
		PQfinish(conn);
	}
	run.database[0] = run.reference[0] = '\0';
	/* which ends the sessions that its code has stopped */
	bk_scratch_stop(&server);
	bk_drill_roles_drop(&run.roles);
}

/*
 * What the scratch server and its clients may know of our environment: secrets
 * are none of a dump's business, and settings for other servers must not divert
 * us from our own.
 */
static int
is_harmless(const char *variable)
{
	static const char *const names[] = { "PATH=", "LANG=", "LANGUAGE=",
	    "LC_", "TZ=", "LD_LIBRARY_PATH=" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return 1;
	return 0;
}

static int
make_environment(struct bk_err *e)
{
	size_t i, n = 0;

	for (i = 0; environ[i] != NULL; i++)
		continue;
	if ((clean = calloc(i + 1, sizeof(*clean))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; environ[i] != NULL; i++)
		if (is_harmless(environ[i]))
			clean[n++] = environ[i];
	return 0;
}

/* Our own connections read ours. */
static int
forget_servers(struct bk_err *e)
{
	char name[64];
	size_t i = 0, n;

	while (environ[i] != NULL) {
		n = strcspn(environ[i], "=");
		if (strncmp(environ[i], "PG", 2) != 0 || n >= sizeof(name)) {
			i++;
			continue;
		}
		memcpy(name, environ[i], n);
		name[n] = '\0';
		if (unsetenv(name) == -1)	/* closes the gap at i */
			return bk_fail_errno(e, "%s", name);
	}
	return 0;
}

int
levels_prepare(const struct levels *d, struct bk_err *e)
{
	const char *name = getenv("PGUSER");

	if (!d->own)
		return 0;
	if (name != NULL && (user = strdup(name)) == NULL)
		return bk_fail_memory(e);
	if (forget_servers(e) == -1 || make_environment(e) == -1)
		return -1;
	return bk_scratch_prepare(&server, getenv("TMPDIR"), clean, e);
}

static void
set_bindir(struct bk_bindir *b)
{
	*b = programs_places(clean);
}

/* How far a dump's code could reach, if that is further than it should. */
static void
tell_confinement(void)
{
	static const struct { unsigned limit; const char *what; } own[] = {
	    { BK_CONFINE_NET, "network" }, { BK_CONFINE_PIDS, "processes" },
	    { BK_CONFINE_FILES, "files" } };
	char lacks[64] = "";
	size_t i, n = 0, left = 0;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		left += (server.confined & own[i].limit) == 0;
	if (left == 0)
		return;
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if ((server.confined & own[i].limit) == 0)
			n += (size_t)snprintf(lacks + n, sizeof(lacks) - n,
			    "%s%s", n == 0 ? "" : --left > 1 ? ", " : " and ",
			    own[i].what);
	tool_say("scratch server: cannot isolate its %s on this system: code "
	    "in the dump can reach the host's", lacks);
}

/* A server of the version that was dumped, or a newer one. */
static int
start_server(struct bk_layers *l, const struct bk_buf *config,
    struct bk_err *e)
{
	struct bk_restore_test_needs needs;
	struct bk_bindir bindir;
	struct bk_buf program = {0};
	struct bk_err why = {0};
	const void *head;
	size_t n;
	int rc;

	set_bindir(&bindir);
	head = bk_reader_head(bk_layers_inside(l), &n);
	if (bk_restore_test_needs(head, n, &needs) == -1)
		return bk_fail(e, BK_DATA, "%s: damaged: no server version in "
		    "its header", bk_layers_name(l));
	if (bk_bindir_find(&bindir, "postgres", needs.major, &program,
	    &why) == -1)
		rc = bk_fail(e, BK_FAIL, "scratch server: no PostgreSQL %d or "
		    "newer is installed; install postgresql-%d or set "
		    "BK_PG_BINDIR", needs.major, needs.major);
	else
		rc = bk_scratch_start(&server, program.data, needs.ascii,
		    config, e);
	if (rc == 0)
		tell_confinement();
	bk_buf_free(&program);
	return rc;
}

/*
 * A session of d's server, and admin, for all that follow.  With --against the
 * session is of another database where that is possible: a login event trigger
 * of d's own must be turned off before the first session there.
 */
static PGconn *
open_server(const struct levels *d, const struct bk_conn_target *target,
    struct bk_err *e)
{
	struct bk_err ignored = {0};
	struct bk_buf name = {0};
	PGconn *conn = NULL;
	int rc = 0;

	if (d->against && d->conninfo != NULL &&
	    bk_server_database(d->conninfo, &name, &ignored) == 0)
		conn = bk_server_open(target, name.data, &ignored);
	if (conn != NULL)
		rc = (admin = bk_conn_params(conn, e)) == NULL ? -1 :
		    bk_conn_params_database(admin, name.data, e);
	else if ((conn = bk_conn_open(target, e)) != NULL)
		rc = (admin = bk_conn_params(conn, e)) == NULL ? -1 : 0;
	bk_buf_free(&name);
	if (rc == 0)
		return conn;
	PQfinish(conn);
	return NULL;
}

static int
connect_server(const struct levels *d, struct bk_err *e)
{
	struct bk_conn_target target = { .app = "bk-verify",
	    .instead = "postgres", .db = d->conninfo,
	    .ca_file = ca_file_postgres() };
	PGconn *conn;
	int rc;

	if (d->against)
		target.instead = NULL;
	if (d->own)
		target = (struct bk_conn_target){ .app = "bk-verify",
		    .db = "postgres", .host = server.dir, .port = "5432",
		    .user = "postgres" };
	else
		target.url = tool_database_url(target.db, NULL);
	if ((conn = open_server(d, &target, e)) == NULL)
		return -1;
	tool_younger(BK_PG_MAJOR(PQserverVersion(conn)));
	rc = bk_server_patient(conn, admin, e) == -1 ||
	    bk_server_quiet(conn, admin, e) == -1 ||
	    /* all other connections have its parameters */
	    (run.conn = bk_conn_again(admin, e)) == NULL ? -1 : 0;
	PQfinish(conn);
	return rc;
}

/* The files that the command line names. */
static int
load_files(const struct levels *d, struct bk_buf *sql, struct bk_buf *config,
    struct bk_err *e)
{
	if (d->sql_file != NULL &&
	    (bk_io_slurp(d->sql_file, SQL_MAX, sql, e) == -1 ||
	    bk_buf_puts(sql, "", e) == -1))
		return -1;
	return d->config_file == NULL ? 0 :
	    bk_io_slurp(d->config_file, CONFIG_MAX, config, e);
}

/* A base backup, whose major version is known once it has been unpacked. */
static int
run_recovery(const struct levels *d, struct bk_layers *l,
    struct bk_verdict *v, struct bk_progress *progress, struct bk_err *e)
{
	const struct bk_source src = { bk_layers_read, bk_layers_inside(l) };
	struct bk_buf sql = {0}, config = {0}, program = {0};
	struct bk_recovery_test test = { .server = &server, .jobs = d->jobs,
		.config = &config, .user = user != NULL ? user : "postgres",
		.progress = progress, .child = &child,
		.sql_name = d->sql_file };
	int rc = -1;

	progress->item = "files";
	set_bindir(&test.bindir);
	if (load_files(d, &sql, &config, e) == 0 &&
	    bk_bindir_find(&test.bindir, "postgres", BK_PG_MANIFESTS, &program,
	    e) == 0 &&
	    bk_scratch_place(&server, program.data, e) == 0) {
		tell_confinement();
		test.sql = d->sql_file == NULL ? NULL : sql.data;
		rc = bk_recovery_test_run(&test, src, bk_layers_name(l), v, e);
	}
	bk_buf_free(&sql);
	bk_buf_free(&config);
	bk_buf_free(&program);
	return rc;
}

static enum bk_check_kind
kind_of(struct bk_layers *l)
{
	const void *head;
	size_t n;

	head = bk_reader_head(bk_layers_inside(l), &n);
	return bk_check_recognise(head, n);
}

/* A tar, and none of pg_dump's. */
static int
is_base(struct bk_layers *l)
{
	const void *head;
	size_t n;

	head = bk_reader_head(bk_layers_inside(l), &n);
	return kind_of(l) == BK_CHECK_TAR &&
	    bk_foreign_recognise(head, n) != BK_FOREIGN_TAR;
}

/* What a restore test cannot restore may restore all the same: BK_FAIL. */
static int
demand_archive(struct bk_layers *l, struct bk_err *e)
{
	const void *head;
	size_t n;

	head = bk_reader_head(bk_layers_inside(l), &n);
	if (kind_of(l) == BK_CHECK_ARCHIVE)
		return 0;
	if (n == 0 && bk_reader_drain(bk_layers_inside(l), e) == -1)
		return -1;	/* an empty stream: *e says so */
	if (bk_foreign_recognise(head, n) == BK_FOREIGN_TAR)
		return bk_fail(e, BK_FAIL, "%s: a tar of pg_dump, which cannot "
		    "be restored for a test; dump with -Fc, or load it with "
		    "bk-restore --into", bk_layers_name(l));
	return bk_fail(e, BK_FAIL, kind_of(l) == BK_CHECK_TAR ? "%s: a tar; a "
	    "base backup is recovered with --scratch" : "%s: not an archive of "
	    "bk-dump or pg_dump -Fc; no other format can be restored for a "
	    "test", bk_layers_name(l));
}

int
levels_run(const struct levels *d, struct bk_layers *l, struct bk_verdict *v,
    struct bk_progress *progress, struct bk_err *e)
{
	const struct bk_source src = { bk_layers_read, bk_layers_inside(l) };
	struct bk_buf sql = {0}, config = {0};
	int rc = -1;

	if (d->own && is_base(l))
		return run_recovery(d, l, v, progress, e);
	if (demand_archive(l, e) == -1)
		return -1;
	if (load_files(d, &sql, &config, e) == -1 ||
	    (d->own && start_server(l, &config, e) == -1) ||
	    connect_server(d, e) == -1)
		goto done;
	run.own_server = d->own;
	run.trust_code = d->trust_code;
	run.against = d->against;
	set_bindir(&run.bindir);
	run.jobs = d->jobs;
	run.progress = progress;
	run.child = &child;
	run.sql_name = d->sql_file;
	run.sql = d->sql_file == NULL ? NULL : sql.data;
	run.hold = signals_hold;
	run.release = signals_release;
	rc = bk_restore_test_run(&run, src, bk_layers_name(l), v, e);
 done:
	bk_buf_free(&sql);
	bk_buf_free(&config);
	return rc;
}

void
levels_end(void)
{
	signals_hold();
	PQfinish(run.conn);
	run.conn = NULL;
	levels_clean_up();
	bk_conn_params_free(admin);
	admin = NULL;
	signals_release();
}
