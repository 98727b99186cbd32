/* bk-dump: dump one PostgreSQL database, see bk-dump(1) */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/child.h"
#include "dump/dump.h"
#include "pg/server.h"
#include "signals.h"
#include "tool.h"

extern char **environ;

static const struct tool tool = {
	.name = "bk-dump",
	.usage = "[-qv] [-j N] [-h HOST] [-p PORT] [-U USER] "
	    "[PG_DUMP-OPTION ...] [DBNAME|URI]",
	.help =
"Example: bk-dump -j4 shop | bk-gz | bk-crypt | bk-s3put s3://b/{db}-{utc}\n"
"\n"
"usage: bk-dump [-qv] [-j N] [-h HOST] [-p PORT] [-U USER] [OPTION ...]\n"
"               [DBNAME|URI]\n"
"\n"
"Writes a custom-format archive for pg_restore, dumped by N workers on one\n"
"snapshot.  Connects as psql does: PG*, ~/.pgpass, services, DATABASE_URL\n"
"\n"
"  -j, --jobs N      number of connections (default: 4, or CPUs if fewer)\n"
"  -q, -v            no progress; progress even if stderr is no terminal\n"
"      --globals     roles and tablespaces too (pg_dumpall --globals-only)\n"
"      --lock[=wait] exit 5 (or wait) if another --lock dump is running\n"
"      --any-clock   even if the server's clock is far from this host's\n"
"      --lock-wait-timeout T  per table (default 60s)\n"
"      --help, --version\n"
"\n"
"Select what to dump with pg_dump's options: -t -T -n -N -e -a -s -b -B -c\n"
"-C -O -x -E -S --role --section --exclude-table-data ...  bk-dump(1) has all\n"
"\n"
"Exit: 0 done, 1 failed, 2 usage error, 5 another dump is running.\n",
};

enum { JOBS = 'j', QUIET = 'q', VERBOSE = 'v', PASS = TOOL_OPT_TOOL, REFUSE,
	REFUSE_KEPT, REFUSE_PROMPT, DATABASE, GLOBALS, ANY_CLOCK, LOCK,
	LOCK_WAIT, ROLE, DIGITS, ROW_SECURITY,
	DEFERRABLE };

/* Short options of pg_dump 13 to 18 that are passed on. */
static const char pass_short[] = "abBcCeEnNOsStTx";

