/* Reading the audit log: lines in bounded memory, records. */
#include <stdlib.h>
#include <unistd.h>

#include "audit/logfile.h"
#include "audit/runs.h"
#include "tap.h"

static char path[] = "/tmp/bk-runs.XXXXXX";

#define WHOLE "{\"timestamp\":\"2026-11-21T05:37:19Z\",\"operation\":" \
	"\"bk-x\",\"type\":\"dump\",\"source\":\"shop \\\"a\\\"\"," \
	"\"destination\":null,\"size_bytes\":9007199254740993," \
	"\"duration_seconds\":1.500,\"status\":\"success\",\"error\":null," \
	"\"user\":\"u\",\"host\":\"h\"," \
	"\"ip_address\":\"192.0.2.7\",\"pid\":17,\"version\":\"0.1\"," \
	"\"run\":\"0123456789abcdef\"}"
#define LEAST "{\"operation\":\"o\",\"status\":\"failure\"," \
	"\"timestamp\":\"1970-01-01T00:00:01Z\"}"
#define ENDLESS "{\"operation\":\"o\",\"status\":\"failure\"," \
	"\"timestamp\":\"1970-01-01T00:00:01Z\"," \
	"\"duration_seconds\":1e300}"

/* jansson passes a NUL over behind a number, and reads on. */
static void
test_nul(void)
{
	char line[] = WHOLE, *at = strstr(line, "1.500,");
	struct bk_err e = {0};
	struct bk_run r;

	memcpy(at, "1.5", 3);
	at[3] = '\0';
	at[4] = ' ';
	is_int(bk_run_parse(&r, line, sizeof(line) - 1, &e), -1, "a NUL byte");
	is_int(e.code, BK_DATA, "is no record");
}

static void
test_record(void)
{
	struct bk_err e = {0};
	struct bk_run r;

	is_int(bk_run_parse(&r, WHOLE, strlen(WHOLE), &e), 0, "a whole record");
	is_int(r.ended, 1795239439, "timestamp");
	is_int((intmax_t)r.size_bytes, 9007199254740993, "size_bytes");
	ok(r.duration_seconds == 1.5, "duration_seconds");
	is_int(r.failed, 0, "a success");
	is_int(r.pid, 17, "pid");
	is_str(r.operation, "bk-x", "operation");
	is_str(r.type, "dump", "type");
	is_str(r.source, "shop \"a\"", "source");
	is_str(r.destination, "", "null is nothing");
	is_str(r.error, "", "no error");
	is_str(r.user, "u", "user");
	is_str(r.host, "h", "host");
	is_str(r.version, "0.1", "version");
	is_str(r.ip_address, "192.0.2.7", "ip_address");
	is_str(r.run, "0123456789abcdef", "run");
	is_str(r.backup, "", "not of a backup that it read");
	ok(r.len == strlen(WHOLE) && strncmp(r.line, WHOLE, r.len) == 0,
	    "the line itself");
	bk_run_free(&r);
	bk_run_free(&r);
	is_int(bk_run_parse(&r, LEAST, strlen(LEAST), &e), 0, "the least");
	ok(r.failed && r.ended == 1 && r.size_bytes == 0 && r.pid == 0 &&
	    r.duration_seconds == 0 && *r.source == '\0' && *r.type == '\0',
	    "what is missing is nothing");
	bk_run_free(&r);
	is_int(bk_run_parse(&r, ENDLESS, strlen(ENDLESS), &e), 0, "a script's");
	ok(r.duration_seconds == 0, "a duration that none has is unknown");
	bk_run_free(&r);
}

/* No proper prefix of a record is a record. */
static void
test_no_records(void)
{
	static const char *const bad[] = { "", "null", "[]", "{}", "x",
		"{\"operation\":\"o\",\"status\":\"success\"}",
		"{\"operation\":\"o\",\"timestamp\":\"2026-11-21\"}",
		"{\"status\":\"success\",\"timestamp\":\"2026-11-21\"}",
		"{\"operation\":\"\",\"status\":\"success\","
		    "\"timestamp\":\"2026-11-21\"}",
		"{\"operation\":7,\"status\":\"success\","
		    "\"timestamp\":\"2026-11-21\"}",
		"{\"operation\":\"o\",\"status\":\"unknown\","
		    "\"timestamp\":\"2026-11-21\"}",
		"{\"operation\":\"o\",\"status\":\"success\","
		    "\"timestamp\":\"yesterday\"}",
		LEAST LEAST, LEAST "x" };
	struct bk_err e;
	struct bk_run r;
	size_t i, n;
	int taken = 0;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_run_parse(&r, bad[i], strlen(bad[i]), &e) == -1 &&
		    e.code == BK_DATA && *e.msg != '\0', "no record: %s",
		    bad[i]);
	}
	for (n = 0; n < strlen(WHOLE); n++) {
		e = (struct bk_err){0};
		taken += bk_run_parse(&r, WHOLE, n, &e) != -1;
	}
	is_int(taken, 0, "nor is any beginning of one");
}

