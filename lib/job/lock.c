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
#define TRIES 10

/*
 * Make the directory, or take it if it is ours: anybody may have made one of
 * its name in /tmp.
 */
static int
make_directory(const char *dir, struct bk_err *e)
{
	struct stat st;

	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return bk_fail_errno(e, "lock: %s", dir);
	if (lstat(dir, &st) == -1)
		return bk_fail_errno(e, "lock: %s", dir);
	if (!S_ISDIR(st.st_mode))
		return bk_fail(e, BK_FAIL, "lock: %s: not a directory; remove "
		    "it", dir);
	if (st.st_uid != geteuid())
		return bk_fail(e, BK_FAIL, "lock: %s: belongs to the user %ju; "
		    "remove it, as root", dir, (uintmax_t)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return bk_fail(e, BK_FAIL, "lock: %s: others may write to it; "
		    "chmod 700 it", dir);
	return 0;
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

/* For people; without it the lock is one as well. */
static void
write_pid(int fd)
{
	char pid[PID_TEXT];
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) == -1)
		return;
}

/* 1 if the file has the name still: who cleans up may have removed it. */
static int
is_there(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 &&
	    held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int
lock_file(const char *path, struct bk_err *e)
{
	int fd, tries, rc = -1;

	for (tries = 0; tries < TRIES; tries++) {
		if ((fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW |
		    O_NONBLOCK, 0600)) == -1)
			return bk_fail_errno(e, "lock: %s", path);
		if (bk_io_lock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (is_there(fd, path)) {
				write_pid(fd);
				return fd;
			}
			close(fd);
			continue;
		}
		rc = errno == EWOULDBLOCK ? fail_busy(fd, e) :
		    bk_fail_errno(e, "lock: %s", path);
		close(fd);
		return rc;
	}
	return bk_fail(e, BK_FAIL, "lock: %s: is removed again and again",
	    path);
}

int
bk_job_lock(const char *spec, struct bk_err *e)
{
	uid_t uid = geteuid();
	struct bk_buf path = {0};
	int fd = -1;

	if ((uid == 0 ? bk_buf_puts(&path, "/run/bk", e) :
	    bk_buf_printf(&path, e, "%s/bk-%ju", access("/run/lock",
	    W_OK | X_OK) == 0 ? "/run/lock" : "/tmp", (uintmax_t)uid)) == 0 &&
	    make_directory(path.data, e) == 0 &&
	    bk_buf_printf(&path, e, "/%s.lock", spec) == 0)
		fd = lock_file(path.data, e);
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
