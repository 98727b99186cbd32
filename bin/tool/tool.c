#include "base/majors.h"
#include "tool/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/io.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "base/version.h"
#include "stream/seal.h"
#include "tool/audit_line.h"
#include "tool/progress_line.h"
#include "tool/rehearsal.h"
#include "tool/settings.h"
#include "tool/signals.h"
#include "tool/tool_options.h"

#define MESSAGE_MAX 2048

extern char **environ;

static const struct tool *tool;
static const struct tool_opt *row;	/* of the last option */
static struct bk_audit audit;
static double started;
static int status_fd = -1;	/* BK_STATUS_FD's */
static long own_pid;

static void
no_action(int sig)
{
	(void)sig;
}

/*
 * If one of the three is closed, the next file opened takes its place: a key
 * file, a socket, and our messages or our output would go there.  What occupies
 * it fails on use, as a closed descriptor does.
 */
static void
occupy_closed(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
			exit(BK_FAIL);
}

/*
 * Find BK_STATUS_FD before we open anything: if it names a descriptor that is
 * closed, the next file that is opened may get its number.
 */
static void
find_status_fd(void)
{
	const char *s = tool_env("BK_STATUS_FD");
	struct bk_err ignored = {0};
	uint64_t fd;

	if (s != NULL && bk_num_parse(s, STDERR_FILENO + 1, INT_MAX,
	    "BK_STATUS_FD", &fd, &ignored) == 0 &&
	    fcntl((int)fd, F_GETFD) != -1)
		status_fd = (int)fd;
}

int
tool_status_fd(void)
{
	return status_fd;
}

/*
 * Tell the process that started the pipeline, if it listens: in one write, so
 * that the lines of several stages do not mix; after an empty line, so that
 * none is a part of what another program has left there.
 */
static void
report_line(char line[PIPE_BUF], int n)
{
	size_t len = n < PIPE_BUF ? (size_t)n : PIPE_BUF - 1;

	if (status_fd == -1 || n < 0)
		return;
	bk_utf8_clean(line + 1, len - 1);
	line[len++] = '\n';
	bk_io_tell(status_fd, line, len);
}

/* That we begin; and of which bk-tee we are a sink. */
static void
report_start(void)
{
	const char *tee = tool_env("BK_STATUS_TEE");
	char line[PIPE_BUF];

	report_line(line, snprintf(line, sizeof(line), "\n+ %s %ld%s%.32s",
	    tool->name, own_pid, tee == NULL ? "" : " ", tee == NULL ? "" :
	    tee));
}

void
tool_spared(unsigned sink)
{
	char line[PIPE_BUF];

	report_line(line, snprintf(line, sizeof(line), "\n~ %s %ld %u",
	    tool->name, own_pid, sink));
}

static const char *found;	/* of tool_found() */

void
tool_found(const char *text)
{
	found = text;
}

/*
 * How we end, and why, or what was stored where.  Of empty input there is
 * nothing to say: all the stages after an absent object have that.
 */
static void
report_end(enum bk_code code, int empty, const char *text)
{
	char line[PIPE_BUF];

	report_line(line, snprintf(line, sizeof(line), "\n%c %s %ld %" PRIu64
	    "%s%s", empty ? '-' : "012345"[code], tool->name, own_pid,
	    audit.size_bytes, *text == '\0' ? "" : " ", text));
}

void
tool_held(const struct bk_label *stored, struct bk_err *e)
{
	char line[BK_LSN_TEXT + BK_LABEL_SUM + 8], end[BK_LSN_TEXT];
	int n;

	if (status_fd == -1 || *stored->wal == '\0')
		return;
	bk_lsn_format(stored->end, end);
	n = snprintf(line, sizeof(line), *stored->sum != '\0' ?
	    "=%s %s\n" : "=\n", end, stored->sum);
	if (write(status_fd, line, (size_t)n) == n)
		e->quiet = 1;
}

