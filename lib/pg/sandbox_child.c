#define _GNU_SOURCE		/* setgroups(2), unshare(2) */
#include "pg/sandbox_child.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"

#define GRACE 30	/* seconds from SIGQUIT to SIGKILL */
#define FDS 1024	/* descriptors that may be open */

/* In the child, up to start(). */

static int
become(const struct bk_confine *c)
{
	if (!c->other || geteuid() != 0)
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

/* What is seen of the host: programs, and what they look up. */
static const char *const seen[] = { "usr", "bin", "sbin", "lib", "lib32",
    "lib64", "libx32", "etc" };
static const char *const devices[] = { "dev/null", "dev/zero", "dev/full",
    "dev/random", "dev/urandom" };

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

/* In the new user namespace we keep our user and group. */
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

/*
 * The paths from here to enter_root() are relative: the root to be is the
 * working directory, while / is still the host's.
 */

/* Make a directory, and those above it, where there are none. */
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

/* Show one of the host's directories, or links to one, if it is there. */
static int
show(const char *name)
{
	char host[256], target[256];
	struct stat st;
	ssize_t n;

	(void)snprintf(host, sizeof(host), "/%s", name);
	if (lstat(host, &st) == -1)
		return 0;
	if (S_ISLNK(st.st_mode)) {
		if ((n = readlink(host, target, sizeof(target) - 1)) == -1)
			return -1;
		target[n] = '\0';
		return symlink(target, name);
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	return make_path(name) == -1 ? -1 :
	    mount(host, name, NULL, MS_BIND | MS_REC, NULL);
}

static int
show_device(const char *name)
{
	char host[64];
	int fd;

	(void)snprintf(host, sizeof(host), "/%s", name);
	if (access(host, F_OK) == -1)
		return 0;
	if ((fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) == -1)
		return -1;
	close(fd);
	return mount(host, name, NULL, MS_BIND, NULL);
}

/*
 * A program elsewhere, with what it was installed with: /opt/pg of
 * /opt/pg/bin/postgres, /home/ann of /home/ann/pg/bin/postgres.
 */
static int
show_program(const char *program)
{
	char top[256], *second, *third;
	size_t i;

	(void)snprintf(top, sizeof(top), "%s", program + 1);
	second = strchr(top, '/');
	if (second == NULL)
		return -1;
	*second = '\0';
	for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		if (strcmp(top, seen[i]) == 0)
			return 0;
	*second = '/';
	if ((third = strchr(second + 1, '/')) == NULL)
		return -1;
	/* /pg/bin/postgres */
	*(strchr(third + 1, '/') == NULL ? second : third) = '\0';
	return show(top);
}

static int
show_all(const char *program)
{
	size_t i;

	for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
		if (show(seen[i]) == -1)
			return -1;
	if (mkdir("proc", 0755) == -1 || mkdir("tmp", 0755) == -1 ||
	    make_path("dev/shm") == -1 || show_program(program) == -1)
		return -1;
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (show_device(devices[i]) == -1)
			return -1;
	/* for the server's shared memory; c->dir may be below the other one */
	return mount("none", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV,
	    "mode=1777");
}

static int
show_writable(const char *dir, int fd)
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return make_path(dir + 1) == -1 ? -1 :
	    mount(self, dir + 1, NULL, MS_BIND, NULL);
}

/* The working directory becomes the root, and the host's is gone. */
static int
enter_root(const char *dir)
{
	return syscall(SYS_pivot_root, ".", ".") == -1 ||
	    umount2(".", MNT_DETACH) == -1 || chdir("/") == -1 ||
	    set_readonly("/", 1) == -1 || set_readonly("/dev/shm", 0) == -1 ?
	    -1 : set_readonly(dir, 0);
}

/* A root in which there is little, and only c->dir can be written to. */
static int
limit_files(const struct bk_confine *c)
{
	int fd = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC), rc = -1;

	if (fd == -1)
		return -1;
	/* covers c->dir for as long as a place for it is needed */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", c->dir, "tmpfs", MS_NOSUID | MS_NODEV,
	    "mode=755,size=64k") == 0 && chdir(c->dir) == 0 &&
	    show_all(c->program) == 0 && show_writable(c->dir, fd) == 0)
		rc = enter_root(c->dir);
	close(fd);
	return rc;
}

static int
unshare_all(const struct bk_confine *c, int flags)
{
	uid_t uid;
	gid_t gid;

	if (geteuid() == 0 && unshare(flags) == 0)
		return 0;
	/* if that is not permitted, it may be in a user namespace of our own */
	if (become(c) == -1 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1)
		return -1;
	uid = geteuid();
	gid = getegid();
	return unshare(flags | CLONE_NEWUSER) == -1 ? -1 : map_user(uid, gid);
}

static int
confine(const struct bk_confine *c)
{
	int flags = (c->limits & BK_CONFINE_NET ? CLONE_NEWNET : 0) |
	    (c->limits & BK_CONFINE_PIDS ? CLONE_NEWPID | CLONE_NEWIPC : 0) |
	    (c->limits & BK_CONFINE_FILES ? CLONE_NEWNS : 0);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    (flags != 0 && unshare_all(c, flags) == -1))
		return -1;
	return c->limits & BK_CONFINE_FILES ? limit_files(c) : 0;
}

/* Be sent sig when our parent has ended, however. */
static int
end_with_parent(int sig)
{
	return prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0);
}

