#include "audit/format.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/own_address.h"
#include "base/io.h"
#include "base/version.h"
#include "json/json_write.h"

static struct {
	char user[256], address[INET6_ADDRSTRLEN];
} own;

static void
find_own(void)
{
	struct passwd pw, *found = NULL;
	char buf[4096];

	bk_audit_address(own.address);
	if (getpwuid_r(geteuid(), &pw, buf, sizeof(buf), &found) == 0 &&
	    found != NULL)
		(void)snprintf(own.user, sizeof(own.user), "%s", pw.pw_name);
	else
		(void)snprintf(own.user, sizeof(own.user), "%ju",
		    (uintmax_t)geteuid());
}

void
bk_audit_look_up(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, find_own);
}

static int
add_ending(struct bk_buf *b, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e)
{
	int failed = result->code != BK_OK && !a->answered;

	if (bk_json_number(b, "size_bytes", a->size_bytes, e) == -1 ||
	    bk_json_seconds(b, "duration_seconds", a->duration_seconds,
	    e) == -1 ||
	    bk_json_member(b, "status", failed ? "failure" : "success",
	    e) == -1)
		return -1;
	return bk_json_member(b, "error", result->code != BK_OK ? result->msg :
	    NULL, e);
}

/* A member that is left out where it is not known. */
static int
add_known(struct bk_buf *b, const char *key, const char *value,
    struct bk_err *e)
{
	return value == NULL || *value == '\0' ? 0 :
	    bk_json_member(b, key, value, e);
}

/* What a deletion was asked to delete. */
static int
add_deleted(struct bk_buf *b, const struct bk_audit *a, struct bk_err *e)
{
	if (a->deleted == 0)
		return 0;
	if (bk_json_number(b, "deleted", a->deleted, e) == -1)
		return -1;
	return a->oldest == 0 ? 0 :
	    bk_json_time(b, "oldest", a->oldest, e) == -1 ||
	    bk_json_time(b, "newest", a->newest, e) == -1 ? -1 : 0;
}

/* Who runs it, and where. */
static int
add_own(struct bk_buf *b, struct bk_err *e)
{
	struct utsname u;

	bk_audit_look_up();
	if (bk_json_member(b, "user", own.user, e) == -1 ||
	    bk_json_member(b, "host", uname(&u) == 0 ? u.nodename : NULL,
	    e) == -1)
		return -1;
	return bk_json_member(b, "ip_address", own.address, e);
}

static int
format(struct bk_buf *b, const struct bk_audit *a, const struct bk_err *result,
    int with_own, struct bk_err *e)
{
	if (bk_buf_puts(b, "{", e) == -1 || (result != NULL &&
	    bk_json_time(b, "timestamp", a->ended, e) == -1) ||
	    bk_json_key(b, "operation", e) == -1 ||
	    bk_json_string(b, a->operation, e) == -1 ||
	    bk_json_member(b, "type", a->type, e) == -1 ||
	    bk_json_member(b, "source", a->source, e) == -1 ||
	    bk_json_member(b, "destination", a->destination, e) == -1 ||
	    (result != NULL && add_ending(b, a, result, e) == -1) ||
	    (with_own && add_own(b, e) == -1) ||
	    bk_json_number(b, "pid", (uint64_t)getpid(), e) == -1 ||
	    bk_json_member(b, "version", BK_VERSION, e) == -1 ||
	    add_known(b, "run", a->run, e) == -1 ||
	    add_known(b, "backup", a->backup, e) == -1 ||
	    add_known(b, "stages", a->stages, e) == -1 ||
	    add_known(b, "proof", a->proof, e) == -1 ||
	    add_deleted(b, a, e) == -1)
		return -1;
	return bk_buf_puts(b, "}", e);
}

int
bk_audit_format(struct bk_buf *b, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e)
{
	return format(b, a, result, 0, e);
}

int
bk_audit_format_own(struct bk_buf *b, struct bk_err *e)
{
	return bk_buf_puts(b, "{\"operation\":\"\"", e) == -1 ||
	    add_own(b, e) == -1 ? -1 : bk_buf_puts(b, "}", e);
}

static int
lock(int fd)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int rc;

	do
		rc = fcntl(fd, F_SETLKW, &all);
	while (rc == -1 && errno == EINTR);
	return rc;
}

int
bk_audit_reserve(const char *path, struct bk_err *e)
{
	struct stat st;
	/* O_NONBLOCK: do not wait for the reader of a FIFO */
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0600);

	if (fd == -1 && errno == ELOOP)
		return bk_fail(e, BK_FAIL, "audit log %s: a symbolic link; "
		    "give the file itself", path);
	if (fd == -1)
		return bk_fail_errno(e, "audit log %s", path);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		return bk_fail(e, BK_FAIL, "audit log %s: not a regular file",
		    path);
	}
	return fd;
}

/* Wait for the lock of fd, which is closed on failure. */
static int
lock_log(int fd, const char *path, struct stat *st, struct bk_err *e)
{
	if (lock(fd) == 0 && fstat(fd, st) == 0)
		return 0;
	bk_fail_errno(e, "audit log %s: lock", path);
	close(fd);
	return -1;
}

int
bk_audit_open(const char *path, off_t *size, struct bk_err *e)
{
	struct stat ours, there;
	int fd;

	for (;;) {
		if ((fd = bk_audit_reserve(path, e)) == -1 ||
		    lock_log(fd, path, &ours, e) == -1)
			return -1;
		*size = ours.st_size;
		/* if it was renamed or removed while we waited, reopen */
		if (stat(path, &there) == 0 && there.st_ino == ours.st_ino &&
		    there.st_dev == ours.st_dev)
			return fd;
		close(fd);
	}
}

int
bk_audit_commit(int fd, off_t size, const struct bk_buf *text,
    const char *path, struct bk_err *e)
{
	int rc = bk_io_write(fd, text->data, text->len, path, e);

	if (rc == 0 && fdatasync(fd) == -1)
		rc = bk_fail_errno(e, "%s: fsync", path);
	if (rc == -1 && ftruncate(fd, size) == -1)
		bk_fail_add(e, "; it may end with a part of the record: %s",
		    strerror(errno));
	return bk_io_close(fd, path, e) == -1 ? -1 : rc;
}

int
bk_audit_append(const char *path, int fd, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e)
{
	struct bk_buf b = {0};
	struct stat st = { .st_size = 0 };
	int rc = -1;

	if (format(&b, a, result, 1, e) == 0 &&
	    bk_buf_puts(&b, "\n", e) == 0 && (fd != -1 ?
	    lock_log(fd, path, &st, e) == 0 :
	    (fd = bk_audit_open(path, &st.st_size, e)) != -1))
		rc = bk_audit_commit(fd, st.st_size, &b, path, e);
	bk_buf_free(&b);
	return rc;
}