/* A line of BK_DEBUG's, in one write. */
static void
write_debug(const char *topic, const char *text)
{
	char line[BK_DEBUG_MAX + 100];
	size_t n;
	int len;

	len = snprintf(line, sizeof(line) - 1, "%s: debug: %s: %s", tool->name,
	    topic, text);
	if (len < 0)
		return;
	n = (size_t)len < sizeof(line) - 2 ? (size_t)len : sizeof(line) - 2;
	bk_utf8_clean(line, n);
	line[n++] = '\n';
	/* nowhere to report that stderr is gone */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

static void
start_debug(void)
{
	const char *list = tool_env("BK_DEBUG");
	struct bk_err e = {0};
	unsigned topics;

	if (list == NULL)
		return;
	if (bk_debug_parse(list, &topics, &e) == -1)
		tool_usage("BK_DEBUG: %s", e.msg);
	bk_debug_set(topics, write_debug);
}

/* Any stage of a pipeline may have another's keys in its environment. */
static void
hold_secrets(void)
{
	char name[64];
	size_t i, n;

	for (i = 0; environ[i] != NULL; i++) {
		n = strcspn(environ[i], "=");
		if (n >= sizeof(name))
			continue;
		memcpy(name, environ[i], n);
		name[n] = '\0';
		if (settings_is_secret(name))
			bk_secret_hold(environ[i], strlen(environ[i]));
	}
}

/* What all tools read, and this one. */
static void
take_settings(void)
{
	struct bk_err e = {0};

	if (settings_take(tool->settings == NULL ? "" : tool->settings,
	    &e) == 0)
		return;
	(void)unsetenv("BK_SETTINGS");	/* bk-audit could not read them, too */
	tool_refuse(&e);
}

void
tool_start(const struct tool *t)
{
	/* not SIG_IGN, which a command that we run would inherit */
	struct sigaction sa = {.sa_handler = no_action, .sa_flags = SA_RESTART};

	int odd;

	tool = t;
	own_pid = (long)getpid();
	bk_secret_guard();
	find_status_fd();
	odd = rehearsal_start(t->name) == -1;
	report_start();
	audit.operation = t->name;
	started = bk_monotonic();
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGXFSZ, &sa, NULL);
	/* if our parent ignored it, waitpid(2) would report no status */
	sa.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &sa, NULL);
	occupy_closed();
	if (odd)
		tool_usage("BK_CHECK_FD: bk-check sets it; unset it");
	take_settings();
	hold_secrets();
	start_debug();
}

/*
 * Print "tool: message" in one write.  Messages may contain a server's text or
 * a file name.
 */
__attribute__((format(printf, 1, 0))) static void
print(const char *fmt, va_list ap)
{
	char text[MESSAGE_MAX];
	size_t n;
	int len;

	if (rehearsing()) {
		(void)vsnprintf(text, sizeof(text), fmt, ap);
		rehearsal_say(BK_READY_WARNING, "%s", text);
		return;
	}
	n = (size_t)snprintf(text, sizeof(text), "%s: ", tool->name);
	len = vsnprintf(text + n, sizeof(text) - n - 1, fmt, ap);
	if (len < 0)
		return;
	len += (int)n;
	if ((size_t)len > sizeof(text) - 2)
		len = (int)sizeof(text) - 2;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	bk_utf8_clean(text, (size_t)len);
	text[len++] = '\n';
	/* nowhere to report that stderr is gone */
	if (write(STDERR_FILENO, text, (size_t)len) == -1)
		return;
}

void
tool_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print(fmt, ap);
	va_end(ap);
}

void
tool_younger(int major)
{
	if (major > BK_PG_NEWEST)
		tool_say("the server is PostgreSQL %d, " BK_PG_YOUNGER
		    " (going on)", major, BK_PG_NEWEST);
}

void
tool_usage(const char *fmt, ...)
{
	char usage[TOOL_USAGE_MAX], why[MESSAGE_MAX];
	va_list ap;

	tool_options_usage(tool, usage);
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (rehearsing())
		rehearsal_say(BK_READY_PROBLEM, "%s", why);
	else {
		tool_say("%s", why);
		fprintf(stderr, "usage: %s\n", usage);
	}
	if (tool->usage_prefix != NULL)
		printf("%s%s\n", tool->usage_prefix, why);
	report_end(BK_USAGE, 0, why);
	exit(tool->usage_status != 0 ? tool->usage_status : BK_USAGE);
}

/* Print what was asked for, and exit. */
_Noreturn static void
print_about(int ch)
{
	if (ch == TOOL_OPT_VERSION)
		printf("%s %s\n", tool->name, BK_VERSION);
	else if (optarg == NULL)
		tool_options_help(tool);
	else if (strcmp(optarg, "table") == 0)
		tool_options_list(tool);
	else if (strcmp(optarg, "settings") == 0)
		printf("%s %s\n", TOOL_SETTINGS, tool->settings == NULL ? "" :
		    tool->settings);
	else
		tool_usage("--help: takes no argument");
	if (fflush(stdout) == 0 && !ferror(stdout)) {
		report_end(BK_OK, 0, "");
		exit(BK_OK);
	}
	if (errno != EPIPE)
		tool_say("standard output: write: %s", strerror(errno));
	report_end(BK_FAIL, 0, "standard output");
	exit(BK_FAIL);
}

int
tool_getopt(int argc, char *argv[])
{
	int ch = tool_options_next(tool, argc, argv, &row);
	char why[TOOL_USAGE_MAX];

	if (ch == '?' || ch == ':') {
		tool_options_wrong(tool, ch, argv, why);
		tool_usage("%s", why);
	}
	if (ch == TOOL_OPT_HELP || ch == TOOL_OPT_VERSION)
		print_about(ch);
	return ch;
}

const struct tool_opt *
tool_opt(void)
{
	return row;
}

uint64_t
tool_number(const char *s, uint64_t min, uint64_t max, const char *label)
{
	struct bk_err e = {0};
	uint64_t n;

	if (bk_num_parse(s, min, max, label, &n, &e) == -1)
		tool_refuse(&e);
	return n;
}

uint64_t
tool_duration(const char *s, const char *label)
{
	struct bk_err e = {0};
	uint64_t seconds;

	if (bk_duration_parse(s, label, &seconds, &e) == -1)
		tool_refuse(&e);
	return seconds;
}

