/* wal/command: a command that dies leaves nobody with half a file */
#include "wal/command.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "starve.h"
#include "tap.h"

#define SIZE (8 << 20)

extern char **environ;

static const struct timespec moment = { .tv_nsec = 10000000 };
static char dir[] = "/tmp/bk-command.XXXXXX";

static int
make_file(void)
{
	static uint8_t buf[SIZE];
	struct bk_err e = {0};
	FILE *f = tmpfile();
	size_t i;
	int fd;

	if (f == NULL || (fd = dup(fileno(f))) == -1)
		return -1;
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 2654435761u >> 24);
	if (bk_io_write(fd, buf, sizeof(buf), "file", &e) == -1)
		return -1;
	fclose(f);
	return fd;
}

static int
run(int fd, const char *script, struct bk_err *e)
{
	static const char file[] = "000000010000000000000001";
	char *words[] = { (char *)(uintptr_t)script, NULL };
	struct bk_label label = {0};
	struct bk_wal_command c;
	atomic_int pid = 0;

	bk_wal_command_init(&c, words, environ);
	return bk_wal_command_feed(&c, file, fd, SIZE, &label, NULL, &pid, e);
}

/*
 * What a process that was left behind has read, once it has ended: the bytes of
 * a file; -1: it goes on.
 */
static long
left_behind(void)
{
	char path[64];
	struct stat st;
	int i;

	(void)snprintf(path, sizeof(path), "%s/end", dir);
	for (i = 0; i < 2000 && stat(path, &st) == -1; i++)
		(void)nanosleep(&moment, NULL);
	if (unlink(path) == -1)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/out", dir);
	return stat(path, &st) == 0 ? (long)st.st_size : 0;
}

/* 1 if the file "out" ends with a closing mark. */
static int
closed(void)
{
	char path[64], tail[BK_SEAL_TAIL];
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/out", dir);
	if ((f = fopen(path, "r")) == NULL ||
	    fseek(f, -(long)sizeof(tail), SEEK_END) != 0)
		return 0;
	n = fread(tail, 1, sizeof(tail), f);
	fclose(f);
	return bk_seal_find_closing(tail, n) != -1;
}

static int
store(void *arg, struct bk_err *e)
{
	return run(*(int *)arg, "cat >/dev/null", e);
}

int
main(void)
{
	struct bk_err e = {0};
	int fd = make_file(), i, whole = 0, torn = 0;
	long size;

	if (fd == -1 || mkdtemp(dir) == NULL || chdir(dir) == -1)
		return 1;
	ok(run(fd, "cat >out; : >end", &e) == 0, "it reads all");
	ok(left_behind() > SIZE && closed(), "and has the closing mark");

	/* whoever is left behind reads on, beside us, until the end */
	for (i = 0; i < 20; i++) {
		e = (struct bk_err){0};
		if (run(fd, "rm -f out; exec 3<&0; { trap '' TERM; "
		    "dd bs=4k status=none <&3 >out; : >end; } & "
		    "exec 3<&-; until [ -s out ]; do :; done; exit 1",
		    &e) == 0)
			whole += 100;
		size = left_behind();
		if (size > 0 && size < SIZE && closed())
			torn++;
	}
	ok(whole == 0, "a command that fails has stored nothing");
	ok(torn == 0, "no closing mark behind a hole: %d of %d", torn, i);

	e = (struct bk_err){0};
	ok(run(fd, "{ trap ': >end; exit' TERM; : >ready; "
	    "n=0; while [ $n -lt 9000000 ]; do n=$((n + 1)); done; } & "
	    "until [ -e ready ]; do :; done; exit 1", &e) == -1,
	    "one that leaves a process behind");
	ok(left_behind() != -1, "and what it left is sent SIGTERM");
	starve_all("feed", store, &fd);
	ok(system("rm -r \"$PWD\"") == 0, "clean");
	return tap_done();
}
