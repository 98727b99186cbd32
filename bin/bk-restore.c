/* bk-restore: load a dump into a database, see bk-restore(1) */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/pg/globals.h"
#include "../lib/pg/newdb.h"
#include "../lib/pg/pour.h"
#include "../lib/pg/restore.h"
#include "../lib/pg/restore_analyze.h"
#include "../lib/pg/restore_part.h"
#include "../lib/pg/server.h"
#include "../lib/pg/swap.h"
#include "in.h"
#include "restore.h"
#include "tool.h"
#include "when.h"

extern char **environ;

#define INPUT "standard input"

static const struct bk_tool tool = {
	.name = "bk-restore",
	.usage = "[-qv] [-j N] [-h HOST] [-p PORT] [-U USER] [OPTION ...] "
	    "[--into] DBNAME|URI",
	.help =
"Example: bk-s3get s3://b/shop | bk-crypt -d | bk-gz -d | bk-restore -j8 shop\n"
"\n"
"usage: bk-restore [OPTION ...] DBNAME|URI       load, prove, swap in\n"
"       bk-restore [OPTION ...] --into DBNAME|URI  load a new or empty database\n"
"       bk-restore --rollback | --drop-old | --list-old DBNAME|URI\n"
"\n"
"  -j, --jobs N       connections that load (default: 4, or CPUs if fewer)\n"
"  -h HOST -p PORT -U USER  as psql has them; -q, -v: no, more progress\n"
"  -t TABLE, -n SCHEMA  only these, in one transaction, into a database in use\n"
"      --data-only, --replace-table  of -t, -n: add rows; empty tables first\n"
"      --globals      make missing roles first (of bk-dump --globals)\n"
"      --no-owner --no-acl --role ROLE   as pg_restore has them\n"
"      --replace DBNAME  swap though the dump is of this very database\n"
"      --sealed, --unsealed  --into, too, only sealed input; swap without seal\n"
"      --rollback     swap back what the last swap put aside\n"
"      --drop-old, --list-old  drop, list what swaps have put aside\n"
"\n"
"Reads what bk-dump and pg_dump write, of any format but directory.\n"
"Exit: 0 restored, 1 could not, 2 wrong call, 3 input refused, 4 nothing old\n"
"there, 5 another bk-restore is at work on it.\n",
};

enum { INTO = BK_OPT_TOOL, PART, DATA_ONLY, REPLACE_TABLE, GLOBALS, NO_OWNER, NO_ACL, ROLE, REPLACE, SEALED,
	UNSEALED, ROLLBACK, DROP_OLD, LIST_OLD };

static const struct option options[] = {
	BK_TOOL_LONGOPTS,
	{ "jobs", required_argument, NULL, 'j' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "username", required_argument, NULL, 'U' },
	{ "no-password", no_argument, NULL, 'w' },
	{ "into", no_argument, NULL, INTO },
	{ "table", required_argument, NULL, 't' },
	{ "schema", required_argument, NULL, 'n' },
	{ "data-only", no_argument, NULL, DATA_ONLY },
	{ "replace-table", no_argument, NULL, REPLACE_TABLE },
	{ "globals", no_argument, NULL, GLOBALS },
	{ "no-owner", no_argument, NULL, NO_OWNER },
	{ "no-acl", no_argument, NULL, NO_ACL },
	{ "role", required_argument, NULL, ROLE },
	{ "replace", required_argument, NULL, REPLACE },
	{ "sealed", no_argument, NULL, SEALED },
	{ "unsealed", no_argument, NULL, UNSEALED },
	{ "rollback", no_argument, NULL, ROLLBACK },
	{ "drop-old", no_argument, NULL, DROP_OLD },
	{ "list-old", no_argument, NULL, LIST_OLD },
	{ 0 }
};

/* What the command line says. */
static struct bk_progress progress = { .item = "tables" };
static atomic_int child;
static struct bk_restore_options how = { .progress = &progress,
	.child = &child };
static const char *replace, *jobs;
static struct bk_restore_names names;
static const char *name_list[256];	/* tables from the front, schemas
					 * from the back */
static enum bk_part_how part_how;
static int mode, globals, sealed, unsealed, show;

/* The run, for whoever has to clean up behind it, too. */
static struct site site;
static char newdb[BK_NEWDB_NAME];	/* being loaded; "": none */
static struct bk_restore *archive;
static struct bk_restore_report report;