const char *
tool_database_url(const char *db, const char *host)
{
	static const char *const servers[] = { "PGHOST", "PGHOSTADDR",
	    "PGSERVICE" };
	size_t i;

	if (db == NULL)
		return tool_env("DATABASE_URL");
	for (i = 0; host == NULL && i < sizeof(servers) / sizeof(*servers); i++)
		if (tool_env(servers[i]) != NULL)
			return NULL;
	return host == NULL ? tool_env("DATABASE_URL") : NULL;
}

unsigned
tool_jobs(const char *option, unsigned cpus_max)
{
	const char *env = tool_env("BK_JOBS");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (option != NULL)
		return (unsigned)tool_number(option, 1, TOOL_JOBS_MAX, "-j");
	if (env != NULL)
		return (unsigned)tool_number(env, 1, TOOL_JOBS_MAX, "BK_JOBS");
	return cpus < 1 ? 1 : cpus > cpus_max ? cpus_max : (unsigned)cpus;
}

char *
tool_env(const char *name)
{
	char *s = getenv(name);

	return s == NULL || *s == '\0' ? NULL : s;
}

char *
tool_env_demand(const char *name)
{
	char *s = getenv(name);

	if (s != NULL && *s == '\0')
		tool_usage("%s: set, but empty; name a file, or unset it",
		    name);
	return s;
}

struct bk_audit *
tool_audit(void)
{
	return &audit;
}

/* NULL: not set, or not for this tool. */
static const char *
audit_log(void)
{
	return tool->unrecorded || rehearsing() ? NULL :
	    tool_env("BK_AUDIT_LOG");
}

void
tool_reserve_log(void)
{
	if (audit_log() != NULL)
		audit_line_reserve(audit_log());
}

void
tool_run(const char *type, const char *source, const char *destination)
{
	struct bk_err e = {0};

	audit.type = type;
	audit.source = source;
	audit.destination = destination;
	if (rehearsing() && !tool->rehearses) {
		rehearsal_pass();
		rehearsal_say(BK_READY_OK, "its options are understood");
		exit(BK_OK);
	}
	if (audit_log() == NULL)
		return;
	signals_catch(NULL);
	/* held, so that from its start it learns of any fatal signal */
	signals_hold();
	/* now, as a run that is killed cannot say so later */
	if (audit_line_start(audit_log(), &audit, status_fd, &e) == -1)
		tool_say("%s", e.msg);
	signals_release();
}

/* Record a label's run as *member. */
static void
record_label(const char **member, const char *run)
{
	static char copy[BK_LABEL_RUN];

	(void)snprintf(copy, sizeof(copy), "%s", run);
	*member = copy;
	if (audit_log() == NULL)
		return;
	signals_hold();
	audit_line_label(&audit);
	signals_release();
}

void
tool_run_id(const char *run)
{
	record_label(&audit.run, run);
}

void
tool_backup_id(const char *run)
{
	record_label(&audit.backup, run);
}

void
tool_progress(const struct bk_progress *p, int verbosity)
{
	progress_line_start(tool->name, p, started, verbosity);
}

void
tool_refuse(struct bk_err *e)
{
	int status;

	if (e->code != BK_FAIL)
		tool_usage("%s", e->msg);
	status = tool_end(-1, e);
	if (tool->usage_prefix != NULL)
		printf("%s%s\n", tool->usage_prefix, e->msg);
	exit(tool->usage_status != 0 ? tool->usage_status : status);
}

void
tool_no_memory(void)
{
	struct bk_err e = {0};

	(void)bk_fail_memory(&e);
	tool_refuse(&e);
}

/* What bk-walget and bk-pitr ask for need not be there. */
static int
is_answer(const struct bk_err *e)
{
	return tool_env("BK_ABSENT_OK") != NULL &&
	    (e->code == BK_NONE || e->empty);
}

int
tool_end(int rc, struct bk_err *e)
{
	const char *log = audit_log();
	struct bk_err log_err = {0};

	signals_hold();	/* for ever: main() ends the run, not a signal */
	progress_line_stop();
	if (rc != 0 && e->code == BK_OK)
		bk_fail(e, BK_FAIL, "failed");
	if (rehearsing())
		rehearsal_end(rc, e);
	else if (rc != 0 && !e->quiet)
		tool_say("%s", e->msg);
	if (log != NULL) {
		audit.ended = time(NULL);
		audit.duration_seconds = bk_monotonic() - started;
		audit.answered = is_answer(e);
		if (audit_line_end(log, &audit, status_fd, e,
		    &log_err) == -1) {
			if (!log_err.quiet)
				tool_say("%s", log_err.msg);
			if (rc == 0) {
				*e = log_err;
				rc = -1;
			}
		}
	}
	if (rc != 0)
		report_end(e->code, e->empty, e->msg);
	else if (found != NULL)
		report_end(BK_FAIL, 0, found);
	else
		report_end(BK_OK, 0, audit.destination == NULL ? "" :
		    audit.destination);
	if (rc != 0)	/* else it came when the work was done */
		signals_end();
	return rc == 0 ? BK_OK : (int)e->code;
}
