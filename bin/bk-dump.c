/* bk-dump: dump one PostgreSQL database, see bk-dump(1) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "dump/dump.h"
#include "dump/dump_ready.h"
#include "pg/server.h"
#include "stream/writer.h"
#include "tool/ca_file.h"
#include "tool/programs.h"
#include "tool/rehearsal.h"
#include "tool/signals.h"
#include "tool/tool.h"

enum { PASS = TOOL_OPT_TOOL, REFUSE, REFUSE_KEPT, GLOBALS, ANY_CLOCK, LOCK,
	LOCK_WAIT, ROLE, DIGITS, ROW_SECURITY, DEFERRABLE };

static const struct tool_opt options[] = {
	{ 'j', "jobs", "N", NULL,
	    "connections (default: 4, or CPUs if fewer)" },
	TOOL_OPTIONS_SERVER,
	{ 'd', "dbname", "DBNAME", NULL, "" },
	TOOL_OPTIONS_QUIET,
	{ GLOBALS, "globals", NULL, NULL,
	    "roles and tablespaces too (pg_dumpall -g)" },
	{ LOCK, "lock", "[=fail|wait]", NULL,
	    "exit 5 (or wait) if another --lock dump is running" },
	{ ANY_CLOCK, "any-clock", NULL, NULL,
	    "even if the server's clock is far from this host's" },
	{ LOCK_WAIT, "lock-wait-timeout", "TIME", NULL,
	    "per table (default 60s)" },
	/* pg_dump's that we must know, too */
	{ ROLE, "role", "ROLE", NULL, "" },
	{ DIGITS, "extra-float-digits", "N", NULL, "" },
	{ ROW_SECURITY, "enable-row-security", NULL, NULL, "" },
	{ DEFERRABLE, "serializable-deferrable", NULL, NULL, "" },
	{ 'F', "format", "FORMAT", "custom", "" },
	/* pg_dump's, of 13 to 18, that are passed on */
	{ 'a', "data-only", NULL, NULL, "" },
	{ 'b', "blobs", NULL, NULL, "" },
	{ 'B', "no-blobs", NULL, NULL, "" },
	{ 'c', "clean", NULL, NULL, "" },
	{ 'C', "create", NULL, NULL, "" },
	{ 'e', "extension", "PATTERN", NULL, "" },
	{ 'E', "encoding", "ENCODING", NULL, "" },
	{ 'n', "schema", "PATTERN", NULL, "" },
	{ 'N', "exclude-schema", "PATTERN", NULL, "" },
	{ 'O', "no-owner", NULL, NULL, "" },
	{ 's', "schema-only", NULL, NULL, "" },
	{ 'S', "superuser", "NAME", NULL, "" },
	{ 't', "table", "PATTERN", NULL, "" },
	{ 'T', "exclude-table", "PATTERN", NULL, "" },
	{ 'x', "no-privileges", NULL, NULL, "" },
	{ PASS, "disable-dollar-quoting", NULL, NULL, "" },
	{ PASS, "disable-triggers", NULL, NULL, "" },
	{ PASS, "exclude-extension", "PATTERN", NULL, "" },
	{ PASS, "exclude-table-and-children", "PATTERN", NULL, "" },
	{ PASS, "exclude-table-data", "PATTERN", NULL, "" },
	{ PASS, "exclude-table-data-and-children", "PATTERN", NULL, "" },
	{ PASS, "filter", "FILE", NULL, "" },
	{ PASS, "if-exists", NULL, NULL, "" },
	{ PASS, "include-foreign-data", "PATTERN", NULL, "" },
	{ PASS, "large-objects", NULL, NULL, "" },
	{ PASS, "load-via-partition-root", NULL, NULL, "" },
	{ PASS, "no-acl", NULL, NULL, "" },
	{ PASS, "no-comments", NULL, NULL, "" },
	{ PASS, "no-data", NULL, NULL, "" },
	{ PASS, "no-large-objects", NULL, NULL, "" },
	{ PASS, "no-policies", NULL, NULL, "" },
	{ PASS, "no-publications", NULL, NULL, "" },
	{ PASS, "no-schema", NULL, NULL, "" },
	{ PASS, "no-security-labels", NULL, NULL, "" },
	{ PASS, "no-statistics", NULL, NULL, "" },
	{ PASS, "no-subscriptions", NULL, NULL, "" },
	{ PASS, "no-sync", NULL, NULL, "" },
	{ PASS, "no-toast-compression", NULL, NULL, "" },
	{ PASS, "no-unlogged-table-data", NULL, NULL, "" },
	{ PASS, "quote-all-identifiers", NULL, NULL, "" },
	{ PASS, "section", "SECTION", "pre-data|data|post-data", "" },
	{ PASS, "sequence-data", NULL, NULL, "" },
	{ PASS, "statistics", NULL, NULL, "" },
	{ PASS, "statistics-only", NULL, NULL, "" },
	{ PASS, "strict-names", NULL, NULL, "" },
	{ PASS, "table-and-children", "PATTERN", NULL, "" },
	{ PASS, "use-set-session-authorization", NULL, NULL, "" },
	{ 'f', "file", "FILE", NULL, TOOL_REFUSED },
	{ 'R', NULL, NULL, NULL, TOOL_REFUSED },
	{ 'W', "password", NULL, NULL, TOOL_REFUSED },
	{ 'Z', "compress", "METHOD", NULL, TOOL_REFUSED },
	{ REFUSE, "attribute-inserts", NULL, NULL, TOOL_REFUSED },
	{ REFUSE, "binary-upgrade", NULL, NULL, TOOL_REFUSED },
	{ REFUSE, "column-inserts", NULL, NULL, TOOL_REFUSED },
	{ REFUSE, "inserts", NULL, NULL, TOOL_REFUSED },
	{ REFUSE, "on-conflict-do-nothing", NULL, NULL, TOOL_REFUSED },
	{ REFUSE, "restrict-key", "KEY", NULL, TOOL_REFUSED },
	{ REFUSE, "rows-per-insert", "N", NULL, TOOL_REFUSED },
	{ REFUSE, "snapshot", "NAME", NULL, TOOL_REFUSED },
	{ REFUSE, "sync-method", "METHOD", NULL, TOOL_REFUSED },
	{ REFUSE_KEPT, "no-table-access-method", NULL, NULL, TOOL_REFUSED },
	{ REFUSE_KEPT, "no-tablespaces", NULL, NULL, TOOL_REFUSED },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-dump",
	.example =
