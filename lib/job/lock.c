#define _DEFAULT_SOURCE		/* flock */
#include "job/lock.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

#define PID_TEXT 24

/*
 * Open the file, which must be ours and have this name alone: anybody may make
 * a link in /tmp to a file of ours.
 */
static int
open_file(const char *path, struct bk_err *e)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY |
	    O_NONBLOCK, 0600);

	if (fd == -1)
		return bk_fail_errno(e, "lock %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && st.st_nlink == 1)
		return fd;
	close(fd);
	return bk_fail(e, BK_FAIL, "lock %s: not a file of this user; remove "
	    "it", path);
}

/* The process that holds it has left its number there. */
static int
fail_busy(int fd, struct bk_err *e)
{
	struct bk_err ignored = {0};
	char pid[PID_TEXT] = "";
	ssize_t n = bk_io_pread(fd, pid, sizeof(pid) - 1, 0, "", &ignored);

	pid[n > 0 ? (size_t)n : 0] = '\0';
	pid[strspn(pid, "0123456789")] = '\0';
	return bk_fail(e, BK_BUSY, "a run of it is under way%s%s",
	    *pid != '\0' ? ", process " : "", pid);
}

static int
lock_file(int fd, const char *path, struct bk_err *e)
{
	char pid[PID_TEXT];
	int n;

	if (bk_io_lock(fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? fail_busy(fd, e) :
		    bk_fail_errno(e, "lock %s", path);
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	/* for people; without it the lock is one as well */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) == -1)
		return 0;
	return 0;
}

int
bk_job_lock(const char *spec, struct bk_err *e)
{
	const char *dir = access("/run/lock", W_OK | X_OK) == 0 ?
	    "/run/lock" : "/tmp";
	struct bk_buf path = {0};
	int fd = -1;

	if (bk_buf_printf(&path, e, "%s/bk-%ju-%s.lock", dir,
	    (uintmax_t)geteuid(), spec) == 0 &&
	    (fd = open_file(path.data, e)) != -1 &&
	    lock_file(fd, path.data, e) == -1) {
		close(fd);
		fd = -1;
	}
	bk_buf_free(&path);
	return fd;
}

void
bk_job_unlock(int fd)
{
	if (fd == -1)
		return;
	(void)bk_io_lock(fd, LOCK_UN);
	close(fd);
}
