/* bk-restore: load a dump into a database, see bk-restore(1) */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/pg/newdb.h"
#include "../lib/pg/restore.h"
#include "../lib/pg/swap.h"
#include "in.h"
#include "num.h"
#include "tool.h"

extern char **environ;

static const struct bk_tool tool = {
	.name = "bk-restore",
	.usage = "[-qv] [-j N] [-h HOST] [-p PORT] [-U USER] [OPTION ...] "
	    "[--into] DBNAME|URI",
	.help =
"Example: bk-s3get s3://b/shop | bk-crypt -d | bk-gz -d | bk-restore -j8 shop\n"
"\n",
};

enum { INTO = BK_OPT_TOOL, NO_OWNER, NO_ACL, ROLE, REPLACE, SEALED, UNSEALED };

static const struct option options[] = {
	BK_TOOL_LONGOPTS,
	{ "jobs", required_argument, NULL, 'j' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "username", required_argument, NULL, 'U' },
	{ "into", required_argument, NULL, INTO },
	{ "no-owner", no_argument, NULL, NO_OWNER },
	{ "no-acl", no_argument, NULL, NO_ACL },
	{ "role", required_argument, NULL, ROLE },
	{ "replace", required_argument, NULL, REPLACE },
	{ "sealed", no_argument, NULL, SEALED },
	{ "unsealed", no_argument, NULL, UNSEALED },
	{ 0 }
};

static struct bk_conn_target server;
static struct bk_progress progress = { .item = "tables" };
static volatile sig_atomic_t child;
static struct bk_restore_options how = { .progress = &progress,
	.child = &child };
static const char *into, *replace;
static int sealed, unsealed, show;

/* The run, for whoever has to clean up behind it. */
static char target[BK_NEWDB_NAME];
static char newdb[BK_NEWDB_NAME];	/* being loaded; "": none */
static PGconn *conn;			/* to a database that stays */
static struct bk_conn_params *admin;	/* the same one's */

static void
clean_up(void)
{
	struct bk_err ignored = {0};
	PGconn *own;

	if (child > 0)
		(void)kill((pid_t)child, SIGTERM);
	if (newdb[0] == '\0' || (own = bk_conn_again(admin, &ignored)) == NULL)
		return;
	(void)bk_newdb_drop(own, newdb, &ignored);
	PQfinish(own);
}

static ssize_t
read_input(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_in_read(ctx, buf, n, e);
}

static int
connect_admin(struct bk_err *e)
{
	server.app = "bk-restore";
	server.instead = "postgres";
	if ((conn = bk_conn_open(&server, e)) == NULL)
		return -1;
	admin = bk_conn_params(conn, e);
	return admin == NULL ? -1 : 0;
}

static int
make_database(const struct bk_restore *r, struct bk_err *e)
{
	const struct bk_newdb_like like = { .target = target,
	    .toc = bk_restore_toc(r), .no_owner = how.no_owner };
	struct bk_conn_params *params;
	int n, rc;

	if (bk_newdb_lock(conn, target, e) == -1 ||
	    bk_newdb_sweep(conn, target, &n, e) == -1)
		return -1;
	/* a database half made could not be dropped */
	bk_tool_signals_hold();
	rc = bk_newdb_create(conn, &like, newdb, e);
	bk_tool_signals_release();
	if (rc == -1 || (params = bk_conn_params(conn, e)) == NULL)
		return -1;
	how.params = params;
	return bk_conn_params_database(params, newdb, e);
}

static int
finish(struct bk_err *e)
{
	char before[BK_NEWDB_NAME];
	double seconds;
	int rc;

	if (bk_newdb_dress(conn, newdb, target, e) == -1)
		return -1;
	bk_tool_signals_hold();
	rc = bk_swap(conn, admin, newdb, target, before, &seconds, e);
	if (rc == 0)
		newdb[0] = '\0';
	bk_tool_signals_release();
	if (rc == 0 && before[0] != '\0')
		bk_tool_say("%s: swapped in %.3f s; before: %s", target,
		    seconds, before);
	return rc;
}

static int
restore(struct bk_in *in, struct bk_err *e)
{
	struct bk_source src = { .read = read_input, .ctx = in };
	struct bk_restore_report report = {0};
	struct bk_restore *r = bk_restore_open(src, "standard input", e);
	int rc = -1;

	if (r == NULL || connect_admin(e) == -1 || make_database(r, e) == -1 ||
	    bk_restore_load(r, &how, &report, e) == -1)
		goto done;
	if ((rc = finish(e)) == 0)
		bk_tool_say("%s: %" PRIu64 " rows, %" PRIu64 " tables, %.1f s, "
		    "%.0f MB/s", target, report.rows, report.tables,
		    report.seconds, (double)report.bytes / 1e6 /
		    report.seconds);
 done:
	bk_restore_free(r);
	return rc;
}

static unsigned
jobs_from(const char *s, const char *what)
{
	struct bk_err e = {0};
	uint64_t v;

	if (bk_num_parse(s, 1, 256, what, &v, &e) == -1)
		bk_tool_usage("%s", e.msg);
	return (unsigned)v;
}

static void
take_option(int ch)
{
	switch (ch) {
	case 'j': how.jobs = jobs_from(optarg, "-j"); break;
	case 'q': show = -1; break;
	case 'v': show = 1; break;
	case 'h': server.host = optarg; break;
	case 'p': server.port = optarg; break;
	case 'U': server.user = optarg; break;
	case INTO: into = optarg; break;
	case NO_OWNER: how.no_owner = 1; break;
	case NO_ACL: how.no_acl = 1; break;
	case ROLE: how.role = optarg; break;
	case REPLACE: replace = optarg; break;
	case SEALED: sealed = 1; break;
	case UNSEALED: unsealed = 1; break;
	default: bk_tool_option(ch);
	}
}

int
main(int argc, char *argv[])
{
	struct bk_err e = {0};
	struct bk_in *in;
	int ch, rc = -1;

	bk_tool_start(&tool);
	while ((ch = getopt_long(argc, argv, "j:qvh:p:U:", options, NULL)) !=
	    -1)
		take_option(ch);
	if (into == NULL)
		into = argv[optind];
	snprintf(target, sizeof(target), "%s", into);
	if (how.jobs == 0)
		how.jobs = 2;
	how.tmpdir = "/tmp";
	how.bindir = (struct bk_bindir){ .dir = getenv("BK_PG_BINDIR"),
	    .path = getenv("PATH"), .env = environ };
	bk_tool_on_signal_slow(clean_up);
	bk_tool_progress(&progress, show);
	in = bk_in_open(STDIN_FILENO, "standard input", BK_IN_NONEMPTY, &e);
	if (in != NULL)
		rc = restore(in, &e);
	bk_tool_signals_hold();
	clean_up();
	bk_tool_signals_release();
	bk_in_free(in);
	return bk_tool_end(rc, &e);
}
