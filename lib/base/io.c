#define _GNU_SOURCE		/* F_SETPIPE_SZ, pipe2, flock */
#include "base/io.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SLURP_STEP (64 * 1024)
#define DESCRIPTORS 65536	/* tried one by one, at most */

/* Wait until a non-blocking descriptor (ssh may leave one) is ready. */
static int
wait_ready(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, -1) == -1 && errno != EINTR ? -1 : 0;
}

static int
again(int fd, short events)
{
	if (errno == EINTR)
		return 1;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_ready(fd, events) == 0;
	return 0;
}

/* Wait until fd has something to read, or a failure to report. */
static int
wait_until(int fd, int stop, const char *name, struct bk_err *e)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = stop, .events = POLLIN },
	};

	while (poll(p, 2, -1) == -1)
		if (errno != EINTR)
			return bk_fail_errno(e, "%s: poll", name);
	return p[1].revents == 0 ? 0 : bk_fail(e, BK_FAIL, "%s: stopped", name);
}

ssize_t
bk_io_read(int fd, void *buf, size_t n, const char *name, struct bk_err *e)
{
	return bk_io_read_until(fd, -1, buf, n, name, e);
}

ssize_t
bk_io_read_until(int fd, int stop, void *buf, size_t n, const char *name,
    struct bk_err *e)
{
	size_t got = 0;
	ssize_t r;

	while (got < n) {
		if (stop != -1 && wait_until(fd, stop, name, e) == -1)
			return -1;
		r = read(fd, (char *)buf + got, n - got);
		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (!again(fd, POLLIN))
			return bk_fail_errno(e, "%s: read", name);
	}
	return (ssize_t)got;
}

int
bk_io_write(int fd, const void *buf, size_t n, const char *name,
    struct bk_err *e)
{
	return bk_io_write2(fd, buf, n, NULL, 0, name, e);
}

int
bk_io_write2(int fd, const void *a, size_t alen, const void *b, size_t blen,
    const char *name, struct bk_err *e)
{
	struct iovec v[2] = {
		{ .iov_base = (void *)(uintptr_t)a, .iov_len = alen },
		{ .iov_base = (void *)(uintptr_t)b, .iov_len = blen },
	};
	ssize_t w;
	size_t n;
	int i;

	while (v[0].iov_len + v[1].iov_len > 0) {
		w = v[1].iov_len == 0 ?
		    write(fd, v[0].iov_base, v[0].iov_len) : writev(fd, v, 2);
		if (w == -1) {
			if (again(fd, POLLOUT))
				continue;
			return bk_fail_errno(e, "%s: write", name);
		}
		for (i = 0; i < 2; i++) {
			n = (size_t)w < v[i].iov_len ? (size_t)w : v[i].iov_len;
			if (n == 0)
				continue;	/* it may be NULL */
			v[i].iov_base = (char *)v[i].iov_base + n;
			v[i].iov_len -= n;
			w -= (ssize_t)n;
		}
	}
	return 0;
}

ssize_t
bk_io_pread(int fd, void *buf, size_t n, off_t off, const char *name,
    struct bk_err *e)
{
	size_t have = 0;
	ssize_t r;

	while (have < n) {
		r = pread(fd, (char *)buf + have, n - have, off + (off_t)have);
		if (r == 0)
			break;
		if (r > 0)
			have += (size_t)r;
		else if (errno != EINTR)
			return bk_fail_errno(e, "%s: read", name);
	}
	return (ssize_t)have;
}

int
bk_io_pwrite(int fd, const void *buf, size_t n, off_t off, const char *name,
    struct bk_err *e)
{
	size_t done = 0;
	ssize_t w;

	while (done < n) {
		w = pwrite(fd, (const char *)buf + done, n - done,
		    off + (off_t)done);
		if (w >= 0)
			done += (size_t)w;
		else if (errno != EINTR)
			return bk_fail_errno(e, "%s: write", name);
	}
	return 0;
}

int
bk_io_lock(int fd, int how)
{
	int rc;

	while ((rc = flock(fd, how)) == -1 && errno == EINTR)
		;
	return rc;
}

int
bk_io_close(int fd, const char *name, struct bk_err *e)
{
	/* on Linux it is closed even after EINTR: do not retry */
	if (close(fd) == -1 && errno != EINTR)
		return bk_fail_errno(e, "%s: close", name);
	return 0;
}

/* Memory grows with the data read, not with max. */
static int
slurp(int fd, const char *name, size_t max, struct bk_buf *b,
    struct bk_err *e)
{
	size_t start = b->len, want;
	ssize_t n;

	do {
		/* one byte over the limit shows that there is more */
		want = max - (b->len - start) < SLURP_STEP ?
		    max - (b->len - start) + 1 : SLURP_STEP;
		if (bk_buf_reserve(b, want, e) == -1 ||
		    (n = bk_io_read(fd, b->data + b->len, want, name, e)) == -1)
			return -1;
		b->len += (size_t)n;
		if (b->len - start > max)
			return bk_fail(e, BK_DATA, "%s: longer than %zu bytes",
			    name, max);
	} while ((size_t)n == want);
	return 0;
}

int
bk_io_slurp(const char *path, size_t max, struct bk_buf *b, struct bk_err *e)
{
	int std = strcmp(path, "-") == 0, rc;
	int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	size_t start = b->len;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	rc = slurp(fd, std ? "standard input" : path, max, b, e);
	if (rc == -1 && b->data != NULL) {
		bk_wipe(b->data + start, b->len - start);
		b->len = start;
	}
	if (b->data != NULL)
		b->data[b->len] = '\0';
	if (!std)
		close(fd);		/* read only: nothing to lose */
	return rc;
}

void
bk_io_pipe_grow(int fd)
{
#ifdef F_SETPIPE_SZ
	if (bk_io_is_pipe(fd))
		(void)fcntl(fd, F_SETPIPE_SZ, 1024 * 1024);
#else
	(void)fd;
#endif
}

/* close_range(2) is younger than the kernels we run on, and not in musl. */
void
bk_io_close_from(int lowest)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;
	long limit;
	int fd;

	if (d == NULL) {
		limit = sysconf(_SC_OPEN_MAX);
		if (limit < 0 || limit > DESCRIPTORS)
			limit = DESCRIPTORS;
		for (fd = lowest; fd < limit; fd++)
			(void)close(fd);
		return;
	}
	while ((entry = readdir(d)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd >= lowest && fd != dirfd(d))
			(void)close(fd);
	}
	closedir(d);
}

int
bk_io_pipe(int p[2], struct bk_err *e)
{
	/* at once: another thread may fork at any moment */
	return pipe2(p, O_CLOEXEC) == -1 ? bk_fail_errno(e, "pipe") : 0;
}

int
bk_io_is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	    (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

void
bk_io_tell(int fd, const char *text, size_t n)
{
	static const struct timespec now;
	sigset_t pipe, before;

	(void)sigemptyset(&pipe);
	(void)sigaddset(&pipe, SIGPIPE);
	(void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
	if (write(fd, text, n) == -1 && errno == EPIPE &&
	    !sigismember(&before, SIGPIPE))
		(void)sigtimedwait(&pipe, NULL, &now);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}
