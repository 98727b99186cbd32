/* Linux: the limit on files and TCP, see sandbox.h. */
#define _GNU_SOURCE		/* O_PATH */
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_in.h"

#ifdef BK_SANDBOX_LINUX
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Of <linux/landlock.h>, which systems may lack or have in an older version
 * than their kernel's.  The numbers of the calls are those of all
 * architectures.
 */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446
#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH 1

#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_REMOVE_DIR (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR (UINT64_C(1) << 7)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_ALL(bits) ((UINT64_C(1) << (bits)) - 1)
#define NET_BIND_TCP UINT64_C(1)
#define NET_CONNECT_TCP UINT64_C(2)
#define SCOPE_ABSTRACT_UNIX_SOCKET UINT64_C(1)

struct ruleset {
	uint64_t fs, net, scoped;	/* what is denied */
};

struct beneath {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* What the kernel's version of the interface can deny, of what we do. */
static struct ruleset
denied(long version, const struct bk_sandbox *s)
{
	static const int bits[] = { 0, 13, 14, 15, 15, 16 };
	struct ruleset r = { .fs = FS_ALL(bits[version < 5 ? version : 5]) };

	if (version >= 4)
		r.net = s->may & BK_SANDBOX_CONNECT ? NET_BIND_TCP :
		    NET_BIND_TCP | NET_CONNECT_TCP;
	if (version >= 6)
		r.scoped = SCOPE_ABSTRACT_UNIX_SOCKET;
	return r;
}

static void
allow(int ruleset, const struct ruleset *r, const struct bk_sandbox_path *path)
{
	struct beneath rule = { .allowed = FS_READ_FILE | FS_READ_DIR };
	struct stat st;

	if (path->writable)
		rule.allowed |= FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG |
		    FS_MAKE_DIR | FS_REMOVE_FILE | FS_REMOVE_DIR | FS_REFER;
	rule.fd = open(path->name, O_PATH | O_CLOEXEC);
	if (rule.fd == -1)
		return;		/* opening it fails in the same way */
	if (fstat(rule.fd, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			rule.allowed &= FS_READ_FILE | FS_WRITE_FILE |
			    FS_TRUNCATE;
		rule.allowed &= r->fs;
		/* a pipe, as of a shell's <(...), needs no rule */
		(void)syscall(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule,
		    0);
	}
	close(rule.fd);
}

int
bk_sandbox_prepare(const struct bk_sandbox *s)
{
	long version = syscall(CALL_CREATE_RULESET, NULL, 0,
	    CREATE_RULESET_VERSION);
	struct ruleset r;
	int ruleset;
	size_t i;

	if (version < 1)	/* ENOSYS, or EOPNOTSUPP: not enabled */
		return -1;
	r = denied(version, s);
	/* an older kernel takes the longer structure if the rest of it is 0 */
	ruleset = (int)syscall(CALL_CREATE_RULESET, &r, sizeof(r), 0);
	if (ruleset == -1)
		return -1;
	for (i = 0; i < s->npaths; i++)
		allow(ruleset, &r, &s->path[i]);
	return ruleset;
}

void
bk_sandbox_files(int handle)
{
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (handle != -1)
		(void)syscall(CALL_RESTRICT_SELF, handle, 0);
}

void
bk_sandbox_release(int handle)
{
	if (handle != -1)
		close(handle);
}

static void
close_inherited(int fd, const int *keep, size_t n)
{
	int flags = fcntl(fd, F_GETFD);
	size_t i;

	for (i = 0; i < n; i++)
		if (keep[i] == fd)
			return;
	if (flags != -1 && (flags & FD_CLOEXEC) == 0)
		(void)close(fd);
}

void
bk_sandbox_close(const int *keep, size_t n)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd;

	if (d == NULL) {	/* no /proc, as in a container or chroot(2) */
		for (fd = STDERR_FILENO + 1; fd < 1024; fd++)
			close_inherited(fd, keep, n);
		return;
	}
	while ((entry = readdir(d)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd > STDERR_FILENO)
			close_inherited(fd, keep, n);
	}
	closedir(d);
}
#endif