/* Stop pg_restore or psql, and drop what is not complete. */
static void
clean_up(void)
{
	struct bk_err ignored = {0};
	PGconn *own;

	if (child > 0)
		(void)kill((pid_t)child, SIGTERM);
	if (newdb[0] == '\0' || (own = bk_server_again(site.admin, &ignored)) ==
	    NULL)
		return;
	if (bk_newdb_drop(own, newdb, &ignored) == 0)
		newdb[0] = '\0';
	PQfinish(own);
}

static ssize_t
read_input(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_in_read(ctx, buf, n, e);
}

/* An --into database that exists must be empty. */
static int
check_empty(struct bk_err *e)
{
	long n;

	if (mode != INTO || !site.exists)
		return 0;
	if (site_count(&site, site.target.data, &n, e) == -1)
		return -1;
	return n == 0 ? 0 : bk_fail(e, BK_DATA, "database \"%s\": is not "
	    "empty; --into loads a new or an empty one, and without it the "
	    "dump takes its place", site.target.data);
}

/* What is put aside must not be what the dump was made of. */
static int
refuse_source(struct bk_err *e)
{
	if (mode == INTO || !site.exists || replace != NULL || archive == NULL)
		return 0;
	return site_refuse_source(&site, bk_restore_system(archive),
	    bk_restore_toc(archive)->dbname, e);
}

/* What can be refused before anything is created. */
static int
check_archive(struct bk_err *e)
{
	struct bk_buf program = {0};
	const char *sql;
	int rc, made;

	if (refuse_source(e) == -1)
		return -1;
	rc = bk_restore_find_program(archive, &how.bindir,
	    PQserverVersion(site.conn), &program, e);
	bk_buf_free(&program);
	if (rc == -1 || !globals)
		return rc;
	if ((sql = bk_restore_globals(archive)) == NULL)
		return bk_fail(e, BK_DATA, INPUT ": holds no roles; dump with "
		    "bk-dump --globals, or leave --globals out");
	return bk_globals_apply(site.conn, sql, &made, e);
}

/*
 * The new database to load into.  Who made an empty one for --into chose its
 * encoding and locale; else they are the dump's.
 */
static int
make_database(struct bk_err *e)
{
	const int chosen = mode == INTO && site.exists;
	const struct bk_newdb_like like = { .target = site.target.data,
	    .toc = archive == NULL || chosen ? NULL : bk_restore_toc(archive),
	    .no_owner = how.no_owner };
	int swept, rc;

	if (bk_newdb_sweep(site.conn, site.target.data, &swept, e) == -1)
		return -1;
	/* a database half made could not be dropped */
	bk_tool_signals_hold();
	rc = bk_newdb_create(site.conn, &like, newdb, e);
	bk_tool_signals_release();
	if (rc == -1)
		return -1;
	return bk_conn_params_database(site.params, newdb, e);
}

static int
load_archive(struct bk_err *e)
{
	if (check_archive(e) == -1 || make_database(e) == -1)
		return -1;
	if (bk_restore_is_opaque(archive))
		return bk_restore_whole(archive, &how, &report, e);
	return bk_restore_load(archive, &how, &report, e);
}

/* -t and -n: into a database in use; what is to be said about it is said. */
static int
load_part(struct bk_err *e)
{
	struct bk_buf notes = {0};
	char *line, *end;
	int rc;

	if (!site.exists)
		return bk_fail(e, BK_NONE, "database \"%s\": is not there; -t "
		    "and -n load into one that is", site.target.data);
	if (archive == NULL || bk_restore_is_opaque(archive))
		return bk_fail(e, BK_DATA, INPUT ": -t and -n want an "
		    "uncompressed custom-format archive; load it with --into "
		    "and copy the table from there");
	if (bk_conn_params_database(site.params, site.target.data, e) == -1)
		return -1;
	rc = bk_restore_part(archive, &how, &names, part_how, &report, &notes,
	    e);
	for (line = notes.data; rc == 0 && line != NULL && *line != '\0' &&
	    show >= 0; line = end + 1) {
		end = line + strcspn(line, "\n");
		bk_tool_say("%s: %.*s", site.target.data, (int)(end - line),
		    line);
	}
	bk_buf_free(&notes);
	return rc;
}

static int
load_foreign(enum bk_pour_kind kind, struct bk_source src, int whole,
    struct bk_err *e)
{
	double started = bk_when_monotonic();

