#include "tool/rehearsal.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"

#define VARIABLE "BK_CHECK_FD"

static int check_fd = -1;
static const char *name;	/* the tool's */
static int said;		/* it has reported something */

int
rehearsal_start(const char *tool)
{
	const char *s = getenv(VARIABLE);
	struct bk_err ignored = {0};
	uint64_t fd;

	name = tool;
	if (s == NULL)
		return 0;
	if (bk_num_parse(s, STDERR_FILENO + 1, INT_MAX, VARIABLE, &fd,
	    &ignored) == -1 || fcntl((int)fd, F_GETFD) == -1)
		return -1;
	check_fd = (int)fd;
	return 0;
}

int
rehearsal_fd(void)
{
	return check_fd;
}

int
rehearsing(void)
{
	return check_fd != -1;
}

/* In one write, so that the lines of several stages do not mix. */
void
rehearsal_report(enum bk_ready how, const char *text)
{
	char line[PIPE_BUF];
	struct bk_buf b = {0};
	struct bk_err ignored = {0};

	said = 1;
	(void)snprintf(line, sizeof(line) - 16, "%s: %s", name, text);
	/* nowhere to report that bk-check is gone */
	if (bk_ready_format(&b, how, line, &ignored) == 0)
		(void)bk_io_write(check_fd, b.data, b.len, VARIABLE, &ignored);
	bk_buf_free(&b);
}

void
rehearsal_say(enum bk_ready how, const char *fmt, ...)
{
	char text[PIPE_BUF];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rehearsal_report(how, text);
}

void
rehearsal_end(int rc, const struct bk_err *e)
{
	if (rc == 0 && !said)
		rehearsal_report(BK_READY_OK, "what it reads is there");
	/* an empty input is what a stage before it has said */
	else if (rc != 0 && !e->empty)
		rehearsal_report(e->code == BK_NONE ? BK_READY_UNKNOWN :
		    BK_READY_PROBLEM, e->msg);
}

void
rehearsal_reads(void)
{
	/* "": not to be taken from BK_SETTINGS either */
	(void)setenv("BK_AUDIT_LOG", "", 1);
	(void)unsetenv(VARIABLE);
}

void
rehearsal_pass(void)
{
	static char buf[BK_IO_BUFSZ];
	struct bk_err ignored = {0};
	int gone = 0;
	ssize_t n;

	/* to the end, also if nobody wants it */
	while ((n = bk_io_read(STDIN_FILENO, buf, sizeof(buf),
	    "standard input", &ignored)) > 0)
		gone = gone || bk_io_write(STDOUT_FILENO, buf, (size_t)n,
		    "standard output", &ignored) == -1;
}

/* 1 if one of PATH's directories has it. */
static int
is_in_path(const char *program)
{
	const char *dir = getenv("PATH");
	struct bk_buf path = {0};
	struct bk_err ignored = {0};
	int found = 0;
	size_t n;

	for (; !found && dir != NULL && *dir != '\0';
	    dir += n + (dir[n] != '\0')) {
		n = strcspn(dir, ":");
		path.len = 0;
		found = bk_buf_printf(&path, &ignored, "%.*s/%s", (int)n, dir,
		    program) == 0 && access(path.data, X_OK) == 0;
	}
	bk_buf_free(&path);
	return found;
}

void
rehearsal_program(const char *program)
{
	if (strchr(program, '/') != NULL ? access(program, X_OK) == 0 :
	    is_in_path(program))
		rehearsal_say(BK_READY_OK, "%s is there", program);
	else
		rehearsal_say(BK_READY_PROBLEM, "%s: no such program in the "
		    "PATH of the job: set PATH in the settings", program);
}

int
rehearsal_directory(const char *what, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) == -1)
		rehearsal_say(BK_READY_PROBLEM, "%s: %s: %s%s", what, dir,
		    strerror(errno), errno == ENOENT ? "; make it: mkdir -p" :
		    "");
	else if (!S_ISDIR(st.st_mode))
		rehearsal_say(BK_READY_PROBLEM, "%s: %s: not a directory",
		    what, dir);
	else if (access(dir, W_OK | X_OK) == -1)
		rehearsal_say(BK_READY_PROBLEM, "%s: %s: this user may not "
		    "make files in it: %s", what, dir, strerror(errno));
	else {
		rehearsal_say(BK_READY_OK, "%s: %s is there, and this user "
		    "may make files in it", what, dir);
		return 1;
	}
	return 0;
}