static void
put(const void *data, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(data, 1, n, f) != n || fclose(f) != 0)
		abort();
}

struct seen {
	int n, stop_at;
	char operations[64];
};

static int
see(void *arg, const struct bk_run *r, struct bk_err *e)
{
	struct seen *s = arg;

	(void)snprintf(s->operations + strlen(s->operations),
	    sizeof(s->operations) - strlen(s->operations), "%s ",
	    r->operation);
	return ++s->n == s->stop_at ? bk_fail(e, BK_BUSY, "stop") : 0;
}

static void
test_read(void)
{
	static const char log[] = WHOLE "\n" LEAST "\n" WHOLE "\n" LEAST;
	static const char bad[] = WHOLE "\n{\n" LEAST "\n";
	char want[128];
	struct seen s = {0};
	struct bk_err e = {0};

	put(log, strlen(log));
	is_int(bk_runs_read(path, see, &s, &e), 0, "a log");
	is_str(s.operations, "bk-x o bk-x ", "all but the one being written");
	s = (struct seen){ .stop_at = 2 };
	is_int(bk_runs_read(path, see, &s, &e), -1, "stopped");
	ok(e.code == BK_BUSY && s.n == 2, "where it was meant to");

	put(bad, strlen(bad));
	e = (struct bk_err){0};
	s = (struct seen){0};
	is_int(bk_runs_read(path, see, &s, &e), -1, "a line that is none");
	(void)snprintf(want, sizeof(want), "%s: line 2: ", path);
	ok(e.code == BK_DATA && s.n == 1 &&
	    strncmp(e.msg, want, strlen(want)) == 0, "is named: %s", e.msg);

	put("", 0);
	e = (struct bk_err){0};
	is_int(bk_runs_read(path, see, &s, &e), 0, "an empty log");
	is_int(bk_runs_read("/nonexistent", see, &s, &e), -1, "none");
	is_str(e.msg, "/nonexistent: No such file or directory", "is named");
	e = (struct bk_err){0};
	is_int(bk_runs_read("/tmp", see, &s, &e), -1, "a directory");
	is_str(e.msg, "/tmp: read: Is a directory", "is named");
}

/* Lines of all lengths up to max + 1, across buffer boundaries. */
static void
test_lines(void)
{
	enum { MAX = 70000, STEP = 4999, LINES = MAX / STEP + 1 };
	static char text[MAX + 2];
	struct bk_err e = {0};
	FILE *f = fopen(path, "w+");
	struct bk_logfile *l;
	const char *line;
	size_t n, i;
	int bad = 0;

	if (f == NULL)
		abort();
	memset(text, 'x', sizeof(text));
	text[7] = '\0';
	for (i = 0; i < LINES; i++) {
		(void)fwrite(text, 1, i * STEP, f);
		(void)fputc('\n', f);
	}
	(void)fwrite(text, 1, MAX + 1, f);
	(void)fputs("\nlast\nrest", f);
	(void)fflush(f);
	if ((l = bk_logfile_open(path, MAX, &e)) == NULL)
		abort();
	is_str(bk_logfile_name(l), path, "its name");
	for (i = 0; i < LINES; i++)
		bad += bk_logfile_next(l, &line, &n, &e) != 1 ||
		    n != i * STEP || memcmp(line, text, n) != 0 ||
		    bk_logfile_number(l) != i + 1;
	is_int(bad, 0, "lines of all lengths");
	is_int(bk_logfile_next(l, &line, &n, &e), -1, "one that is too long");
	ok(e.code == BK_DATA && bk_logfile_number(l) == LINES + 1,
	    "is refused: %s", e.msg);
	ok(bk_logfile_next(l, &line, &n, &e) == 1 && n == 4 &&
	    memcmp(line, "last", 4) == 0 && bk_logfile_number(l) == LINES + 2,
	    "the next is there");
	is_int(bk_logfile_next(l, &line, &n, &e), 0, "the end");
	is_int(bk_logfile_cut(l), 1, "something is behind it");
	(void)fputs("!\n", f);
	(void)fflush(f);
	ok(bk_logfile_next(l, &line, &n, &e) == 1 && n == 5 &&
	    memcmp(line, "rest!", 5) == 0, "and is a line when it is whole");
	is_int(bk_logfile_next(l, &line, &n, &e), 0, "the end again");
	is_int(bk_logfile_cut(l), 0, "with nothing behind it");
	is_int(bk_logfile_rotated(l), 0, "it is the file of that name");
	ok(ftruncate(fileno(f), 9) == 0 && bk_logfile_rotated(l),
	    "not when it was cut");
	ok(unlink(path) == 0 && bk_logfile_rotated(l), "nor when it is gone");
	put("", 0);
	is_int(bk_logfile_rotated(l), 1, "and another has its name");
	bk_logfile_free(l);
	bk_logfile_free(NULL);
	(void)fclose(f);
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1)
		return 1;
	close(fd);
	test_record();
	test_nul();
	test_no_records();
	test_read();
	test_lines();
	(void)unlink(path);
	return tap_done();
}