	if (globals)
		return bk_fail(e, BK_DATA, INPUT ": holds no roles; leave "
		    "--globals out");
	if (make_database(e) == -1 ||
	    bk_pour_run(kind, src, INPUT, &how, !whole, e) == -1 ||
	    bk_restore_analyze(site.params, how.jobs, e) == -1)
		return -1;
	report.seconds = bk_when_monotonic() - started;
	return 0;
}

/*
 * What --into has put aside was empty when it began.  If it still is, nobody
 * wants it back, and before becomes "".
 */
static void
drop_empty(char before[BK_NEWDB_NAME])
{
	struct bk_err ignored = {0};
	long n = 1;

	if (mode != INTO || before[0] == '\0')
		return;
	if (site_count(&site, before, &n, &ignored) == 0 && n == 0 &&
	    bk_newdb_drop(site.conn, before, &ignored) == 0)
		before[0] = '\0';
}

/* Give the new database its name; before: what the old one is called now. */
static int
give_name(char before[BK_NEWDB_NAME], double *seconds, struct bk_err *e)
{
	int rc;

	before[0] = '\0';
	if (newdb[0] == '\0')		/* a part, of one that has a name */
		return 0;
	if (refuse_source(e) == -1 ||
	    bk_newdb_dress(site.conn, newdb, site.target.data, e) == -1)
		return -1;
	bk_tool_signals_hold();
	rc = bk_swap(site.conn, site.admin, newdb, site.target.data, before,
	    seconds, e);
	if (rc == 0) {
		newdb[0] = '\0';
		drop_empty(before);
	}
	bk_tool_signals_release();
	return rc;
}

/* Of a database that was not there, the dump alone knows settings and rights. */
static int
dress_from_dump(struct bk_err *e)
{
	if (archive == NULL || site.exists)
		return 0;
	if (bk_conn_params_database(site.params, site.target.data, e) == -1)
		return -1;
	return bk_restore_database(archive, &how, site.target.data, e);
}

static void
tell(uint64_t bytes, const char *before, double seconds)
{
	char counts[96] = "";

	if (show < 0)
		return;
	if (report.table != NULL)
		(void)snprintf(counts, sizeof(counts), "%" PRIu64 " row%s, %"
		    PRIu64 " table%s, ", report.rows, report.rows == 1 ? "" :
		    "s", report.tables, report.tables == 1 ? "" : "s");
	if (before[0] == '\0')
		bk_tool_say("%s: %s%.1f s, %.0f MB/s", site.target.data, counts,
		    report.seconds, (double)bytes / 1e6 / report.seconds);
	else
		bk_tool_say("%s: %s%.1f s, %.0f MB/s; swapped in %.3f s, "
		    "before: %s", site.target.data, counts, report.seconds,
		    (double)bytes / 1e6 / report.seconds, seconds, before);
}

static int
restore(struct bk_err *e)
{
	struct bk_in *in = bk_in_open(STDIN_FILENO, INPUT, BK_IN_NONEMPTY |
	    (sealed ? BK_IN_SEALED : 0), e);
	struct bk_source src = { .read = read_input, .ctx = in };
	char before[BK_NEWDB_NAME];
	enum bk_pour_kind kind;
	const uint8_t *head;
	double seconds;
	uint8_t nothing;
	size_t n;
	int rc = -1;

	if (in == NULL)
		return -1;
	head = bk_in_head(in, &n);
	kind = bk_pour_recognise(head, n);
	if ((n == 0 && bk_in_read(in, &nothing, 1, e) == -1) ||
	    bk_pour_refuse(kind, INPUT, e) == -1)
		goto done;
	if (mode != INTO && !bk_in_sealed(in) && !unsealed) {
		bk_fail(e, BK_DATA, INPUT ": not sealed: nothing tells "
		    "whether it is complete; put bk-seal before the program "
		    "that wrote it, or load it with --into, or say "
		    "--unsealed");
		goto done;
	}
	if (site_open(&site, e) == -1)
		goto done;
	how.params = site.params;
	if (check_empty(e) == -1 ||
	    (kind == BK_POUR_ARCHIVE &&
	    (archive = bk_restore_open(src, INPUT, e)) == NULL))
		goto done;
	if ((mode == PART ? load_part(e) :
	    kind == BK_POUR_ARCHIVE ? load_archive(e) :
	    load_foreign(kind, src, bk_in_sealed(in), e)) == -1 ||
	    give_name(before, &seconds, e) == -1 || dress_from_dump(e) == -1)
		goto done;
	tell(bk_in_bytes(in), before, seconds);
	rc = 0;
 done:
	bk_tool_audit()->size_bytes = bk_in_bytes(in);
	bk_in_free(in);
	return rc;
}

