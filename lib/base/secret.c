#define _DEFAULT_SOURCE		/* MADV_DONTDUMP */
#include "base/secret.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

void
bk_secret_guard(void)
{
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
	/* ASan's leak check traces its own process */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#elif !defined(__linux__)
	static const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
#endif
}

void
bk_secret_hold(const void *p, size_t n)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)p / page * page;
	size_t len = (uintptr_t)p + n - start;

	if (p == NULL || n == 0)
		return;
	(void)mlock((void *)start, len);
#ifdef MADV_DONTDUMP
	(void)madvise((void *)start, (len + page - 1) / page * page,
	    MADV_DONTDUMP);
#endif
}

/*
 * The permissions of a pipe or a terminal do not matter.  A root-owned,
 * group-readable file is how a service that does not run as root gets a secret:
 * systemd's acl(5) entry for the one user shows as such, Kubernetes sets
 * fsGroup.
 */
static int
check_mode(int fd, const char *name, struct bk_err *e)
{
	mode_t others = 077;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return bk_fail_errno(e, "%s", name);
	if (st.st_uid == 0 && geteuid() != 0)
		others &= ~(mode_t)S_IRGRP;
	if (S_ISREG(st.st_mode) && (st.st_mode & others) != 0)
		return bk_fail(e, BK_DATA, "%s: mode %04o lets others read a "
		    "secret; chmod 600 it", name,
		    (unsigned)(st.st_mode & 07777));
	return 0;
}

int
bk_secret_read(int fd, const char *name, size_t max, struct bk_buf *b,
    struct bk_err *e)
{
	uint8_t chunk[4096];
	size_t start = b->len;
	ssize_t n;

	if (check_mode(fd, name, e) == -1)
		return -1;
	while ((n = bk_io_read(fd, chunk, sizeof(chunk), name, e)) > 0) {
		if (b->len - start + (size_t)n > max)
			n = bk_fail(e, BK_DATA, "%s: longer than %zu bytes",
			    name, max);
		else
			n = bk_buf_add(b, chunk, (size_t)n, e);
		if (n == -1)
			break;
	}
	bk_wipe(chunk, sizeof(chunk));
	bk_secret_hold(b->data, b->len);
	return (int)n;
}

int
bk_secret_load(const char *path, size_t max, struct bk_buf *b,
    struct bk_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	rc = bk_secret_read(fd, path, max, b, e);
	close(fd);		/* read only: nothing to lose */
	return rc;
}

/* A name is durable only once its directory is synced. */
static int
sync_directory(const char *path, struct bk_err *e)
{
	char *copy = strdup(path);
	const char *dir;
	int fd, rc = 0;

	if (copy == NULL)
		return bk_fail_memory(e);
	dir = dirname(copy);
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1 ||
	    (fsync(fd) == -1 && errno != EINVAL))
		rc = bk_fail_errno(e, "%s", dir);
	if (fd != -1)
		close(fd);
	free(copy);
	return rc;
}

int
bk_secret_store(const char *path, const void *p, size_t n, struct bk_err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	if (fd == -1 && errno == EEXIST)
		return bk_fail(e, BK_FAIL, "%s: already exists and may hold a "
		    "key in use; choose another name", path);
	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	rc = bk_io_write(fd, p, n, path, e);
	if (rc == 0 && fsync(fd) == -1)
		rc = bk_fail_errno(e, "%s: fsync", path);
	if (bk_io_close(fd, path, e) == -1)
		rc = -1;
	if (rc == 0)
		rc = sync_directory(path, e);
	if (rc == -1)
		(void)unlink(path);
	return rc;
}

/*
 * Byte by byte: what follows on a terminal or a shared descriptor is not ours.
 */
int
bk_passphrase_read(int fd, const char *name, char out[BK_PASSPHRASE_MAX + 1],
    struct bk_err *e)
{
	size_t n = 0;
	ssize_t r = -1;
	char c;

	bk_secret_hold(out, BK_PASSPHRASE_MAX + 1);
	if (check_mode(fd, name, e) == -1)
		return -1;
	while ((r = bk_io_read(fd, &c, 1, name, e)) == 1 && c != '\n') {
		if (n == BK_PASSPHRASE_MAX || c == '\0') {
			r = bk_fail(e, BK_DATA, "%s: not a passphrase: a NUL "
			    "byte, or more than %d", name, BK_PASSPHRASE_MAX);
			break;
		}
		out[n++] = c;
	}
	if (n > 0 && out[n - 1] == '\r')
		n--;
	if (r != -1 && n == 0)
		r = bk_fail(e, BK_DATA, "%s: the passphrase, its first line, "
		    "is empty", name);
	if (r == -1)
		bk_wipe(out, n);
	out[r == -1 ? 0 : n] = '\0';
	bk_wipe(&c, 1);
	return r == -1 ? -1 : 0;
}

int
bk_passphrase_load(const char *path, char out[BK_PASSPHRASE_MAX + 1],
    struct bk_err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd == -1)
		return bk_fail_errno(e, "%s", path);
	rc = bk_passphrase_read(fd, path, out, e);
	close(fd);		/* read only: nothing to lose */
	return rc;
}

int
bk_passphrase_take(char *text, const char *name,
    char out[BK_PASSPHRASE_MAX + 1], struct bk_err *e)
{
	size_t n = strlen(text);

	if (n > BK_PASSPHRASE_MAX)
		return bk_fail(e, BK_DATA, "%s: more than %d bytes", name,
		    BK_PASSPHRASE_MAX);
	bk_secret_hold(out, BK_PASSPHRASE_MAX + 1);
	memcpy(out, text, n + 1);
	bk_wipe(text, n);
	return 0;
}