static const struct option longopts[] = {
	TOOL_LONGOPTS,
	{ "jobs", required_argument, NULL, JOBS },
	{ "quiet", no_argument, NULL, QUIET },
	{ "verbose", no_argument, NULL, VERBOSE },
	{ "dbname", required_argument, NULL, 'd' },
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "username", required_argument, NULL, 'U' },
	{ "no-password", no_argument, NULL, 'w' },
	{ "globals", no_argument, NULL, GLOBALS },
	{ "any-clock", no_argument, NULL, ANY_CLOCK },
	{ "lock", optional_argument, NULL, LOCK },
	{ "lock-wait-timeout", required_argument, NULL, LOCK_WAIT },
	/* ours and pg_dump's */
	{ "role", required_argument, NULL, ROLE },
	{ "extra-float-digits", required_argument, NULL, DIGITS },
	{ "enable-row-security", no_argument, NULL, ROW_SECURITY },
	{ "serializable-deferrable", no_argument, NULL, DEFERRABLE },
	/* pg_dump's */
	{ "binary-upgrade", no_argument, NULL, REFUSE },
	{ "column-inserts", no_argument, NULL, REFUSE },
	{ "attribute-inserts", no_argument, NULL, REFUSE },
	{ "compress", required_argument, NULL, REFUSE },
	{ "file", required_argument, NULL, REFUSE },
	{ "format", required_argument, NULL, 'F' },
	{ "inserts", no_argument, NULL, REFUSE },
	{ "on-conflict-do-nothing", no_argument, NULL, REFUSE },
	{ "password", no_argument, NULL, REFUSE_PROMPT },
	{ "restrict-key", required_argument, NULL, REFUSE },
	{ "rows-per-insert", required_argument, NULL, REFUSE },
	{ "snapshot", required_argument, NULL, REFUSE },
	{ "sync-method", required_argument, NULL, REFUSE },
	{ "blobs", no_argument, NULL, PASS },
	{ "clean", no_argument, NULL, PASS },
	{ "create", no_argument, NULL, PASS },
	{ "data-only", no_argument, NULL, PASS },
	{ "disable-dollar-quoting", no_argument, NULL, PASS },
	{ "disable-triggers", no_argument, NULL, PASS },
	{ "encoding", required_argument, NULL, PASS },
	{ "exclude-extension", required_argument, NULL, PASS },
	{ "exclude-schema", required_argument, NULL, PASS },
	{ "exclude-table", required_argument, NULL, PASS },
	{ "exclude-table-and-children", required_argument, NULL, PASS },
	{ "exclude-table-data", required_argument, NULL, PASS },
	{ "exclude-table-data-and-children", required_argument, NULL, PASS },
	{ "extension", required_argument, NULL, PASS },
	{ "filter", required_argument, NULL, PASS },
	{ "if-exists", no_argument, NULL, PASS },
	{ "include-foreign-data", required_argument, NULL, PASS },
	{ "large-objects", no_argument, NULL, PASS },
	{ "load-via-partition-root", no_argument, NULL, PASS },
	{ "no-acl", no_argument, NULL, PASS },
	{ "no-blobs", no_argument, NULL, PASS },
	{ "no-comments", no_argument, NULL, PASS },
	{ "no-data", no_argument, NULL, PASS },
	{ "no-large-objects", no_argument, NULL, PASS },
	{ "no-owner", no_argument, NULL, PASS },
	{ "no-policies", no_argument, NULL, PASS },
	{ "no-privileges", no_argument, NULL, PASS },
	{ "no-publications", no_argument, NULL, PASS },
	{ "no-schema", no_argument, NULL, PASS },
	{ "no-security-labels", no_argument, NULL, PASS },
	{ "no-statistics", no_argument, NULL, PASS },
	{ "no-subscriptions", no_argument, NULL, PASS },
	{ "no-sync", no_argument, NULL, PASS },
	{ "no-table-access-method", no_argument, NULL, REFUSE_KEPT },
	{ "no-tablespaces", no_argument, NULL, REFUSE_KEPT },
	{ "no-toast-compression", no_argument, NULL, PASS },
	{ "no-unlogged-table-data", no_argument, NULL, PASS },
	{ "quote-all-identifiers", no_argument, NULL, PASS },
	{ "schema", required_argument, NULL, PASS },
	{ "schema-only", no_argument, NULL, PASS },
	{ "section", required_argument, NULL, PASS },
	{ "sequence-data", no_argument, NULL, PASS },
	{ "statistics", no_argument, NULL, PASS },
	{ "statistics-only", no_argument, NULL, PASS },
	{ "strict-names", no_argument, NULL, PASS },
	{ "superuser", required_argument, NULL, PASS },
	{ "table", required_argument, NULL, PASS },
	{ "table-and-children", required_argument, NULL, PASS },
	{ "use-set-session-authorization", no_argument, NULL, PASS },
	{ 0 }
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
pass(struct options *o, int ch, int index, struct bk_err *e)
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
		(void)bk_buf_printf(&b, e, "--%s%s%s", longopts[index].name,
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
parse_option(struct options *o, int ch, int index, struct bk_err *e)
{
	switch (ch) {
	case JOBS: o->jobs = optarg; return;
	case QUIET: o->verbosity = -1; return;
	case VERBOSE: o->verbosity = 1; return;
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
	case 'W': case REFUSE_PROMPT:
		tool_usage("-W, --password: backups run unattended; put the "
		    "password in ~/.pgpass or PGPASSWORD");
	case REFUSE_KEPT:		/* pg_dump ignores them in an archive */
		tool_usage("--%s: an archive has them in any case; give the "
		    "option to bk-restore or pg_restore",
		    longopts[index].name);
	case 'f': case 'Z': case 'R':
		tool_usage("-%c: not supported: bk-dump writes an uncompressed "
		    "custom-format archive to standard output",
		    ch);
	case REFUSE:
		tool_usage("--%s: not supported: bk-dump writes an "
		    "uncompressed custom-format archive to standard output",
		    longopts[index].name);
	case PASS:
		break;
	default:
		if (ch >= 0x80 || strchr(pass_short, ch) == NULL)
			tool_option(ch);
	}
	pass(o, ch, index, e);
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
	o->dump.bindir = (struct bk_bindir){ .dir = getenv("BK_PG_BINDIR"),
	    .path = getenv("PATH"), .env = environ };
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

int
main(int argc, char *argv[])
{
	static struct bk_dump_done done;
	static struct options o = { .dump = { .lock_wait = "60s" } };
	struct bk_err e = {0};
	int ch, index = 0, rc = -1;

	tool_start(&tool);
	while ((ch = getopt_long(argc, argv,
	    "abBcCd:e:E:f:F:h:j:n:N:Op:qRsS:t:T:U:vwWxZ:", longopts,
	    &index)) != -1)
		parse_option(&o, ch, index, &e);
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

	signals_catch(stop_child);
	tool_progress(&progress, o.verbosity);
	if (e.code == BK_OK)
		rc = bk_dump_run(&o.dump, STDOUT_FILENO, &done, &e);
	pass_warnings(done.warnings);
	tool_audit()->size_bytes = done.bytes;
	return tool_end(rc, &e);
}
