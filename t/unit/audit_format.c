/* The audit log's line, and logs that cannot be written. */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/format.h"
#include "tap.h"

static char path[] = "/tmp/bk-audit.XXXXXX";
static char log_text[200000];

static const char *
read_log(void)
{
	FILE *f = fopen(path, "r");
	size_t n = f == NULL ? 0 : fread(log_text, 1, sizeof(log_text) - 1, f);

	log_text[n] = '\0';
	if (f != NULL)
		(void)fclose(f);
	return log_text;
}

static const struct bk_audit sample = { .operation = "bk-x", .type = "dump",
    .source = "a \"b\"\n\xff", .size_bytes = UINT64_MAX,
    .duration_seconds = 1.5, .ended = 1795239439 };

static void
test_lines(void)
{
	static const char want[] = "{\"timestamp\":\"2026-11-21T05:37:19Z\","
	    "\"operation\":\"bk-x\",\"type\":\"dump\",\"source\":\"a \\\"b\\\""
	    "\\n\\ufffd\",\"destination\":null,\"size_bytes\":"
	    "18446744073709551615,\"duration_seconds\":1.500,\"status\":"
	    "\"success\",\"error\":null,\"user\":\"";
	struct bk_err e = {0}, result = {0};
	struct stat st;

	(void)umask(0);
	is_int(bk_audit_append(path, -1, &sample, &result, &e), 0, "a success");
	ok(strncmp(read_log(), want, sizeof(want) - 1) == 0, "its line");
	ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
	    "the log is its owner's alone");
	(void)bk_fail(&result, BK_DATA, "input: unfinished");
	is_int(bk_audit_append(path, -1, &sample, &result, &e), 0, "a failure");
	ok(strstr(read_log(), "\"status\":\"failure\",\"error\":"
	    "\"input: unfinished\",") != NULL, "says why");
	ok(strchr(log_text, '\n') != log_text + strlen(log_text) - 1 &&
	    log_text[strlen(log_text) - 1] == '\n', "one line each");
}

/* A run in progress: everything but its result. */
static void
test_beginning(void)
{
	static const char want[] = "{\"operation\":\"bk-x\",\"type\":\"dump\","
	    "\"source\":\"a \\\"b\\\"\\n\\ufffd\",\"destination\":null,"
	    "\"pid\":";
	struct bk_buf b = {0};
	struct bk_err e = {0};

	is_int(bk_audit_format(&b, &sample, NULL, &e), 0, "a run that goes on");
	ok(strncmp(b.data, want, strlen(want)) == 0 &&
	    strstr(b.data, "\"status\"") == NULL &&
	    strstr(b.data, "\"timestamp\"") == NULL &&
	    strstr(b.data, "\"user\"") == NULL &&
	    b.data[b.len - 1] == '}', "its record");
	bk_buf_free(&b);
}

/* Concurrent writers: every line is complete. */
static void
test_together(void)
{
	enum { WRITERS = 8, LINES = 50 };
	struct bk_err e = {0}, result = {0};
	int i, j, bad = 0, lines = 0, status;
	char *line, *next;

	(void)unlink(path);
	for (i = 0; i < WRITERS; i++) {
		if (fork() != 0)
			continue;
		for (j = 0; j < LINES; j++)
			if (bk_audit_append(path, -1, &sample, &result,
			    &e) == -1)
				_exit(1);
		_exit(0);
	}
	while (wait(&status) != -1)
		bad += status != 0;
	for (line = (char *)(uintptr_t)read_log(); (next = strchr(line,
	    '\n')) != NULL; line = next + 1) {
		lines++;
		bad += strncmp(line, "{\"timestamp\"", 12) != 0 ||
		    next[-1] != '}';
	}
	ok(bad == 0 && lines == WRITERS * LINES, "writers do not mix");
}

static void
test_failures(void)
{
	struct bk_err e = {0}, result = {0};

	is_int(bk_audit_append("/dev/full", -1, &sample, &result, &e), -1,
	    "a device");
	is_str(e.msg, "audit log /dev/full: not a regular file", "is none");
	e = (struct bk_err){0};
	is_int(bk_audit_append("/tmp", -1, &sample, &result, &e), -1,
	    "a directory");
	is_str(e.msg, "audit log /tmp: Is a directory", "is none");
	e = (struct bk_err){0};
	is_int(bk_audit_append("log", open("/dev/full", O_WRONLY), &sample,
	    &result, &e), -1, "what can neither grow nor shrink");
	is_str(e.msg, "log: write: No space left on device; it may end with a "
	    "part of the record: Invalid argument", "says both");
	e = (struct bk_err){0};
	is_int(bk_audit_append("/nonexistent/log", -1, &sample, &result,
	    &e), -1, "a directory that is not there");
	is_str(e.msg, "audit log /nonexistent/log: No such file or directory",
	    "is named");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	(void)unlink(path);
	test_lines();
	test_beginning();
	test_together();
	test_failures();
	(void)unlink(path);
	return tap_done();
}
