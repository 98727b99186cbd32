/* bk-stat: the health of a server and one of its databases, see bk-stat(1) */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/thread.h"
#include "base/utctime.h"
#include "listing/record.h"
#include "pg/health.h"
#include "pg/server.h"
#include "report/stat_report.h"
#include "restore/swap.h"
#include "stream/textfile.h"
#include "tool/ca_file.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"

enum { OPT_JSON = TOOL_OPT_TOOL, OPT_PROMETHEUS, OPT_LOG, OPT_TABLES,
	OPT_TIMEOUT, OPT_DATABASES };

static const struct tool_opt options[] = {
	{ OPT_JSON, "json", NULL, NULL, "print JSON" },
	{ OPT_PROMETHEUS, "prometheus", "FILE", NULL,
	    "write metrics to FILE (\"-\": print them) instead" },
	{ OPT_LOG, "log", "AUDITLOG", "FILE",
	    "the audit log (default: BK_AUDIT_LOG)" },
	{ OPT_TABLES, "tables", "N", NULL,
	    "report the N largest tables (10)" },
	{ OPT_DATABASES, "databases", NULL, NULL,
	    "print the names of the databases to back up, no more" },
	{ OPT_TIMEOUT, "timeout", "TIME", NULL, "give up after TIME (30s)" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-stat",
	.example = "bk-stat --prometheus /var/lib/bk/metrics/shop.prom shop",
	.about =
"Prints the health of a server and a database: sizes, connections, the oldest "
"transaction, wraparound, archiver, standbys, replication slots, and when the "
"database was last backed up.  Reads only, in one transaction that waits for "
"no lock.  Connects as psql does: PG*, ~/.pgpass, DATABASE_URL",
	.options = options,
	.settings = TOOL_SETTINGS_SERVER,
	.operands = "[DBNAME|URI]",
	.exits =
"0 printed, 1 failed, 2 usage error, 3 the audit log is damaged",
};

struct options {
	struct bk_conn_target target;
	struct bk_health stat;
	const char *prometheus, *log;
	int json, databases;
	uint64_t timeout;	/* seconds */
	char connect_timeout[BK_NUM_TEXT];
};

static void
parse_options(struct options *o, int argc, char *argv[])
{
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case OPT_JSON: o->json = 1; break;
		case OPT_PROMETHEUS: o->prometheus = optarg; break;
		case OPT_LOG: o->log = optarg; break;
		case OPT_DATABASES: o->databases = 1; break;
		case OPT_TABLES:
			o->stat.tables = (unsigned)tool_number(optarg, 0,
			    1000000, "--tables");
			break;
		case OPT_TIMEOUT:
			o->timeout = tool_duration(optarg, "--timeout");
			break;
		}
	if (argc - optind > 1)
		tool_usage("more than one database name");
	o->target.db = argv[optind];	/* NULL at the end */
	if (o->target.db != NULL && *o->target.db == '\0')
		tool_usage("the database name is empty");
	if (o->timeout == 0 || o->timeout > 86400)
		tool_usage("--timeout: from 1s to 1d");
	if (o->databases && (o->json || o->prometheus != NULL))
		tool_usage("--databases prints their names only");
	if (o->json && o->prometheus != NULL &&
	    strcmp(o->prometheus, "-") == 0)
		tool_usage("--json and --prometheus -: both print");
}

/* Defaults from the environment. */
static void
set_defaults(struct options *o)
{
	const char *log = getenv("BK_AUDIT_LOG");

	if (o->target.db == NULL && getenv("PGDATABASE") == NULL &&
	    getenv("PGSERVICE") == NULL)
		o->target.db = getenv("DATABASE_URL");
	o->target.app = "bk-stat";
	o->target.shared = 1;
	o->target.ca_file = ca_file_postgres();
	/* half, to leave time for a second address; libpq's minimum is 2 */
	(void)snprintf(o->connect_timeout, sizeof(o->connect_timeout), "%ju",
	    (uintmax_t)(o->timeout < 4 ? 2 : o->timeout / 2));
	if (getenv("PGCONNECT_TIMEOUT") == NULL)
		o->target.connect_timeout = o->connect_timeout;
	/* it does not exist before the first run of any tool */
	if (o->log == NULL && log != NULL && access(log, F_OK) == 0)
		o->log = log;
}

/*
 * The time limit.  The server is asked to enforce it as well, but a stopped
 * server or a silent network or name server cannot: a thread then ends the
 * process.
 */
static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t limit_wake;
static struct timespec limit_end;
static int limit_over;