"bk-dump -j4 shop | bk-gz | bk-crypt | bk-s3put s3://b/{db}-{utc}",
	.about =
"Writes a custom-format archive for pg_restore, dumped by N workers on one "
"snapshot.  Connects as psql does: PG*, ~/.pgpass, services, DATABASE_URL\n"
"Select what to dump with pg_dump's options: -t -T -n -N -e -a -s -b -B -c -C "
"-O -x -E -S --role --section --exclude-table-data ...",
	.options = options,
	.settings = TOOL_SETTINGS_SERVER "BK_JOBS BK_PG_BINDIR",
	.operands = "[PG_DUMP-OPTION ...] [DBNAME|URI]",
	.exits = "0 done, 1 failed, 2 usage error, 5 busy: try again later",
	.rehearses = 1,
};

struct options {
	struct bk_dump dump;
	char **args;		/* for pg_dump; n of them, and NULL */
	size_t nargs;
	const char *jobs;	/* of -j, or NULL */
	int verbosity;		/* -q: -1, -v: 1 */
};

static struct bk_progress progress = { .item = "tables" };
static atomic_int child;	/* pg_dump, for stop_child() */

static void
stop_child(void)
{
	bk_child_kill(&child);
}

/* Pass an option to pg_dump as one argument. */
static void
pass(struct options *o, int ch, struct bk_err *e)
{
	struct bk_buf b = {0};
	const char *value = optarg == NULL ? "" : optarg;
	char **more = realloc(o->args, (o->nargs + 2) * sizeof(*more));

	if (more == NULL) {
		bk_fail_memory(e);
		return;
	}
	o->args = more;
	if (ch < 0x80)
		(void)bk_buf_printf(&b, e, "-%c%s", ch, value);
	else
		(void)bk_buf_printf(&b, e, "--%s%s%s", tool_opt()->name,
		    optarg == NULL ? "" : "=", value);
	more[o->nargs++] = b.data;
	more[o->nargs] = NULL;
}

static void
set_lock(struct options *o, const char *arg)
{
	if (arg == NULL || strcmp(arg, "fail") == 0)
		o->dump.lock = BK_DUMP_LOCK_FAIL;
	else if (strcmp(arg, "wait") == 0)
		o->dump.lock = BK_DUMP_LOCK_WAIT;
	else
		tool_usage("--lock: \"fail\" or \"wait\", not \"%s\"", arg);
}

static void
check_format(const char *arg)
{
	if (strcmp(arg, "c") != 0 && strcmp(arg, "custom") != 0)
		tool_usage("-F, --format: \"custom\" is what bk-dump writes, "
		    "not \"%s\"; pg_restore makes SQL of it", arg);
}

