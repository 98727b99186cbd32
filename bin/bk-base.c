/* bk-base: back up a PostgreSQL cluster, file by file, see bk-base(1) */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/thread.h"
#include "basebackup/base_ready.h"
#include "stream/writer.h"
#include "tool/ca_file.h"
#include "tool/rehearsal.h"
#include "tool/signals.h"
#include "tool/tool.h"

#define CANCEL_MS 5000		/* for telling the server that we are gone */
#define RATE_MIN 32		/* KiB a second, as PostgreSQL has it */
#define RATE_MAX (1024 * 1024)

enum { MAX_RATE = TOOL_OPT_TOOL, MANIFEST, INCREMENTAL, NO_WAL, BAD_PAGES,
	ANY_CLOCK, CHECK };

static const struct tool_opt options[] = {
	{ CHECK, "check", NULL, NULL,
	    "can a backup be made?  Says what is missing, only" },
	{ 'c', "checkpoint", "fast|spread", NULL,
	    "at once, or without a burst of I/O (default)" },
	{ 'l', "label", "LABEL", NULL,
	    "in the server's backup_label and its log" },
	{ 'r', "rate", "BYTES", NULL,
	    "at most so many bytes a second: 32K to 1G" },
	{ MAX_RATE, "max-rate", "BYTES", NULL, "" },	/* pg_basebackup's */
	{ MANIFEST, "manifest", "FILE", NULL, "write the manifest there too" },
	{ INCREMENTAL, "incremental", "FILE", NULL,
	    "only what changed since the backup with that manifest" },
	{ NO_WAL, "no-wal", NULL, NULL,
	    "without WAL: needs an archive of it" },
	{ BAD_PAGES, "allow-bad-pages", NULL, NULL,
	    "record damaged pages and go on" },
	{ ANY_CLOCK, "any-clock", NULL, NULL,
	    "even if the server's clock is far from this host's" },
	TOOL_OPTIONS_SERVER,
	{ 'd', "dbname", "DBNAME", NULL, "" },
	TOOL_OPTIONS_QUIET,
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-base",
	.example =
"bk-base -h db1 | bk-zst | bk-crypt | bk-s3put s3://b/base/{host}-{utc}",
	.about =
"Writes a base backup of the whole cluster as one tar, with the WAL it needs; "
"every file's checksum is compared with the manifest, each page's verified.  "
"Connects as psql does, by a role with REPLICATION: PG*, ~/.pgpass, "
"DATABASE_URL",
	.options = options,
	.settings = TOOL_SETTINGS_SERVER,
	.operands = "[DBNAME|URI]",
	.exits = "0 done, 1 failed, 2 usage error, 3 damaged pages or files",
	.rehearses = 1,
};

struct options {
	struct bk_base_backup base;
	const char *manifest;	/* --manifest's, or NULL */
	int check;
	int verbosity;		/* -q: -1, -v: 1 */
};

static struct bk_progress progress;
static _Atomic(PGcancel *) cancel;	/* lives until the process ends */

static struct bk_store *manifest;	/* or NULL */

/* One that was not committed. */
static void
drop_manifest(void)
{
	if (manifest != NULL)
		bk_store_unlink(manifest);
}

static void *
send_cancel(void *arg)
{
	char why[256];

	(void)PQcancel(atomic_load(&cancel), why, sizeof(why));
	close(*(int *)arg);
	return NULL;
}

/*
 * The server may be waiting for its checkpoint and not see that we are gone.
 * It may also be out of reach, for which nobody is to wait long.
 */
static void
clean_up(void)
{
	struct bk_err ignored = {0};
	struct pollfd done = { .events = POLLIN };
	static int p[2];
	pthread_t thread;

	drop_manifest();
	if (atomic_load(&cancel) == NULL || bk_io_pipe(p, &ignored) == -1 ||
	    bk_thread_start(&thread, send_cancel, &p[1], &ignored) == -1)
		return;
	done.fd = p[0];
	(void)poll(&done, 1, CANCEL_MS);
}

static void
say(const char *message)
{
	tool_say("%s", message);
}

static uint32_t
parse_rate(const char *arg)
{
	struct bk_err e = {0};
	uint64_t bytes;

	if (bk_size_parse(arg, "--rate", &bytes, &e) == -1)
		tool_refuse(&e);
	if (bytes / 1024 < RATE_MIN || bytes / 1024 > RATE_MAX)
		tool_usage("--rate: 32K to 1G a second, not \"%s\"", arg);
	return (uint32_t)(bytes / 1024);
}

static int
parse_checkpoint(const char *arg)
{
	if (strcmp(arg, "fast") != 0 && strcmp(arg, "spread") != 0)
		tool_usage("-c, --checkpoint: \"fast\" or \"spread\", not "
		    "\"%s\"", arg);
	return strcmp(arg, "fast") == 0;
}