/* Out of reach of who becomes the same user. */
static int
be_untouchable(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

#else

static int
confine(const struct bk_confine *c)
{
	return c->limits == 0 ? 0 : -1;
}

static int
end_with_parent(int sig)
{
	(void)sig;
	return 0;
}

static int
be_untouchable(void)
{
	return 0;
}

#endif

/*
 * Between us and the program are one process, its keeper, or two: the other is
 * the first one of a PID namespace, with which all of that ends.
 */

static pid_t inner;		/* of the keeper: its child */
static int gentle;		/* which gets the chance to end its own */

static void
end_inner(int sig)
{
	int saved = errno;

	(void)kill(inner, gentle && sig == SIGTERM ? SIGQUIT : SIGKILL);
	(void)alarm(GRACE);
	errno = saved;
}

static void
close_others(int but)
{
	int fd;

	for (fd = STDERR_FILENO + 1; fd < FDS; fd++)
		if (fd != but)
			close(fd);
}

_Noreturn static void
run_program(const struct bk_confine *c, char *const argv[], const char *log)
{
	int fd;

	if ((fd = log == NULL ? open("/dev/null", O_WRONLY | O_CLOEXEC) :
	    open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) ==
	    -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(fd, STDERR_FILENO) == -1)
		_exit(127);
	(void)execve(argv[0], argv, c->env);
	_exit(127);
}

static int
exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* The first process of a namespace: what loses its parent becomes its child. */
_Noreturn static void
run_first(const struct bk_confine *c, char *const argv[], const char *log)
{
	pid_t program = fork(), ended;
	int status = 0;

	if (program == 0)
		run_program(c, argv, log);
	if (program == -1 || be_untouchable() == -1)
		_exit(127);
	while ((ended = waitpid(-1, &status, 0)) != program)
		if (ended == -1 && errno != EINTR)
			_exit(127);
	_exit(exit_status(status));
}

_Noreturn static void
run_inner(const struct bk_confine *c, char *const argv[], const char *log)
{
	sigset_t none;

	close_others(-1);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	if (become(c) == -1 || end_with_parent(SIGKILL) == -1 ||
	    setsid() == -1 || sigprocmask(SIG_SETMASK, &none, NULL) == -1)
		_exit(127);
	if (c->limits & BK_CONFINE_PIDS)
		run_first(c, argv, log);
	run_program(c, argv, log);
}

/* What end_inner() is for. */
static sigset_t *
ending(sigset_t *both)
{
	sigemptyset(both);
	sigaddset(both, SIGTERM);
	sigaddset(both, SIGALRM);
	return both;
}

_Noreturn static void
keep(const struct bk_confine *c, char *const argv[], const char *log,
    unsigned seconds, int alive)
{
	struct sigaction end = { .sa_handler = end_inner };
	atomic_int pid;
	sigset_t both;
	int status;

	close_others(alive);
	gentle = !(c->limits & BK_CONFINE_PIDS);
	if (confine(c) == -1 || end_with_parent(SIGTERM) == -1 ||
	    sigaction(SIGTERM, &end, NULL) == -1 ||
	    sigaction(SIGALRM, &end, NULL) == -1 || (inner = fork()) == -1)
		_exit(127);
	if (inner == 0)
		run_inner(c, argv, log);
	(void)alarm(seconds);
	(void)sigprocmask(SIG_UNBLOCK, ending(&both), NULL);
	pid = inner;
	_exit(bk_child_reap(&pid, &status) == -1 ? 127 : exit_status(status));
}

static int
start(const struct bk_confine *c, char *const argv[], const char *log,
    unsigned seconds, int alive, atomic_int *pid)
{
	sigset_t both, before;
	pid_t child;

	*pid = 0;
	/* a keeper that we end at once has none to end yet */
	if (sigprocmask(SIG_BLOCK, ending(&both), &before) == -1)
		return -1;
	if ((child = fork()) == 0)
		keep(c, argv, log, seconds, alive);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	*pid = child == -1 ? 0 : child;
	return child == -1 ? -1 : 0;
}

int
bk_confine_run(const struct bk_confine *c, char *const argv[], const char *log,
    unsigned seconds)
{
	int status;
	atomic_int pid;

	if (start(c, argv, log, seconds, -1, &pid) == -1)
		return -1;
	return bk_child_reap(&pid, &status) == 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0 ? 0 : -1;
}

int
bk_confine_start(const struct bk_confine *c, char *const argv[],
    const char *log, atomic_int *pid, int *alive)
{
	struct bk_err ignored = {0};
	int p[2];

	*pid = 0;
	*alive = -1;
	if (bk_io_pipe(p, &ignored) == -1)
		return -1;
	if (start(c, argv, log, 0, p[1], pid) == 0)
		*alive = p[0];
	else
		close(p[0]);
	close(p[1]);
	return *alive == -1 ? -1 : 0;
}

void
bk_confine_end(atomic_int *pid, int *alive)
{
	struct pollfd ended = { .fd = *alive, .events = POLLIN };
	int status;

	if (*pid == 0)
		return;
	bk_child_kill(pid);
	/* as the same user, where that is our own, it could stop the keeper */
	if (poll(&ended, 1, 2 * GRACE * 1000) != 1)
		(void)kill(*pid, SIGKILL);
	(void)bk_child_reap(pid, &status);
	close(*alive);
	*alive = -1;
}
