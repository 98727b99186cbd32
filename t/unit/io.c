/* bk_io_slurp: whole files, up to a bound; bk_io_close_from. */
#include <sys/wait.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "tap.h"

#define MAX (128 * 1024 + 2)

static uint8_t content[MAX];
static char path[] = "/tmp/bk-io.XXXXXX";

/* A file of n bytes, after three already in the buffer; a bound of max. */
static int
is_whole(int fd, size_t n, size_t max)
{
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int rc, good;

	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, content, n, 0) != (ssize_t)n ||
	    bk_buf_puts(&b, "abc", &e) == -1)
		abort();
	rc = bk_io_slurp(path, max, &b, &e);
	if (n <= max)
		good = rc == 0 && b.len == 3 + n &&
		    memcmp(b.data + 3, content, n) == 0;
	else
		good = rc == -1 && e.code == BK_DATA && b.len == 3;
	good = good && b.data[b.len] == '\0';
	bk_buf_free(&b);
	return good;
}

/* In a child: of what is open, what lies below the lowest alone stays. */
static int
all_closed(void)
{
	int status, fd, left = 0;
	pid_t pid = fork();

	if (pid == 0) {
		for (fd = 20; fd < 900; fd++)
			if (dup2(STDOUT_FILENO, fd) == -1)
				_exit(1);
		(void)fcntl(30, F_SETFD, FD_CLOEXEC);
		bk_io_close_from(21);
		for (fd = 21; fd < 1024; fd++)
			left += fcntl(fd, F_GETFD) != -1;
		_exit(left != 0 || fcntl(20, F_GETFD) == -1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

int
main(void)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131071,
	    131072, 131073 };
	struct bk_buf b = {0};
	struct bk_err e = {0};
	int fd = mkstemp(path), bad = 0;
	size_t i, max;

	if (fd == -1)
		abort();
	for (i = 0; i < MAX; i++)
		content[i] = (uint8_t)(i * 7 + i / 256);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (max = sizes[i] == 0 ? 0 : sizes[i] - 1;
		    max <= sizes[i] + 1; max++)
			bad += !is_whole(fd, sizes[i], max);
	is_int(bad, 0, "every size around the steps, every bound around it");
	ok(is_whole(fd, 5, 1 << 30), "a bound is not an allocation");
	close(fd);
	unlink(path);
	ok(bk_io_slurp(path, 10, &b, &e) == -1 && e.code == BK_FAIL,
	    "no such file");
	ok(all_closed(), "each descriptor from one on is closed");
	return tap_done();
}
