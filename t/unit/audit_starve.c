/* The audit log: each call fails once; pipelines that failed. */
#include <sys/stat.h>

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/append.h"
#include "audit/format.h"
#include "audit/logfile.h"
#include "audit/own_address.h"
#include "audit/pipelines.h"
#include "base/buf.h"
#include "starve.h"
#include "tap.h"

#define STAGE(operation, type, rest) "{\"timestamp\":\"2026-11-21T05:37:19Z" \
	"\",\"user\":\"u\",\"host\":\"h\",\"operation\":\"" operation "\"," \
	"\"type\":\"" type "\"," rest "}\n"
#define RUN "\"run\":\"0123456789abcdef\""
#define FAILED(error) "\"status\":\"failure\",\"error\":\"" error "\""
#define GOOD "\"status\":\"success\",\"error\":null"

static char path[] = "/tmp/bk-audit-XXXXXX", records[] = "/tmp/bk-in-XXXXXX";

/* By calls that do not fail. */
static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0)
		exit(99);
}

/* A run whose records are on standard input. */
static int
append(void *arg, struct bk_err *e)
{
	struct stat st;
	int rc;

	(void)arg;
	put(path, "{\"previous\":null}\n{\"cut");
	if (lseek(STDIN_FILENO, 0, SEEK_SET) == -1)
		return bk_fail_errno(e, "standard input");
	rc = bk_audit_append_run(path, e);
	/* a whole line, or what was there */
	if (stat(path, &st) == 0 && rc == -1 && st.st_size > 25)
		rc = 1;
	return rc;
}

struct seen {
	struct bk_pipelines *p;
	struct bk_buf lines;
};

static int
add(void *arg, const struct bk_run *r, struct bk_err *e)
{
	struct seen *s = arg;

	return bk_pipelines_add(s->p, r, e);
}

static int
keep(void *arg, const struct bk_run *r, struct bk_err *e)
{
	struct seen *s = arg;

	if (bk_buf_add(&s->lines, r->line, r->len, e) == -1)
		return -1;
	return bk_buf_puts(&s->lines, "\n", e);
}

/* Join the lines in path; *arg, if not NULL, gets what became of them. */
static int
join(void *arg, struct bk_err *e)
{
	struct seen s = { .p = bk_pipelines_new(e) };
	int rc = -1;

	if (s.p != NULL && bk_runs_read(path, add, &s, e) == 0)
		rc = bk_pipelines_each(s.p, keep, &s, e);
	if (arg != NULL && rc == 0)
		*(struct bk_buf *)arg = s.lines;
	else
		bk_buf_free(&s.lines);
	bk_pipelines_free(s.p);
	return rc;
}

static void
joined(const char *lines, const char *want, const char *what)
{
	struct bk_buf got = {0};
	struct bk_err e = {0};

	put(path, lines);
	if (!ok(join(&got, &e) == 0 && got.data != NULL &&
	    strstr(got.data, want) != NULL, "%s", what))
		printf("# got %s# %s\n", got.data, e.msg);
	bk_buf_free(&got);
}

static void
test_append(void)
{
	int fd;

	put(records, "{\"operation\":\"bk-x\",\"source\":\"s\",\"a\":1}\n"
	    "{\"size_bytes\":1}\n");
	fd = open(records, O_RDONLY);
	if (dup2(fd, STDIN_FILENO) == -1)
		exit(99);
	starve_all("a run that was killed", append, NULL);
	put(records, "{\"operation\":\"bk-x\",\"status\":\"success\","
	    "\"type\":\"dump\",\"previous\":\"x\"}\n");
	starve_all("a run", append, NULL);
	close(fd);
}

static void
test_pipelines(void)
{
	static const char adopted[] =
	    STAGE("bk-dump", "dump", RUN "," GOOD ",\"duration_seconds\":1")
	    STAGE("bk-gz", "compress", RUN "," FAILED("disk on fire"))
	    STAGE("bk-save", "store", FAILED("input is unfinished"))
	    STAGE("bk-s3put", "upload", RUN ",\"destination\":\"s3://a\","
	    "\"size_bytes\":7," GOOD)
	    STAGE("bk-s3put", "upload", RUN ",\"destination\":\"s3://b\","
	    "\"size_bytes\":6," GOOD)
	    "{\"timestamp\":\"2026-11-21T05:38:19Z\",\"operation\":\"x\","
	    GOOD ",\"backup\":\"0123456789abcdef\",\"duration_seconds\":1}\n";

	joined(adopted, "\"s3://a, s3://b\",\"size_bytes\":7",
	    "several destinations");
	joined(adopted, "\"bk-s3put\",\"bk-save\"]",
	    "a stage that had no label is one of who failed then");
	starve_all("pipelines", join, NULL);
	joined(STAGE("bk-dump", "dump", RUN "," FAILED("write: Broken pipe"))
	    STAGE("bk-gz", "compress", RUN "," FAILED("no memory")),
	    "\"error\":\"bk-gz: no memory\"",
	    "the error is not the consequence of another");
	joined("{\"timestamp\":\"2026-11-21T05:00:10Z\",\"operation\":\"a\","
	    "\"type\":\"dump\"," RUN "," GOOD ",\"duration_seconds\":10}\n"
	    "{\"timestamp\":\"2026-11-21T05:00:30Z\",\"operation\":\"b\","
	    "\"type\":\"store\"," RUN "," GOOD ",\"duration_seconds\":10}\n",
	    "\"duration_seconds\":30.000",
	    "the whole takes from the first start to the last end");
}

/* Of a log whose name stays it is never said that it went. */
static int
follow(void *arg, struct bk_err *e)
{
	struct bk_logfile *l = bk_logfile_open(path, BK_RUN_MAX, e);
	int rc = l == NULL ? -1 : bk_logfile_rotated(l);

	(void)arg;
	bk_logfile_free(l);
	return rc;
}

static void
test_with(void)
{
	const struct bk_run r = { .host = "h", .user = "u", .run = "",
	    .backup = "1" }, s = { .host = "h", .user = "u", .run = "",
	    .backup = "2" }, t = { .host = "h", .user = "u", .run = "1",
	    .backup = "" };

	ok(bk_run_is_with(&r, &r), "readers of one backup, together");
	ok(!bk_run_is_with(&r, &s), "readers of two");
	ok(!bk_run_is_with(&r, &t), "who made a backup, and who reads it");
}

/* Who we are: once without a name it is our number, for good. */
static int
own(void *arg, struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = bk_audit_format_own(&b, e);
	unsigned long uid;
	char quote;

	(void)arg;
	if (rc == 0 && (sscanf(b.data, "{\"operation\":\"\",\"user\":"
	    "\"%lu%c", &uid, &quote) != 2 || uid != geteuid() || quote != '"'))
		rc = 1;
	bk_buf_free(&b);
	return rc;
}

/* There may be none; it is no failure. */
static int
address(void *arg, struct bk_err *e)
{
	char text[64] = "x";

	(void)arg;
	(void)e;
	bk_audit_address(text);
	return *text == 'x';
}

int
main(void)
{
	int fd = mkstemp(path), in = mkstemp(records);

	/* jansson's calls are to fail, too */
	json_set_alloc_funcs(malloc, free);
	if (fd == -1 || in == -1)
		return 99;
	close(fd);
	close(in);
	starve("who we are", STARVE_READ, own, NULL);
	test_append();
	test_pipelines();
	starve_all("a log that is followed", follow, NULL);
	test_with();
	starve_all("this host's address", address, NULL);
	(void)unlink(path);
	(void)unlink(records);
	return tap_done();
}
