/* stream/store.h and base/freespace.h: the file after every way to end */
#include "stream/store.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

static const struct bk_store_options plain = { .must_exist_len = 1000 };
static const struct bk_store_options over = { .overwrite = 1,
    .must_exist_len = 1000 };
static char dir[] = "/tmp/bk-store.XXXXXX";

static int
exists(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* Number of temporary files here. */
static int
temps(void)
{
	int status = system("ls -A | grep -q '^\\.bk-save\\.'");

	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
test_names(void)
{
	static const struct { const char *name; int is; } t[] = {
		{ ".bk-save.1.0123456789abcdef.tmp", 1 },
		{ ".bk-save.4194304.ffffffffffffffff.tmp", 1 },
		{ ".bk-save.1.0123456789abcdef.tmp2", 0 },
		{ ".bk-save.1.0123456789abcde.tmp", 0 },
		{ ".bk-save.1.0123456789abcdef0.tmp", 0 },
		{ ".bk-save.1.0123456789ABCDEF.tmp", 0 },
		{ ".bk-save..0123456789abcdef.tmp", 0 },
		{ ".bk-save.1", 0 }, { ".bk-save.", 0 }, { ".bk-save", 0 },
		{ ".bk-save.1.", 0 }, { "", 0 }, { ".", 0 },
		{ "bk-save.1.0123456789abcdef.tmp", 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		is_int(bk_store_is_temporary(t[i].name), t[i].is, t[i].name);
}

static void
test_commit(void)
{
	struct bk_err e = {0};
	struct bk_store *s;
	struct stat st;

	s = bk_store_open("x", &plain, &e);
	ok(s != NULL && !temps(), "opening makes no file");
	is_int(bk_store_write(s, "one", 3, &e), 0, "a write");
	ok(temps() && !exists("x"), "is to a temporary file");
	is_int(bk_store_commit(s, &e), 0, "commit");
	ok(exists("x") && !temps(), "the file has its name, and no other");
	bk_store_unlink(s);
	bk_store_free(s);
	ok(stat("x", &st) == 0 && st.st_size == 3 &&
	    (st.st_mode & 07777) == 0600, "it stays, mode 0600");
	ok(bk_store_open("x", &plain, &e) == NULL && e.code == BK_FAIL,
	    "not a second time");
	e = (struct bk_err){0};
	s = bk_store_open("x", &over, &e);
	ok(bk_store_write(s, "two!", 4, &e) == 0, "to overwrite it");
	bk_store_free(s);
	ok(stat("x", &st) == 0 && st.st_size == 3 && !temps(),
	    "given up: the old one stays, nothing else does");
}

/* Two at once in one process: each has a lock of its own. */
static void
test_race(void)
{
	struct bk_err e = {0};
	struct bk_store *a = bk_store_open("r", &plain, &e), *b;

	bk_store_write(a, "a", 1, &e);
	b = bk_store_open("r", &plain, &e);
	ok(b != NULL && temps(), "opening another does not sweep a live one");
	bk_store_write(b, "bb", 2, &e);
	is_int(bk_store_commit(b, &e), 0, "the first to commit has the name");
	is_int(bk_store_commit(a, &e), -1, "the second has not");
	is_int(e.code, BK_FAIL, "and is told");
	bk_store_free(a);
	bk_store_free(b);
	ok(!temps(), "nothing is left");
}

static void
test_killed(void)
{
	struct bk_err e = {0};
	struct bk_store *s;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		s = bk_store_open("k", &plain, &e);
		_exit(s == NULL || bk_store_write(s, "k", 1, &e) == -1);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0 && temps(),
	    "a process that ended without a word leaves its file");
	s = bk_store_open("other", &plain, &e);
	ok(s != NULL && !temps(), "the next one sweeps it");
	bk_store_free(s);
}

static void
test_refused(void)
{
	static const struct bk_store_options made = { .must_exist_len = 2 };
	struct bk_err e = {0};
	struct bk_store *s;

	ok(bk_store_open("no/x", &plain, &e) == NULL && !exists("no"),
	    "a directory that must be there");
	e = (struct bk_err){0};
	s = bk_store_open("n/o/p/x", &made, &e);
	ok(s == NULL && !exists("n"), "also above those that are made");
	e = (struct bk_err){0};
	ok(mkdir("n", 0700) == 0 &&
	    (s = bk_store_open("n/o/p/x", &made, &e)) != NULL &&
	    exists("n/o/p"), "those that are made");
	bk_store_free(s);
	ok(bk_store_open(".bk-save.1.0123456789abcdef.tmp", &over, &e) ==
	    NULL && e.code == BK_USAGE, "a name that would be swept");
	e = (struct bk_err){0};
	ok(bk_store_open("n", &over, &e) == NULL && e.code == BK_FAIL,
	    "a directory is not overwritten");
	bk_store_free(NULL);
}

static void
test_space(void)
{
	static const char *const bad[] = { "", "%", "101%", "-1%", "1.5%",
	    "20%%", " 20%", "x", "20 %" };
	struct bk_freespace least;
	struct bk_err e = {0};
	int fd = open(".", O_RDONLY);
	size_t i;

	ok(bk_freespace_parse("20%", "o", &least, &e) == 0 &&
	    least.percent == 20 && least.bytes == 0, "20%%");
	ok(bk_freespace_parse("3M", "o", &least, &e) == 0 &&
	    least.percent == 0 && least.bytes == 3 << 20, "3M");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct bk_err){0};
		ok(bk_freespace_parse(bad[i], "o", &least, &e) == -1 &&
		    e.code == BK_USAGE, "refused: '%s'", bad[i]);
	}
	e = (struct bk_err){0};
	least = (struct bk_freespace){0};
	is_int(bk_freespace_check(fd, &least, ".", &e), 0, "no limit");
	least.bytes = 1;
	is_int(bk_freespace_check(fd, &least, ".", &e), 0, "one byte");
	least.bytes = UINT64_MAX;
	is_int(
	    bk_freespace_check(fd, &least, ".", &e), -1, "all bytes there are");
	least = (struct bk_freespace){ .percent = 100 };
	e = (struct bk_err){0};
	is_int(bk_freespace_check(fd, &least, ".", &e), -1, "100%");
	is_int(e.code, BK_FAIL, "is a failure, not a refusal");
	close(fd);
}

int
main(void)
{
	char rm[64];

	if (mkdtemp(dir) == NULL || chdir(dir) == -1) {
		perror(dir);
		return 1;
	}
	test_names();
	test_commit();
	test_race();
	test_killed();
	test_refused();
	test_space();
	(void)snprintf(rm, sizeof(rm), "rm -rf %s", dir);
	ok(system(rm) == 0, "cleaned up");
	return tap_done();
}
