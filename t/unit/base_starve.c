/* Files, children, streams, templates, each call failing once. */
#include "stream/store.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/secret.h"
#include "listing/record.h"
#include "listing/template.h"
#include "stream/reader.h"
#include "stream/tee.h"
#include "stream/writer.h"
#include "starve.h"
#include "tap.h"

static char dir[] = "/tmp/bk-base-XXXXXX";
static struct bk_label label;
static char big[256 * 1024];

/* Store WAL under a name that may hold it already. */
static int
store(void *wal, struct bk_err *e)
{
	const struct bk_store_options o = { .must_exist_len = strlen("new"),
	    .wal = wal != NULL ? &label : NULL, .mode = 0640,
	    .min_free = { .bytes = 1 } };
	struct bk_store *s = bk_store_open("new/a/f", &o, e);
	int rc = -1;

	if (s != NULL && bk_store_write(s, "1234", 4, e) == 0)
		rc = bk_store_commit(s, e);
	bk_store_free(s);
	if (wal == NULL) {
		(void)remove("new/a/f");
		(void)remove("new/a");
	}
	return rc;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		exit(99);
}

/* The beginning of a .partial file is replaced. */
static int
replace(void *arg, struct bk_err *e)
{
	put("new/a/f", arg);
	return store(arg, e);
}

static void
test_store(void)
{
	struct bk_err e = {0};

	if (mkdir("new", 0700) == -1)
		exit(99);
	starve_all("a new file", store, NULL);
	if (bk_label_wal(&label, "00000001000000010000000A.partial") == -1 ||
	    mkdir("new/a", 0700) == -1)
		exit(99);
	starve_all("the same WAL", replace, (char []){ "1234" });
	starve_all("more of it", replace, (char []){ "12" });
	ok(replace((char []){ "xx" }, &e) == -1 &&
	    strstr(e.msg, "already exists") != NULL, "other WAL");
}

/* What the shell makes of this; "" if that is nothing. */
static int
capture(void *script, struct bk_err *e)
{
	char *argv[] = { "/bin/sh", "-c", script, NULL }, *env[] = { NULL };
	struct bk_buf out = {0};
	int rc = bk_child_capture(argv, env, 100, NULL, &out, NULL, e);

	bk_buf_free(&out);
	return rc;
}

static void
fails(const char *script, const char *want)
{
	struct bk_err e = {0};

	if (!ok(capture((char *)(uintptr_t)script, &e) == -1 &&
	    strstr(e.msg, want) != NULL, "a child: %s", want))
		printf("# got '%s'\n", e.msg);
}

static void
test_child(void)
{
	starve_all("a child", capture, (char []){ "echo a; echo b >&2" });
	fails("kill -9 $$", "killed by signal 9");
	fails("echo 'psql: ERROR:  no such x' >&2; exit 1", "sh: no such x");
	fails("exit 3", "exit status 3");
	fails("head -c 1000 /dev/zero", "writes more than 100 bytes");
}

/* The stream in sealed to two sinks. */
static int
tee(void *arg, struct bk_err *e)
{
	int fd = open("sealed", O_RDONLY), rc = -1;
	struct bk_reader *in;
	struct bk_tee *t;

	(void)arg;
	if (fd == -1)
		return bk_fail_errno(e, "sealed");
	in = bk_reader_open(fd, "sealed", 0, e);
	t = in != NULL ? bk_tee_new(e) : NULL;
	if (t != NULL && bk_tee_start(t, "cat >/dev/null", e) == 0 &&
	    bk_tee_start(t, "cat >/dev/null", e) == 0)
		rc = bk_tee_copy(t, in, e);
	bk_tee_free(t);
	bk_reader_free(in);
	close(fd);
	return rc;
}

/* A stream in an envelope. */
static int
stream(void *arg, struct bk_err *e)
{
	int fd = open("stream", O_RDWR | O_CREAT | O_TRUNC, 0600), rc = -1;
	struct bk_writer *out;
	size_t i;

	(void)arg;
	if (fd == -1)
		return bk_fail_errno(e, "stream");
	out = bk_writer_open(fd, "stream", e);
	if (out != NULL)
		rc = bk_writer_envelope(out, &label, e);
	for (i = 0; i < 300 && rc == 0; i++)
		rc = bk_writer_write(out, big, 1000, e);
	if (rc == 0)
		rc = bk_writer_write(out, big, sizeof(big), e);
	bk_writer_free(out);
	close(fd);
	return rc;
}

static int
read_stream(void *arg, struct bk_err *e)
{
	int fd = open("sealed", O_RDONLY), rc = -1;
	struct bk_reader *in;

	(void)arg;
	if (fd == -1)
		return bk_fail_errno(e, "sealed");
	if ((in = bk_reader_open(fd, "sealed", 0, e)) != NULL)
		rc = bk_reader_drain(in, e);
	bk_reader_free(in);
	close(fd);
	return rc;
}

static void
test_streams(void)
{
	struct bk_err e = {0};
	int fd = open("sealed", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct bk_writer *out = bk_writer_open(fd, "sealed", &e);

	if (out == NULL || bk_writer_envelope(out, &label, &e) == -1 ||
	    bk_writer_write(out, big, 10000, &e) == -1 ||
	    bk_writer_finish(out, &e) == -1)
		exit(99);
	bk_writer_free(out);
	starve_all("a stream that is written", stream, NULL);
	starve_all("one that is read", read_stream, NULL);
}

/* A failure leaves no file. */
static int
secret(void *arg, struct bk_err *e)
{
	int rc;

	(void)arg;
	(void)remove("secret");
	rc = bk_secret_store("secret", "xyz", 3, e);
	return rc == -1 && remove("secret") == 0 ? 1 : rc;
}

static int
record(void *arg, struct bk_err *e)
{
	struct bk_record r = { .name = arg, .time = 1, .stored = 100000000 };
	struct bk_buf b = {0};
	int rc = bk_record_format(&b, &r, e);

	r.nanos = 5;
	if (rc == 0 && (rc = bk_record_format(&b, &r, e)) == 0)
		rc = bk_record_format_error(&b, "cause", e);
	bk_buf_free(&b);
	return rc;
}

static int
expand(void *arg, struct bk_err *e)
{
	const struct bk_template_vars v = { .db = ".a/", .host = "h",
	    .now = 1 };
	struct bk_buf b = {0};
	int rc = bk_template_expand("{db}/{host}-{utc}-x", &v, &b, e);

	(void)arg;
	bk_buf_free(&b);
	return rc;
}

int
main(void)
{
	char command[64];

	(void)signal(SIGPIPE, SIG_IGN);
	alarm(300);			/* a hang is a failure */
	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		return 99;
	test_store();
	test_child();
	test_streams();
	starve_all("bk-tee", tee, NULL);
	starve_all("a secret", secret, NULL);
	starve_all("a template", expand, NULL);
	starve_all("a record", record, (char []){ "a\tb\n\x01\\" });
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command) != 0 || tap_done();
}
