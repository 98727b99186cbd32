/* bk-restore: load a dump into a database, see bk-restore(1) */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/majors.h"
#include "base/utctime.h"
#include "pg/server.h"
#include "restore/analyze.h"
#include "restore/foreign.h"
#include "restore/globals.h"
#include "restore/load_partial.h"
#include "restore/newdb.h"
#include "restore/own_name.h"
#include "restore/restore.h"
#include "restore/restore_ready.h"
#include "restore_accept.h"
#include "restore_old.h"
#include "restore_swap.h"
#include "stream/reader.h"
#include "tool/ca_file.h"
#include "tool/programs.h"
#include "tool/rehearsal.h"
#include "tool/signals.h"
#include "tool/tool.h"

#define INPUT "standard input"

enum { INTO = TOOL_OPT_TOOL, TABLES, KEEP_GOING, ACCEPT, DATA_ONLY,
	REPLACE_TABLE, GLOBALS, NO_OWNER, NO_ACL, NO_TABLESPACES, ROLE, REPLACE,
	PART, ANY_SPACE, DISABLE_OLD, SEALED, UNSEALED, ROLLBACK, DROP_OLD,
	LIST_OLD };

static const struct tool_opt options[] = {
	{ INTO, "into", NULL, NULL,
	    "load a new or empty database; nothing is swapped" },
	{ 'j', "jobs", "N", NULL,
	    "number of connections (default: 4, or CPUs if fewer)" },
	TOOL_OPTIONS_SERVER,
	TOOL_OPTIONS_QUIET,
	{ 't', "table", "TABLE", NULL,
	    "only this table, into a live database" },
	{ 'n', "schema", "SCHEMA", NULL,
	    "only this schema, into a live database" },
	{ 'L', "use-list", "FILE", NULL,
	    "only the entries of this list, in its order" },
	{ DATA_ONLY, "data-only", NULL, NULL,
	    "with -t, -n: add the rows to existing tables" },
	{ REPLACE_TABLE, "replace-table", NULL, NULL,
	    "with -t, -n: empty the tables first" },
	{ KEEP_GOING, "keep-going", NULL, NULL,
	    "list the statements that fail, then do not swap" },
	{ ACCEPT, "accept", "FILE", NULL,
	    "swap, if only those listed in FILE fail" },
	{ GLOBALS, "globals", NULL, NULL,
	    "create the dump's roles and tablespaces first" },
	{ NO_OWNER, "no-owner", NULL, NULL, "do not set owners" },
	{ NO_ACL, "no-acl", NULL, NULL, "do not restore privileges" },
	{ NO_TABLESPACES, "no-tablespaces", NULL, NULL,
	    "use the default tablespace" },
	{ ROLE, "role", "ROLE", NULL, "SET ROLE before the restore" },
	{ REPLACE, "replace", "DBNAME", NULL,
	    "replace a database that is not empty" },
	{ PART, "part", NULL, NULL,
	    "with --replace: by a dump of a part of it" },
	{ ANY_SPACE, "any-space", NULL, NULL,
	    "with --replace: even if space seems too small" },
	{ DISABLE_OLD, "disable-old-subscriptions", NULL, NULL,
	    "those of the database set aside" },
	{ SEALED, "sealed", NULL, NULL,
	    "with --into: refuse input that is not sealed" },
	{ UNSEALED, "unsealed", NULL, NULL,
	    "swap even if the input is not sealed" },
	{ ROLLBACK, "rollback", NULL, NULL, "undo the last swap" },
	{ DROP_OLD, "drop-old", NULL, NULL,
	    "drop the databases that swaps set aside" },
	{ LIST_OLD, "list-old", NULL, NULL, "list them" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-restore",
	.example =
"bk-s3get s3://b/shop | bk-crypt -d | bk-gz -d | bk-restore -j8 shop",
	.about =
"Loads a dump of bk-dump or pg_dump, in any format but directory, next to the "
"database, proves it, and puts it in its place.",
	.options = options,
	.settings = TOOL_SETTINGS_SERVER "BK_JOBS BK_PG_BINDIR",
	.operands = "[--into] DBNAME|URI",
	.exits =
"0 done, 1 failed, 2 usage error, 3 refused, 4 no old database, 5 busy",
	.rehearses = 1,
};

#define NAMES_MAX 256
#define FILE_MAX ((size_t)64 << 20)

struct options {
	struct bk_restore_options load;
	const char *replace, *jobs;
	const char *accept, *list;	/* files of --accept, -L */
	struct bk_restore_names names;
	const char *name_list[NAMES_MAX];	/* tables from the front,
						 * schemas from the back */
	enum bk_partial_mode partial;	/* of -t and -n */
	int mode, globals, sealed, unsealed, verbosity;
};

/* The run, also for clean-up. */
static struct bk_progress progress = { .item = "tables" };
static atomic_int child;
static struct bk_target target;
static char newdb[BK_NEWDB_NAME];	/* being loaded; "": none */
static struct bk_restore *archive;
static struct restore_swap swap = { .target = &target, .name = newdb };
static struct bk_restore_report report;
static struct bk_failures failures = BK_FAILURES_INIT;
static struct bk_buf list;		/* the file of -L */

static int
has_own_name(void)
{
	return strcmp(newdb, target.database.data) == 0;
}

/* Stop pg_restore or psql, and drop what is incomplete. */
static void
clean_up(void)
{
	struct bk_err why = {0};
	PGconn *own;

	bk_child_kill(&child);
	if (newdb[0] == '\0' ||
	    (own = bk_server_again(target.admin, &why)) == NULL)
		return;
	/* under its own name only while nobody else can have opened it */
	if (bk_conn_exec(own, "SET statement_timeout = '5min'", &why) == 0 &&
	    (has_own_name() ? bk_own_name_sweep(own, newdb, &why) :
	    bk_newdb_discard(own, newdb, &why)) == 0)
		newdb[0] = '\0';
	else
		tool_say("%s; it stays, and the next bk-restore of "
		    "\"%s\" drops it", why.msg, target.database.data);
	PQfinish(own);
}

static ssize_t
read_input(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	return bk_reader_read(ctx, buf, n, e);
}

/* An --into database that exists must be empty. */
static int
check_empty(const struct options *o, struct bk_err *e)
{
	long n;

	if (o->mode != INTO || !target.exists)
		return 0;
	if (bk_target_refuse_remainder(&target, e) == -1 ||
	    bk_target_count(&target, target.database.data, &n, e) == -1)
		return -1;
	return n == 0 ? 0 : bk_fail(e, BK_DATA, "database \"%s\": is not "
	    "empty; --into needs a new or empty one, and without --into the "
	    "dump replaces it", target.database.data);
}

static int
refuse(struct bk_err *e)
{
	swap.archive = archive;
	return swap_refuse(&swap, e);
}

/* What can be refused before anything is created. */
static int
check_archive(const struct options *o, struct bk_err *e)
{
	struct bk_buf program = {0};
	const char *sql;
	int rc = 0;

	if (bk_restore_is_opaque(archive))
		rc = bk_restore_find_program(archive, &o->load.bindir,
		    BK_PG_MAJOR(PQserverVersion(target.conn)), &program, e);
	bk_buf_free(&program);
	if (rc == -1 || !o->globals)
		return rc;
	if ((sql = bk_restore_globals(archive)) == NULL)
		return bk_fail(e, BK_DATA, INPUT ": holds no roles; dump with "
		    "bk-dump --globals, or leave --globals out");
	return bk_globals_apply(target.conn, sql, !o->load.no_tablespaces, e);
}

/*
 * Create the new database to load into.  An empty one created for --into
 * determines encoding and locale; otherwise the dump does.
 */
static int
make_database(const struct options *o, struct bk_err *e)
{
	const int chosen = o->mode == INTO && target.exists;
	const struct bk_newdb_like like = { .target = target.database.data,
	    .toc = archive == NULL || chosen ? NULL : bk_restore_toc(archive),
	    .no_owner = o->load.no_owner,
	    .no_tablespaces = o->load.no_tablespaces };
	int swept, rc;

	if (bk_newdb_sweep(target.conn, target.database.data, &swept, e) == -1)
		return -1;
	/* a half-created database could not be dropped */
	signals_hold();
	rc = bk_newdb_create(target.conn, &like, newdb, e);
	if (rc == 0 && !target.exists && bk_conn_is_super(target.conn))
		rc = bk_own_name_take(target.conn, target.database.data, newdb,
		    target.params, e);
	else if (rc == 0)
		rc = bk_conn_params_database(target.params, newdb, e);
	signals_release();
	return rc == -1 ? -1 : bk_target_settings(target.conn,
	    target.database.data, archive == NULL ? NULL :
	    bk_restore_toc(archive), target.params, e);
}

static const char needs_split[] = INPUT ": cannot be split, which -L and "
    "--keep-going need; only archives of bk-dump and of pg_dump -Fc -Z0 can";

static int
load_archive(const struct options *o, struct bk_err *e)
{
	if (o->list != NULL && bk_restore_is_opaque(archive))
		return bk_fail(e, BK_DATA, "%s", needs_split);
	if ((o->list != NULL && bk_restore_use_list(archive, list.data == NULL ?
	    "" : list.data, e) == -1) ||
	    check_archive(o, e) == -1 || make_database(o, e) == -1 ||
	    swap_rehearse(&swap, e) == -1)
		return -1;
	if (bk_restore_is_opaque(archive))
		return o->load.failures == NULL ?
		    bk_restore_whole(archive, &o->load, &report, e) :
		    bk_fail(e, BK_DATA, "%s", needs_split);
	return bk_restore_load(archive, &o->load, &report, e);
}

/*
 * An extension such as pg_cron asks for a database of one name, which the new
 * one has only if it is made under its own.
 */
static void
add_way_out(struct bk_err *e)
{
	static const char asks[] = "can only create extension in database ";
	const char *db = target.database.data, *p = strstr(e->msg, asks);

	if (p == NULL)
		return;
	p += strlen(asks);
	if (strncmp(p, db, strlen(db)) == 0 && !has_own_name())
		bk_fail_add(e, "; a new database has that name from the start "
		    "only if no other has it and a superuser restores: rename "
		    "the old one (ALTER DATABASE ... RENAME TO) and try again "
		    "without --replace");
	else
		bk_fail_add(e, "; leave it out with -L or --accept, or have "
		    "the server's configuration name this database");
}

/* Lines about the database, for people. */
static void
tell_notes(const struct options *o, const char *notes)
{
	const char *line, *end;

	for (line = notes; line != NULL && *line != '\0' && o->verbosity >= 0;
	    line = end + 1) {
		end = line + strcspn(line, "\n");
		tool_say("%s: %.*s", target.database.data, (int)(end - line),
		    line);
	}
}

/* -t and -n: load into a database in use, and print the notes about it. */
static int
load_part(const struct options *o, struct bk_err *e)
{
	struct bk_buf notes = {0};
	int rc;

	if (!target.exists)
		return bk_fail(e, BK_NONE, "database \"%s\": does not exist; "
		    "-t and -n load into an existing one",
		    target.database.data);
	if (archive == NULL || bk_restore_is_opaque(archive))
		return bk_fail(e, BK_DATA, INPUT ": -t and -n need an "
		    "uncompressed custom-format archive; load the dump with "
		    "--into and copy the table from there");
	if (bk_conn_params_database(target.params, target.database.data, e) ==
	    -1)
		return -1;
	rc = bk_restore_partial(archive, &o->load, &o->names, o->partial,
	    &report, &notes, e);
	if (rc == 0)
		tell_notes(o, notes.data);
	bk_buf_free(&notes);
	return rc;
}

static int
load_foreign(const struct options *o, enum bk_foreign_kind kind,
    struct bk_source src, int whole, struct bk_err *e)
{
	double started = bk_monotonic();
	struct bk_buf notes = {0}, super = {0};
	int rc = -1;

	if (o->list != NULL ||
	    (kind == BK_FOREIGN_TAR && o->load.failures != NULL))
		return bk_fail(e, BK_DATA, "%s", needs_split);
	if (o->globals)
		return bk_fail(e, BK_DATA, INPUT ": holds no roles; leave "
		    "--globals out");
	if (make_database(o, e) == -1 || swap_rehearse(&swap, e) == -1 ||
	    bk_foreign_load(kind, src, INPUT, &o->load, !whole, &super,
	    e) == -1 ||
	    bk_server_quiet(target.conn, target.params, e) == -1 ||
	    bk_foreign_tell(target.params, super.data, &notes, e) == -1 ||
	    bk_restore_analyze(target.params, o->load.jobs, &notes, e) == -1)
		goto done;
	tell_notes(o, notes.data);
	report.seconds = bk_monotonic() - started;
	rc = 0;
 done:
	bk_buf_free(&notes);
	bk_buf_free(&super);
	return rc;
}

static int
load(const struct options *o, enum bk_foreign_kind kind, struct bk_source src,
    int sealed, struct bk_err *e)
{
	int rc = o->mode == TABLES ? load_part(o, e) :
	    kind == BK_FOREIGN_ARCHIVE ? load_archive(o, e) :
	    load_foreign(o, kind, src, sealed, e);

	if (rc == -1)
		add_way_out(e);
	return rc;
}

static void
tell(const struct options *o, uint64_t bytes, const char *before,
    double seconds)
{
	char counts[96] = "";

	if (o->verbosity < 0)
		return;
	if (report.table != NULL)
		(void)snprintf(counts, sizeof(counts), "%" PRIu64 " row%s, %"
		    PRIu64 " table%s, ", report.rows, report.rows == 1 ? "" :
		    "s", report.tables, report.tables == 1 ? "" : "s");
	if (before[0] == '\0')
		tool_say("%s: %s%.1f s, %.0f MB/s", target.database.data,
		    counts, report.seconds,
		    (double)bytes / 1e6 / report.seconds);
	else
		tool_say("%s: %s%.1f s, %.0f MB/s; swapped in %.3f s, "
		    "before: %s", target.database.data, counts, report.seconds,
		    (double)bytes / 1e6 / report.seconds, seconds, before);
}

/* What options name, before anything else is read. */
static int
read_files(const struct options *o, struct bk_err *e)
{
	if (accept_read(o->accept, e) == -1)
		return -1;
	return o->list == NULL ? 0 : bk_io_slurp(o->list, FILE_MAX, &list, e);
}

static int
restore(struct options *o, struct bk_err *e)
{
	struct bk_reader *in = bk_reader_open(STDIN_FILENO, INPUT,
	    BK_READER_NONEMPTY | (o->sealed ? BK_READER_SEALED : 0), e);
	struct bk_source src = { .read = read_input, .ctx = in };
	char before[BK_NEWDB_NAME];
	enum bk_foreign_kind kind;
	const uint8_t *head;
	double seconds = 0;
	uint8_t nothing;
	size_t n;
	int rc = -1;

	if (in == NULL)
		return -1;
	tool_backup_id(bk_reader_label(in)->run);
	if (read_files(o, e) == -1)
		goto done;
	head = bk_reader_head(in, &n);
	kind = bk_foreign_recognise(head, n);
	if ((n == 0 && bk_reader_read(in, &nothing, 1, e) == -1) ||
	    bk_foreign_refuse(kind, INPUT, e) == -1)
		goto done;
	if (o->mode != INTO && !bk_reader_sealed(in) && !o->unsealed) {
		bk_fail(e, BK_DATA, INPUT ": not sealed, so possibly "
		    "incomplete; run the program that wrote it under bk-seal, "
		    "load it with --into, or use --unsealed");
		goto done;
	}
	if (bk_target_open(&target, e) == -1)
		goto done;
	tool_younger(BK_PG_MAJOR(PQserverVersion(target.conn)));
	o->load.params = target.params;
	if (check_empty(o, e) == -1 ||
	    (kind == BK_FOREIGN_ARCHIVE &&
	    (archive = bk_restore_open(src, INPUT, e)) == NULL) ||
	    refuse(e) == -1)
		goto done;
	if (load(o, kind, src, bk_reader_sealed(in), e) == -1 ||
	    accept_judge(&failures, target.database.data, e) == -1 ||
	    swap_finish(&swap, before, &seconds, e) == -1)
		goto done;
	tell_notes(o, report.notes);
	tell(o, bk_reader_bytes(in), before, seconds);
	rc = 0;
 done:
	tool_audit()->size_bytes = bk_reader_bytes(in);
	bk_reader_free(in);
	return rc;
}

static void
set_mode(struct options *o, int mode)
{
	if (o->mode != 0 && o->mode != mode)
		tool_usage("only one of --into, -t or -n, --rollback, "
		    "--drop-old and --list-old");
	o->mode = mode;
}

static void
add_name(struct options *o, int ch, const char *name)
{
	set_mode(o, TABLES);
	if (o->names.ntables + o->names.nschemas == NAMES_MAX)
		tool_usage("-t, -n: more than %d", NAMES_MAX);
	o->names.table = o->name_list;
	if (ch == 't') {
		o->name_list[o->names.ntables++] = name;
	} else {
		o->name_list[NAMES_MAX - ++o->names.nschemas] = name;
		o->names.schema = o->name_list + NAMES_MAX -
		    o->names.nschemas;
	}
}

static void
parse_option(struct options *o, int ch)
{
	switch (ch) {
	case 'j': o->jobs = optarg; break;
	case 'q': o->verbosity = -1; break;
	case 'v': o->verbosity = 1; break;
	case 'h': target.server.host = optarg; break;
	case 'p': target.server.port = optarg; break;
	case 'U': target.server.user = optarg; break;
	case 'w': break;		/* never prompts anyway */
	case INTO: case ROLLBACK: case DROP_OLD: case LIST_OLD:
		set_mode(o, ch);
		break;
	case 't': case 'n': add_name(o, ch, optarg); break;
	case DATA_ONLY: o->partial = BK_PARTIAL_DATA; break;
	case REPLACE_TABLE: o->partial = BK_PARTIAL_REPLACE; break;
	case 'L': o->list = optarg; break;
	case KEEP_GOING: o->load.failures = &failures; break;
	case ACCEPT:
		o->load.failures = &failures;
		o->accept = optarg;
		break;
	case GLOBALS: o->globals = 1; break;
	case NO_OWNER: o->load.no_owner = 1; break;
	case NO_ACL: o->load.no_acl = 1; break;
	case NO_TABLESPACES: o->load.no_tablespaces = 1; break;
	case ROLE: o->load.role = optarg; break;
	case REPLACE: o->replace = optarg; break;
	case DISABLE_OLD: swap.disable_old = 1; break;
	case PART: swap.part = 1; break;
	case ANY_SPACE: swap.any_space = 1; break;
	case SEALED: o->sealed = 1; break;
	case UNSEALED: o->unsealed = 1; break;
	}
}

/* Set defaults and refuse contradictions. */
static void
set_defaults(struct options *o, int argc, char *argv[])
{
	struct bk_err e = {0};

	if (optind < argc - 1)
		tool_usage("more than one database name");
	target.server.db = optind < argc ? argv[optind] :
	    tool_database_url(NULL, NULL);
	if (optind < argc)
		target.server.url = tool_database_url(argv[optind],
		    target.server.host);
	if (target.server.db == NULL)
		tool_usage("no database name given; bk-restore shop restores "
		    "the database shop");
	if (bk_server_database(target.server.db, &target.database, &e) == -1)
		tool_refuse(&e);
	if (o->replace != NULL && strcmp(o->replace, target.database.data) != 0)
		tool_usage("--replace %s: the database is \"%s\"", o->replace,
		    target.database.data);
	if (o->partial != BK_PARTIAL_CREATE && o->mode != TABLES)
		tool_usage("--data-only, --replace-table: only with -t or -n");
	if (o->mode != 0 && o->mode != INTO &&
	    (o->load.failures != NULL || o->list != NULL))
		tool_usage("--keep-going, --accept, -L: not with -t, -n, "
		    "--rollback, --drop-old or --list-old");
	if (o->mode == TABLES && o->globals)
		tool_usage("--globals: not with -t or -n");
	o->load.jobs = tool_jobs(o->jobs, 4);
	o->load.bindir = programs_places(NULL);
	target.server.app = "bk-restore";
	target.server.ca_file = ca_file_postgres();
	swap.load = &o->load;
	swap.into = o->mode != 0;
	swap.replace = o->replace != NULL;
	swap.quiet = o->verbosity < 0;
}

/* The operation's name in the audit log. */
static const char *
type(const struct options *o)
{
	return o->mode == ROLLBACK ? "rollback" : o->mode == DROP_OLD ? "drop" :
	    o->mode == LIST_OLD ? "list" : "restore";
}

static int
run(struct options *o, struct bk_err *e)
{
	switch (o->mode) {
	case ROLLBACK: return old_roll_back(&target, o->verbosity < 0, e);
	case DROP_OLD: return old_drop(&target, e);
	case LIST_OLD: return old_list(&target, e);
	default: return restore(o, e);
	}
}

int
main(int argc, char *argv[])
{
	struct options o = { .load = { .progress = &progress,
	    .child = &child } };
	struct bk_err e = {0};
	int ch, rc;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(&o, ch);
	set_defaults(&o, argc, argv);
	tool_run(type(&o), NULL, target.database.data);
	if (rehearsing())
		return tool_end(bk_restore_ready(&target.server,
		    &o.load.bindir, rehearsal_report, &e), &e);

	signals_catch(clean_up);
	tool_progress(&progress, o.mode == ROLLBACK || o.mode == DROP_OLD ||
	    o.mode == LIST_OLD ? -1 : o.verbosity);
	rc = run(&o, &e);
	signals_hold();
	/* first: to clean up may take long */
	if (rc == -1 && !e.quiet) {
		tool_say("%s", e.msg);
		e.quiet = 1;
	}
	clean_up();
	signals_release();
	bk_restore_free(archive);
	bk_failures_free(&failures);
	accept_free();
	bk_buf_free(&list);
	rc = tool_end(rc, &e);
	bk_target_close(&target, rc != 0);
	return rc;
}
