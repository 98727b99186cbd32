#define _GNU_SOURCE		/* setgroups(2), unshare(2) */
#include "pg/confine.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"

/* In the child, up to run_child(). */

static int
become(const struct bk_confine *c)
{
	if (!c->other)
		return 0;
	return setgroups(0, NULL) == -1 || setgid(c->gid) == -1 ||
	    setuid(c->uid) == -1 || setuid(0) != -1 ? -1 : 0;
}

#if defined(__linux__)

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <sched.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442	/* on every architecture */
#endif

/* What belongs to users and services; a link (/var/run) needs no cover. */
static const char *const hidden[] = { "/home", "/root", "/tmp", "/var", "/run",
    "/srv", "/mnt", "/media", "/boot", "/sys" };

static int
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), rc = -1;

	if (fd != -1 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text))
		rc = 0;
	if (fd != -1)
		close(fd);
	return rc;
}

/* In the new user namespace we are who we were. */
static int
map_user(uid_t uid, gid_t gid)
{
	char map[64];

	(void)snprintf(map, sizeof(map), "%ju %ju 1", (uintmax_t)uid,
	    (uintmax_t)uid);
	if (write_text("/proc/self/setgroups", "deny") == -1 ||
	    write_text("/proc/self/uid_map", map) == -1)
		return -1;
	(void)snprintf(map, sizeof(map), "%ju %ju 1", (uintmax_t)gid,
	    (uintmax_t)gid);
	return write_text("/proc/self/gid_map", map);
}

/* mount_setattr(2), which the C library need not have yet. */
static int
set_readonly(const char *path, int on)
{
	struct { uint64_t set, clear, propagation, userns; } attr = {0};

	if (on)
		attr.set = 1;		/* MOUNT_ATTR_RDONLY */
	else
		attr.clear = 1;
	return (int)syscall(SYS_mount_setattr, AT_FDCWD, path,
	    on ? 0x8000 /* AT_RECURSIVE */ : 0, &attr, sizeof(attr));
}

static int
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static int
hide(const struct bk_confine *c, const char *path)
{
	struct stat st;

	if (lstat(path, &st) == -1 || !S_ISDIR(st.st_mode) ||
	    is_below(c->program, path))
		return 0;
	return mount("none", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	    "mode=755,size=64k");
}

/* Make a directory, and those above it, where they are hidden now. */
static int
make_path(const char *path)
{
	char dir[256];
	const char *p = path;

	while ((p = strchr(p + 1, '/')) != NULL) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(p - path),
		    path);
		if (access(dir, F_OK) == -1 && mkdir(dir, 0755) == -1)
			return -1;
	}
	return access(path, F_OK) == -1 ? mkdir(path, 0755) : 0;
}

/* A view of the files in which only c->dir can be written to. */
static int
limit_files(const struct bk_confine *c)
{
	char self[64];
	int fd = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (fd == -1 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ==
	    -1 || set_readonly("/", 1) == -1)
		return -1;
	for (i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (hide(c, hidden[i]) == -1)
			return -1;
	/* for the server's shared memory; c->dir may be below the other one */
	if (mount("none", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV,
	    "mode=1777") == -1)
		return -1;
	if (make_path(c->dir) == -1 ||
	    mount(self, c->dir, NULL, MS_BIND, NULL) == -1 ||
	    set_readonly(c->dir, 0) == -1)
		return -1;
	return hide(c, "/proc");	/* where self was until now */
}

static int
unshare_all(const struct bk_confine *c, int flags)
{
	uid_t uid;
	gid_t gid;

	if (geteuid() == 0 && unshare(flags) == 0)
		return 0;
	/* who may not do that may do it in a user namespace of his own */
	if (become(c) == -1 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1)
		return -1;
	uid = geteuid();
	gid = getegid();
	return unshare(flags | CLONE_NEWUSER) == -1 ? -1 : map_user(uid, gid);
}

static int
confine(const struct bk_confine *c)
{
	int flags = CLONE_NEWNET | CLONE_NEWIPC;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	if (c->level == BK_CONFINE_USER)
		return become(c);
	if (c->level == BK_CONFINE_FILES)
		flags |= CLONE_NEWNS;
	if (unshare_all(c, flags) == -1 ||
	    (c->level == BK_CONFINE_FILES && limit_files(c) == -1))
		return -1;
	return geteuid() == 0 ? become(c) : 0;
}

#else

static int
confine(const struct bk_confine *c)
{
	return c->level == BK_CONFINE_USER ? become(c) : -1;
}

#endif

_Noreturn static void
run_child(const struct bk_confine *c, char *const argv[], const char *log)
{
	int fd;

	if (confine(c) == -1 || (fd = log == NULL ? open("/dev/null",
	    O_WRONLY | O_CLOEXEC) : open(log, O_WRONLY | O_CREAT | O_APPEND |
	    O_CLOEXEC, 0600)) == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(fd, STDERR_FILENO) == -1)
		_exit(127);
	(void)execve(argv[0], argv, c->env);
	_exit(127);
}

int
bk_confine_run(const struct bk_confine *c, char *const argv[], const char *log)
{
	int status;
	atomic_int pid = fork();

	if (pid == 0)
		run_child(c, argv, log);
	if (pid == -1)
		return -1;
	return bk_child_reap(&pid, &status) == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0 ? 0 : -1;
}