static void
set_mode(int m)
{
	if (mode != 0 && mode != m)
		bk_tool_usage("--into, -t or -n, --rollback ...: one of them");
	mode = m;
}

static void
add_name(int ch, const char *name)
{
	const size_t max = sizeof(name_list) / sizeof(name_list[0]);

	set_mode(PART);
	if (names.ntables + names.nschemas == max)
		bk_tool_usage("-t, -n: more than %zu", max);
	names.table = name_list;
	if (ch == 't') {
		name_list[names.ntables++] = name;
	} else {
		name_list[max - ++names.nschemas] = name;
		names.schema = name_list + max - names.nschemas;
	}
}

static void
take_option(int ch)
{
	switch (ch) {
	case 'j': jobs = optarg; break;
	case 'q': show = -1; break;
	case 'v': show = 1; break;
	case 'h': site.server.host = optarg; break;
	case 'p': site.server.port = optarg; break;
	case 'U': site.server.user = optarg; break;
	case 'w': break;		/* never asks anyway */
	case INTO: case ROLLBACK: case DROP_OLD: case LIST_OLD:
		set_mode(ch);
		break;
	case 't': case 'n': add_name(ch, optarg); break;
	case DATA_ONLY: part_how = BK_PART_DATA; break;
	case REPLACE_TABLE: part_how = BK_PART_REPLACE; break;
	case GLOBALS: globals = 1; break;
	case NO_OWNER: how.no_owner = 1; break;
	case NO_ACL: how.no_acl = 1; break;
	case ROLE: how.role = optarg; break;
	case REPLACE: replace = optarg; break;
	case SEALED: sealed = 1; break;
	case UNSEALED: unsealed = 1; break;
	default: bk_tool_option(ch);
	}
}

/* What the command line leaves open, and what it must not say. */
static void
set_defaults(int argc, char *argv[])
{
	const char *tmp = getenv("TMPDIR");
	struct bk_err e = {0};

	if (optind < argc - 1)
		bk_tool_usage("more than one database");
	site.server.db = optind < argc ? argv[optind] : getenv("DATABASE_URL");
	if (site.server.db == NULL)
		bk_tool_usage("no database");
	if (bk_server_database(site.server.db, &site.target, &e) == -1)
		bk_tool_usage("%s", e.msg);
	if (replace != NULL && strcmp(replace, site.target.data) != 0)
		bk_tool_usage("--replace %s: the database is \"%s\"", replace,
		    site.target.data);
	if (part_how != BK_PART_CREATE && mode != PART)
		bk_tool_usage("--data-only, --replace-table: of -t or -n");
	if (mode == PART && globals)
		bk_tool_usage("--globals: not with -t or -n");
	how.jobs = bk_tool_jobs(jobs, 4);
	how.tmpdir = tmp == NULL || *tmp == '\0' ? "/tmp" : tmp;
	how.bindir = (struct bk_bindir){ .dir = getenv("BK_PG_BINDIR"),
	    .path = getenv("PATH"), .env = environ };
	site.server.app = "bk-restore";
}

/* What the audit log calls it. */
static const char *
type(void)
{
	return mode == ROLLBACK ? "rollback" : mode == DROP_OLD ? "drop" :
	    mode == LIST_OLD ? "list" : "restore";
}

static int
run(struct bk_err *e)
{
	switch (mode) {
	case ROLLBACK: return old_roll_back(&site, show < 0, e);
	case DROP_OLD: return old_drop(&site, e);
	case LIST_OLD: return old_list(&site, e);
	default: return restore(e);
	}
}

int
main(int argc, char *argv[])
{
	struct bk_err e = {0};
	int ch, rc;

	bk_tool_start(&tool);
	while ((ch = getopt_long(argc, argv, "h:j:n:p:qt:U:vw", options, NULL)) !=
	    -1)
		take_option(ch);
	set_defaults(argc, argv);
	bk_tool_run(type(), NULL, site.target.data);

	bk_tool_on_signal_slow(clean_up);
	bk_tool_progress(&progress, mode == ROLLBACK || mode == DROP_OLD ||
	    mode == LIST_OLD ? -1 : show);
	rc = run(&e);
	bk_tool_signals_hold();
	clean_up();
	bk_tool_signals_release();
	bk_restore_free(archive);
	rc = bk_tool_end(rc, &e);
	site_close(&site);
	return rc;
}