/* An option of bk-dump, or one that both it and pg_dump must know. */
static void
parse_option(struct options *o, int ch, struct bk_err *e)
{
	switch (ch) {
	case 'j': o->jobs = optarg; return;
	case 'q': o->verbosity = -1; return;
	case 'v': o->verbosity = 1; return;
	case 'd': o->dump.target.db = optarg; return;
	case 'h': o->dump.target.host = optarg; return;
	case 'p': o->dump.target.port = optarg; return;
	case 'U': o->dump.target.user = optarg; return;
	case 'w': return;		/* never prompts anyway */
	case GLOBALS: o->dump.globals = 1; return;
	case ANY_CLOCK: o->dump.any_clock = 1; return;
	case LOCK: set_lock(o, optarg); return;
	case LOCK_WAIT: o->dump.lock_wait = optarg; return;
	case DEFERRABLE: o->dump.deferrable = 1; return;
	case ROLE: o->dump.role = optarg; break;
	case DIGITS: o->dump.float_digits = optarg; break;
	case ROW_SECURITY: o->dump.row_security = 1; break;
	case 'F': check_format(optarg); return;
	case 'W':
		tool_usage("-W, --password: backups run unattended; put the "
		    "password in ~/.pgpass or PGPASSWORD");
	case REFUSE_KEPT:		/* pg_dump ignores them in an archive */
		tool_usage("--%s: an archive has them in any case; give the "
		    "option to bk-restore or pg_restore",
		    tool_opt()->name);
	case 'f': case 'Z': case 'R':
		tool_usage("-%c: not supported: bk-dump writes an uncompressed "
		    "custom-format archive to standard output",
		    ch);
	case REFUSE:
		tool_usage("--%s: not supported: bk-dump writes an "
		    "uncompressed custom-format archive to standard output",
		    tool_opt()->name);
	default: break;
	}
	pass(o, ch, e);
}

/* Defaults for what the command line does not set. */
static void
set_defaults(struct options *o, int argc, char *argv[])
{
	static char *const none[] = { NULL };

	if (argc - optind + (o->dump.target.db != NULL) > 1)
		tool_usage("more than one database name");
	if (optind < argc)
		o->dump.target.db = argv[optind];
	if (o->dump.target.db != NULL && *o->dump.target.db == '\0')
		tool_usage("the database name is empty");
	if (o->dump.target.db == NULL && getenv("PGDATABASE") == NULL &&
	    getenv("PGSERVICE") == NULL)
		o->dump.target.db = tool_database_url(NULL, NULL);
	else if (o->dump.target.db != NULL)
		o->dump.target.url = tool_database_url(o->dump.target.db,
		    o->dump.target.host);
	o->dump.jobs = tool_jobs(o->jobs, 4);
	o->dump.pg_dump_args = o->args == NULL ? none : o->args;
	o->dump.target.app = "bk-dump";
	o->dump.target.ca_file = ca_file_postgres();
	o->dump.bindir = programs_places(NULL);
	o->dump.progress = &progress;
	o->dump.child = &child;
}

/* Print lines "pg_dump: warning: ..." as messages of our own. */
static void
pass_warnings(char *s)
{
	static const char head[] = "pg_dump: warning: ";
	char *line;

	while ((line = s) != NULL && *line != '\0') {
		if ((s = strchr(line, '\n')) != NULL)
			*s++ = '\0';
		if (strncmp(line, head, sizeof(head) - 1) == 0)
			tool_say("%s", line);
	}
}

/* What would keep us from it; and whose dump it would be, for the next. */
static int
rehearse(struct bk_dump *dump, struct bk_err *e)
{
	struct bk_label label = {0};

	dump->target.connect_timeout = "10";
	if (bk_dump_ready(dump, rehearsal_report, &label, e) == -1)
		return -1;
	return bk_writer_head(STDOUT_FILENO, &label, e);
}

int
main(int argc, char *argv[])
{
	static struct bk_dump_done done;
	static struct options o = { .dump = { .lock_wait = "60s" } };
	struct bk_err e = {0};
	int ch, rc = -1;

	tool_start(&tool);
	while ((ch = tool_getopt(argc, argv)) != -1)
		parse_option(&o, ch, &e);
	set_defaults(&o, argc, argv);
	if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
		tool_usage("standard output is closed");
	if (isatty(STDOUT_FILENO))
		tool_usage("standard output is a terminal; "
		    "redirect it to a file or a pipe");
	bk_server_guess(o.dump.target.db != NULL ? o.dump.target.db :
	    getenv("PGDATABASE"), done.database, sizeof(done.database));
	if (e.code == BK_OK)
		(void)bk_label_run(o.dump.run, &e);
	tool_run("dump", done.database, NULL);
	tool_run_id(o.dump.run);
	if (rehearsing())
		return tool_end(rehearse(&o.dump, &e), &e);

	signals_catch(stop_child);
	tool_progress(&progress, o.verbosity);
	if (e.code == BK_OK)
		rc = bk_dump_run(&o.dump, STDOUT_FILENO, &done, &e);
	pass_warnings(done.warnings);
	tool_younger(done.major);
	tool_audit()->size_bytes = done.bytes;
	return tool_end(rc, &e);
}