static void *
watch_limit(void *arg)
{
	uint64_t seconds = *(const uint64_t *)arg;
	char text[BK_NUM_TEXT];
	struct bk_err e = {0};
	int rc = 0;

	pthread_mutex_lock(&limit_lock);
	while (!limit_over && rc == 0)
		rc = pthread_cond_timedwait(&limit_wake, &limit_lock,
		    &limit_end);
	if (!limit_over) {
		bk_duration_format(seconds, text);
		bk_fail(&e, BK_FAIL, "no answer from the server within %s; see "
		    "--timeout", text);
		_exit(tool_end(-1, &e));
	}
	pthread_mutex_unlock(&limit_lock);
	return NULL;
}

/* seconds is borrowed until the process ends. */
static int
limit_start(const uint64_t *seconds, struct bk_err *e)
{
	pthread_condattr_t attr;
	pthread_t tid;

	(void)clock_gettime(CLOCK_MONOTONIC, &limit_end);
	limit_end.tv_sec += (time_t)*seconds;
	if (pthread_condattr_init(&attr) != 0 ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&limit_wake, &attr) != 0)
		return bk_fail(e, BK_FAIL, "cannot set a time limit");
	if (bk_thread_start(&tid, watch_limit, (void *)seconds, e) == -1)
		return -1;
	(void)pthread_detach(tid);
	return 0;
}

/* Stop the time limit: the rest ends by itself. */
static void
limit_stop(void)
{
	pthread_mutex_lock(&limit_lock);
	limit_over = 1;
	pthread_cond_signal(&limit_wake);
	pthread_mutex_unlock(&limit_lock);
}

/* The server's document; NULL with *e set. */
static json_t *
read_health(struct options *o, struct bk_err *e)
{
	double end = bk_monotonic() + (double)o->timeout;
	PGconn *conn = bk_conn_open(&o->target, e);
	json_t *doc = NULL;

	if (conn != NULL) {
		narrow_read(o->log);
		if (o->prometheus != NULL && strcmp(o->prometheus, "-") != 0)
			narrow_write(o->prometheus);
		tool_narrow();
		o->stat.seconds = end - bk_monotonic();
		doc = bk_health_read(conn, &o->stat, e);
	}
	PQfinish(conn);
	return doc;
}

static int
print(const struct bk_buf *text, struct bk_err *e)
{
	return bk_io_write(STDOUT_FILENO, text->data, text->len,
	    "standard output", e);
}

static int
write_metrics(const struct options *o, const json_t *doc, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = bk_stat_prometheus(doc, time(NULL), &text, e);

	if (rc == 0)
		rc = strcmp(o->prometheus, "-") == 0 ? print(&text, e) :
		    bk_textfile_store(o->prometheus, &text, e);
	bk_buf_free(&text);
	return rc;
}

static int
write_page(const struct options *o, const json_t *doc, struct bk_err *e)
{
	struct bk_buf text = {0};
	int rc = o->json ? bk_stat_json(doc, &text, e) :
	    bk_stat_text(doc, o->stat.tables, time(NULL), &text, e);

	if (rc == 0)
		rc = print(&text, e);
	bk_buf_free(&text);
	return rc;
}

/* --databases: a bare listing of their names. */
static int
print_databases(const struct options *o, struct bk_err *e)
{
	PGconn *conn = bk_server_open(&o->target, NULL, e);
	PGresult *res = conn == NULL ? NULL : bk_swap_databases(conn, e);
	struct bk_buf text = {0};
	int i, rc = res == NULL ? -1 : 0;

	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = bk_record_format(&text, &(struct bk_record){ .bare = 1,
		    .name = PQgetvalue(res, i, 0) }, e);
	if (rc == 0)
		rc = bk_io_write(STDOUT_FILENO, text.data, text.len,
		    "standard output", e);
	bk_buf_free(&text);
	PQclear(res);
	PQfinish(conn);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct options o = { .stat.tables = 10, .timeout = 30 };
	char name[256];
	struct bk_err e = {0};
	json_t *doc = NULL;
	int rc = -1;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	set_defaults(&o);
	bk_server_guess(o.target.db != NULL ? o.target.db :
	    getenv("PGDATABASE"), name, sizeof(name));
	tool_run("monitor", name, NULL);

	if (limit_start(&o.timeout, &e) == 0 && o.databases)
		rc = print_databases(&o, &e);
	else if (e.code == BK_OK &&
	    (doc = read_health(&o, &e)) != NULL) {
		tool_audit()->source = bk_stat_string(json_object_get(doc,
		    "server"), "database");
		rc = o.log == NULL ? 0 : bk_stat_log(doc, o.log, &e);
	}
	limit_stop();
	/* metrics that could not be determined stay as they were */
	if (rc == 0 && o.prometheus != NULL)
		rc = write_metrics(&o, doc, &e);
	if (doc != NULL && (o.json || o.prometheus == NULL) &&
	    write_page(&o, doc, &e) == -1)
		rc = -1;
	if (bk_io_close(STDOUT_FILENO, "standard output", &e) == -1)
		rc = -1;
	rc = tool_end(rc, &e);
	json_decref(doc);
	return rc;
}
