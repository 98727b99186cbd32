#ifndef BK_BIN_TOOL_TOOL_OPTIONS_H
#define BK_BIN_TOOL_TOOL_OPTIONS_H
/* What a tool is, and what is made of its table of options. */

/*
 * An option.  A tool's table of them, in the order of --help, ends with
 * TOOL_OPTIONS.  From it come the parser, the usage line, --help, and with
 * `make completions` what shells complete; the page is checked against it.
 */
struct tool_opt {
	int key;		/* its letter, or a number of the tool's */
	const char *name;	/* long; NULL: none */
	const char *arg;	/* "FILE", "DIR", "fast|spread", "N", or in
				 * brackets if optional: "[=N]"; NULL: none */
	const char *values;	/* what shells complete, FILE, DIR or words,
				 * where arg does not say it; or NULL */
	const char *help;	/* "": in the page only */
};
#define TOOL_REFUSED "!"	/* as help: it is there to be refused */

/* Keys that every tool has. */
enum { TOOL_OPT_HELP = 0x1000, TOOL_OPT_VERSION,
	TOOL_OPT_DIGITS,	/* each of -0 to -9; arg is what --help shows */
	TOOL_OPT_TOOL /* first own one */ };
#define TOOL_OPTIONS \
	{ TOOL_OPT_HELP, "help", NULL, NULL, "print this text" }, \
	{ TOOL_OPT_VERSION, "version", NULL, NULL, "print the version" }, \
	{ 0 }

/* What many have. */
#define TOOL_OPTIONS_QUIET \
	{ 'q', "quiet", NULL, NULL, "no progress" }, \
	{ 'v', "verbose", NULL, NULL, "progress even without a terminal" }
#define TOOL_OPTIONS_DBNAME \
	{ 'd', "dbname", "DBNAME", NULL, "database or connection string" }
#define TOOL_OPTIONS_SERVER \
	{ 'h', "host", "HOST", NULL, "server's host or socket directory" }, \
	{ 'p', "port", "PORT", NULL, "server's port" }, \
	{ 'U', "username", "USER", NULL, "user to connect as" }, \
	{ 'w', "no-password", NULL, NULL, "" }

struct tool {
	const char *name;	/* "bk-gz" */
	const char *example;	/* --help begins with it */
	const char *about;	/* and goes on with what the tool does */
	const struct tool_opt *options;
	const char *operands;	/* in the usage line, after the options that
				 * it does not name itself */
	const char *order;	/* getopt_long's "+" or "-", if not NULL */
	const char *exits;	/* exit statuses: "0 done, 1 failed" */
	int usage_status;	/* exit status of a usage error; 0: BK_USAGE */
	const char *usage_prefix;	/* where only standard output is read:
				 * it gets the reason too, after this */
	int unrecorded;		/* its runs are not for the audit log */
	int rehearses;		/* it has a part of its own (rehearsal.h) */
	const char *settings;	/* variables that it reads, in addition to
				 * TOOL_SETTINGS (settings.h); or NULL */
};

/*
 * The variables that tools read, names and PREFIX*, by what a tool does.  From
 * the files of BK_SETTINGS a tool takes these and no others;
 * --help=settings lists them, and the pages are checked against it.
 */
#define TOOL_SETTINGS "BK_AUDIT_LOG BK_DEBUG BK_NO_SANDBOX"
#define TOOL_SETTINGS_SERVER "PG* DATABASE_URL SSL_CERT_FILE "
#define TOOL_SETTINGS_WEB "SSL_CERT_FILE HTTPS_PROXY https_proxy http_proxy " \
	"ALL_PROXY all_proxy NO_PROXY no_proxy "
#define TOOL_SETTINGS_S3 TOOL_SETTINGS_WEB "AWS_* " \
	"GOOGLE_APPLICATION_CREDENTIALS STORAGE_EMULATOR_HOST "
#define TOOL_SETTINGS_NAME "PGDATABASE BK_TIER "

#define TOOL_USAGE_MAX 1024

/*
 * getopt_long's next one: a key, whose row is *row, or -1 at the end; '?' or
 * ':' for one that is wrong, and why.
 */
int tool_options_next(const struct tool *tool, int argc, char *argv[],
    const struct tool_opt **row);
void tool_options_wrong(const struct tool *tool, int ch, char *argv[],
    char why[TOOL_USAGE_MAX]);

/* "bk-gz [-d] [-j N] < INPUT > OUTPUT" */
void tool_options_usage(const struct tool *tool, char usage[TOOL_USAGE_MAX]);

/* --help, on standard output. */
void tool_options_help(const struct tool *tool);

/*
 * --help=table, on standard output: the operands; then a line for each option
 * that is not refused: key, name, argument, values and help as in its row,
 * tab-separated, help on one line.
 */
void tool_options_list(const struct tool *tool);

#endif