/* It becomes a line of backup_label. */
static const char *
parse_label(const char *arg)
{
	size_t i, n = strlen(arg);

	if (n > BK_BASE_LABEL_MAX)
		tool_usage("-l, --label: longer than %d bytes",
		    BK_BASE_LABEL_MAX);
	for (i = 0; i < n; i++)
		if ((unsigned char)arg[i] < ' ' || arg[i] == 0x7f)
			tool_usage("-l, --label: holds control characters");
	return arg;
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	struct bk_base_backup *b = &o->base;
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1)
		switch (ch) {
		case CHECK: o->check = 1; break;
		case 'c': b->fast = parse_checkpoint(optarg); break;
		case 'l': b->label = parse_label(optarg); break;
		case 'r': case MAX_RATE: b->rate = parse_rate(optarg); break;
		case MANIFEST: o->manifest = optarg; break;
		case INCREMENTAL: b->incremental = optarg; break;
		case NO_WAL: b->no_wal = 1; break;
		case BAD_PAGES: b->bad_pages = 1; break;
		case ANY_CLOCK: b->any_clock = 1; break;
		case 'd': b->target.db = optarg; break;
		case 'h': b->target.host = optarg; break;
		case 'p': b->target.port = optarg; break;
		case 'U': b->target.user = optarg; break;
		case 'w': break;	/* never prompts anyway */
		case 'q': o->verbosity = -1; break;
		case 'v': o->verbosity = 1; break;
		}
	if (argc - optind + (b->target.db != NULL) > 1)
		tool_usage("more than one database name");
	if (optind < argc)
		b->target.db = argv[optind];
}

/* What the command line does not set. */
static void
set_defaults(struct options *o)
{
	struct bk_base_backup *b = &o->base;

	/* only the server matters, not the database that is named */
	b->target.url = tool_database_url("", b->target.host);
	b->target.app = tool.name;
	b->target.ca_file = ca_file_postgres();
	if (b->label == NULL)
		b->label = "bk-base";
	b->estimate = o->verbosity > 0 ||
	    (o->verbosity == 0 && isatty(STDERR_FILENO));
	b->progress = &progress;
	b->cancel = &cancel;
	b->say = say;
}

static void
check_output(void)
{
	if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY)
		tool_usage("standard output is closed");
	if (isatty(STDOUT_FILENO))
		tool_usage("standard output is a terminal; "
		    "redirect it to a file or a pipe");
}

/* Now, not after hours: can the manifest's copy be written? */
static int
open_manifest(const char *path, struct bk_err *e)
{
	static struct bk_store_options how = { .overwrite = 1 };

	if (path == NULL)
		return 0;
	how.must_exist_len = strlen(path);
	if ((manifest = bk_store_open(path, &how, e)) == NULL)
		return -1;
	return bk_store_write(manifest, "", 0, e);
}

static void
print_finding(enum bk_ready how, const char *line)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};

	if (bk_ready_format(&b, how, line, &e) == -1)
		tool_no_memory();
	fputs(b.data, stdout);
	bk_buf_free(&b);
}

/* --check */
static int
check(const struct bk_base_backup *b, struct bk_err *e)
{
	int rc = bk_base_ready(b, print_finding, e);

	if (fflush(stdout) != 0 || ferror(stdout))
		return bk_fail_errno(e, "standard output: write");
	return rc;
}

/* --check, and whose backup it would be, for the next tool. */
static int
rehearse(struct bk_base_backup *b, struct bk_err *e)
{
	struct bk_label label = { .at = time(NULL) };

	b->target.connect_timeout = "10";
	/* until a connection says it */
	bk_label_set(&label, BK_LABEL_CLUSTER, "cluster");
	if (bk_base_ready(b, rehearsal_report, e) == -1)
		return -1;
	return bk_writer_head(STDOUT_FILENO, &label, e);
}

int
main(int argc, char *argv[])
{
	static struct bk_base_done done;
	static struct options o;
	struct bk_err e = {0};
	int rc;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	set_defaults(&o);
	if (!o.check)
		check_output();
	rc = bk_label_run(o.base.run, &e);
	if (o.check && rc == 0)
		return tool_end(check(&o.base, &e), &e);
	tool_run("base", done.source, NULL);
	tool_run_id(o.base.run);
	if (rehearsing())
		return tool_end(rehearse(&o.base, &e), &e);

	if (rc == 0)
		rc = open_manifest(o.manifest, &e);
	o.base.manifest = manifest;
	signals_catch(clean_up);
	if (rc == 0 && o.base.estimate && !o.base.fast)
		tool_say("waiting for a spread checkpoint, minutes on a busy "
		    "server; -c fast begins at once");
	tool_progress(&progress, o.verbosity);
	if (rc == 0)
		rc = bk_base_backup_run(&o.base, STDOUT_FILENO, &done, &e);
	if (rc == 0 && done.pages.count > 0)
		tool_say("page checksums: %s: damaged on the server; recorded "
		    "in the backup", done.pages.text);
	drop_manifest();	/* the process ends: nothing else to free */
	tool_audit()->size_bytes = done.bytes;
	return tool_end(rc, &e);
}
