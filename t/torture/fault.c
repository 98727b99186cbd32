/*
 * A preloaded library that makes the N-th call of a kind fail, in one program
 * and the processes that it forks.  t/torture/faults drives it by
 *
 *	FAULT=MAP:PROGRAM:KIND:N:ALL:WHAT
 *
 * MAP is a file of sizeof(struct map) bytes: what was called how often, and
 * which call failed.  KIND is an index of struct map's calls.  ALL is 1 if all
 * calls after the N-th fail, too.  WHAT is an errno, or 0: a short count.
 * With N 0 none fails, and MAP.places gets a struct place for each call.
 *
 * Seen is what goes through the PLT: not what glibc calls inside of itself
 * (stdio's reads and writes, for which getline(3), fflush(3) and such fail here
 * instead; the sockets of getaddrinfo(3)), and not a constructor's malloc.
 * What is written to standard error never fails, for it would tell nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#undef _FORTIFY_SOURCE

/* The order is that of KINDS in t/torture/faults. */
enum kind { READ, WRITE, OPEN, CLOSE, SYNC, RENAME, UNLINK, MKDIR, STAT,
	TRUNCATE, MALLOC, MMAP, THREAD, FORK, PIPE, FCNTL, POLL, SOCKET,
	CONNECT, SEND, RECV, RANDOM, WAIT, DIRECTORY, STDIO, LOCK, CHMOD,
	KINDS = 32 };
enum { FRAMES = 16 };

struct map {
	atomic_uint calls[KINDS];
	atomic_uint injected;
	uint32_t unused;
	char trace[FRAMES][48];	/* "bk-gz+1a2b", the caller first */
};

struct place {
	uint32_t kind, n, hash;		/* of the program's frames */
};

static struct map *map;		/* NULL: not this program */
static uintptr_t program_begin, program_end;
static int places = -1;		/* the file, if they are wanted */
static enum kind kind;
static unsigned nth, all;
static int what;

static void
describe(char text[48], void *address)
{
	Dl_info info;
	const char *name;

	if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
		return;
	name = strrchr(info.dli_fname, '/');
	name = name == NULL ? info.dli_fname : name + 1;
	snprintf(text, 48, "%.30s+%lx", name, (unsigned long)address - 1 -
	    (unsigned long)info.dli_fbase);
}

static __attribute__((noinline)) void
trace(void)
{
	void *frames[FRAMES + 3];
	int i, n = backtrace(frames, FRAMES + 3);

	for (i = 3; i < n; i++)
		describe(map->trace[i - 3], frames[i]);
}

/* Of a shared library the last to call it counts, and who called that. */
static __attribute__((noinline)) void
note_place(enum kind k, unsigned n)
{
	struct place p = { k, n, 2166136261 };
	void *frames[FRAMES + 3];
	int i, ours = 0, depth = backtrace(frames, FRAMES + 3);
	uintptr_t at;

	for (i = 3; i < depth && ours < 4; i++) {
		at = (uintptr_t)frames[i];
		if (at < program_begin || at >= program_end)
			continue;
		p.hash = (p.hash ^ (uint32_t)(at - program_begin)) * 16777619;
		ours++;
	}
	syscall(SYS_write, places, &p, sizeof(p));
}

/* Is this call of kind k the one that fails? */
static __attribute__((noinline)) int
fails(enum kind k)
{
	unsigned n;

	if (map == NULL)
		return 0;
	n = atomic_fetch_add(&map->calls[k], 1) + 1;
	if (places != -1)
		note_place(k, n);
	if (k != kind || n < nth || (n > nth && !all))
		return 0;
	if (atomic_fetch_add(&map->injected, 1) == 0)
		trace();
	errno = what;
	return 1;
}

/* The first object is the program. */
static int
find_program(struct dl_phdr_info *info, size_t size, void *unused)
{
	int i;

	(void)size;
	(void)unused;
	program_begin = info->dlpi_addr;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			program_end = info->dlpi_addr +
			    info->dlpi_phdr[i].p_vaddr +
			    info->dlpi_phdr[i].p_memsz;
	return 1;
}

static __attribute__((constructor)) void
start(void)
{
	const char *s = getenv("FAULT");
	char file[210], program[40];
	void *frames[2];
	unsigned k;
	int fd;

	if (s == NULL || sscanf(s, "%199[^:]:%39[^:]:%u:%u:%u:%d", file,
	    program, &k, &nth, &all, &what) != 6 ||
	    strcmp(program, program_invocation_short_name) != 0)
		return;
	kind = k;
	backtrace(frames, 2);	/* which loads a library */
	fd = open(file, O_RDWR | O_CLOEXEC);
	map = mmap(NULL, sizeof(*map), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	if (map == MAP_FAILED)
		abort();
	close(fd);
	if (nth == 0) {
		dl_iterate_phdr(find_program, NULL);
		strcat(file, ".places");
		places = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
		    0666);
	}
}

/* For t/support/cover.c. */
void fault_end(void);
void
fault_end(void)
{
	map = NULL;
}

#define REAL(name) \
	static __typeof__(name) *real; \
	if (real == NULL) \
		real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* A function that fails before it has done anything. */
#define FAILING(k, type, name, params, args, failure) \
type \
name params \
{ \
	REAL(name); \
	return fails(k) ? (failure) : real args; \
}
#define FAILING_INT(k, name, params, args) \
	FAILING(k, int, name, params, args, -1)
#define FAILING_NULL(k, type, name, params, args) \
	FAILING(k, type *, name, params, args, NULL)

/* What a short transfer of n bytes leaves: one, or, of many in a row, some. */
static size_t
count(size_t n)
{
	size_t most = all ? 97 : 1;

	return n < most ? n : most;
}

/* One that transfers bytes, n of them, and may do so for the first alone. */
#define TRANSFER(k, name, params, args) \
ssize_t \
name params \
{ \
	REAL(name); \
	if (fails(k)) { \
		if (what != 0) \
			return -1; \
		n = count(n); \
	} \
	return real args; \
}

/* One that is done, but reports that it is not. */
#define REPORTING(k, name, params, args) \
int \
name params \
{ \
	int failed, rc; \
	REAL(name); \
	failed = fails(k); \
	rc = real args; \
	if (failed) { \
		errno = what; \
		return -1; \
	} \
	return rc; \
}

/* One whose result is an errno. */
#define RETURNING(k, name, params, args) \
	FAILING(k, int, name, params, args, what)

TRANSFER(READ, read, (int fd, void *p, size_t n), (fd, p, n))
TRANSFER(READ, pread, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
TRANSFER(READ, pread64, (int fd, void *p, size_t n, off64_t at),
    (fd, p, n, at))

ssize_t __read_chk(int fd, void *p, size_t n, size_t size);
TRANSFER(READ, __read_chk, (int fd, void *p, size_t n, size_t size),
    (fd, p, n, size))

/* A pipe or socket is never on a full disk: who waits there would, for ever. */
static int
may_fail(int fd)
{
	return fd != STDERR_FILENO && (what != ENOSPC ||
	    lseek(fd, 0, SEEK_CUR) != -1);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	REAL(write);
	if (may_fail(fd) && fails(WRITE)) {
		if (what != 0)
			return -1;
		n = count(n);
	}
	return real(fd, p, n);
}

TRANSFER(WRITE, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
TRANSFER(WRITE, pwrite64, (int fd, const void *p, size_t n, off64_t at),
    (fd, p, n, at))

ssize_t
writev(int fd, const struct iovec *v, int n)
{
	REAL(writev);
	if (!may_fail(fd) || !fails(WRITE))
		return real(fd, v, n);
	if (what != 0)
		return -1;
	for (; n > 0 && v->iov_len == 0; n--)
		v++;
	return n > 0 ? real(fd, &(struct iovec){v->iov_base,
	    count(v->iov_len)}, 1) : 0;
}

static mode_t
mode_of(int flags, va_list ap)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPENING(name) \
int \
name(const char *path, int flags, ...) \
{ \
	va_list ap; \
	mode_t mode; \
	REAL(name); \
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	return fails(OPEN) ? -1 : real(path, flags, mode); \
}
OPENING(open)
OPENING(open64)

#define OPENING_AT(name) \
int \
name(int at, const char *path, int flags, ...) \
{ \
	va_list ap; \
	mode_t mode; \
	REAL(name); \
	va_start(ap, flags); \
	mode = mode_of(flags, ap); \
	va_end(ap); \
	return fails(OPEN) ? -1 : real(at, path, flags, mode); \
}
OPENING_AT(openat)
OPENING_AT(openat64)

int __open_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
FAILING_INT(OPEN, __open_2, (const char *path, int flags), (path, flags))
FAILING_INT(OPEN, __openat_2, (int at, const char *path, int flags),
    (at, path, flags))
FAILING_INT(OPEN, creat, (const char *path, mode_t mode), (path, mode))
FAILING_INT(OPEN, mkstemp, (char *path), (path))
FAILING_INT(OPEN, mkostemp, (char *path, int flags), (path, flags))
FAILING_NULL(OPEN, FILE, fopen, (const char *path, const char *mode),
    (path, mode))
FAILING_NULL(OPEN, FILE, fopen64, (const char *path, const char *mode),
    (path, mode))
FAILING_NULL(OPEN, DIR, opendir, (const char *path), (path))

REPORTING(CLOSE, close, (int fd), (fd))
REPORTING(CLOSE, fclose, (FILE *f), (f))

FAILING_INT(SYNC, fsync, (int fd), (fd))
FAILING_INT(SYNC, fdatasync, (int fd), (fd))
FAILING_INT(SYNC, syncfs, (int fd), (fd))

FAILING_INT(RENAME, rename, (const char *from, const char *to), (from, to))
FAILING_INT(RENAME, renameat, (int a, const char *from, int b, const char *to),
    (a, from, b, to))
FAILING_INT(RENAME, renameat2, (int a, const char *from, int b,
    const char *to, unsigned flags), (a, from, b, to, flags))
FAILING_INT(RENAME, link, (const char *from, const char *to), (from, to))
FAILING_INT(RENAME, linkat, (int a, const char *from, int b, const char *to,
    int flags), (a, from, b, to, flags))
FAILING_INT(RENAME, symlinkat, (const char *to, int at, const char *path),
    (to, at, path))

FAILING_INT(UNLINK, unlink, (const char *path), (path))
FAILING_INT(UNLINK, unlinkat, (int at, const char *path, int flags),
    (at, path, flags))
FAILING_INT(UNLINK, rmdir, (const char *path), (path))

FAILING_INT(MKDIR, mkdir, (const char *path, mode_t mode), (path, mode))
FAILING_INT(MKDIR, mkdirat, (int at, const char *path, mode_t mode),
    (at, path, mode))
FAILING_NULL(MKDIR, char, mkdtemp, (char *path), (path))

FAILING_INT(STAT, stat, (const char *path, struct stat *st), (path, st))
FAILING_INT(STAT, lstat, (const char *path, struct stat *st), (path, st))
FAILING_INT(STAT, fstat, (int fd, struct stat *st), (fd, st))
FAILING_INT(STAT, fstatat, (int at, const char *path, struct stat *st,
    int flags), (at, path, st, flags))
FAILING_INT(STAT, statvfs, (const char *path, struct statvfs *st), (path, st))
FAILING_INT(STAT, fstatvfs, (int fd, struct statvfs *st), (fd, st))
FAILING_INT(STAT, access, (const char *path, int mode), (path, mode))
FAILING_INT(STAT, faccessat, (int at, const char *path, int mode, int flags),
    (at, path, mode, flags))
FAILING(STAT, ssize_t, readlink, (const char *path, char *p, size_t n),
    (path, p, n), -1)
FAILING(STAT, ssize_t, readlinkat, (int at, const char *path, char *p,
    size_t n), (at, path, p, n), -1)
FAILING_NULL(STAT, char, realpath, (const char *path, char *p), (path, p))

FAILING_INT(TRUNCATE, ftruncate, (int fd, off_t n), (fd, n))
FAILING_INT(TRUNCATE, ftruncate64, (int fd, off64_t n), (fd, n))
RETURNING(TRUNCATE, posix_fallocate, (int fd, off_t at, off_t n), (fd, at, n))

FAILING_NULL(MALLOC, void, malloc, (size_t n), (n))
FAILING_NULL(MALLOC, void, calloc, (size_t n, size_t size), (n, size))
FAILING_NULL(MALLOC, void, realloc, (void *p, size_t n), (p, n))
FAILING_NULL(MALLOC, void, reallocarray, (void *p, size_t n, size_t size),
    (p, n, size))
FAILING_NULL(MALLOC, void, aligned_alloc, (size_t align, size_t n), (align, n))
RETURNING(MALLOC, posix_memalign, (void **p, size_t align, size_t n),
    (p, align, n))

FAILING(MMAP, void *, mmap, (void *p, size_t n, int prot, int flags, int fd,
    off_t at), (p, n, prot, flags, fd, at), MAP_FAILED)

RETURNING(THREAD, pthread_create, (pthread_t *t, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg), (t, attr, run, arg))
FAILING(FORK, pid_t, fork, (void), (), -1)
RETURNING(FORK, posix_spawn, (pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[]),
    (pid, path, actions, attr, argv, env))
RETURNING(FORK, posix_spawnp, (pid_t *pid, const char *path,
    const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[]),
    (pid, path, actions, attr, argv, env))
FAILING_INT(FORK, execve, (const char *path, char *const argv[],
    char *const env[]), (path, argv, env))
FAILING_INT(FORK, execvp, (const char *path, char *const argv[]), (path, argv))
FAILING_INT(FORK, execv, (const char *path, char *const argv[]), (path, argv))

int
execl(const char *path, const char *arg, ...)
{
	char *argv[64] = { (char *)arg };
	size_t n = 1;
	va_list ap;

	va_start(ap, arg);
	while (n < 63 && (argv[n] = va_arg(ap, char *)) != NULL)
		n++;
	va_end(ap);
	return execv(path, argv);
}

FAILING_INT(PIPE, pipe, (int fd[2]), (fd))
FAILING_INT(PIPE, pipe2, (int fd[2], int flags), (fd, flags))
FAILING_INT(PIPE, socketpair, (int domain, int type, int protocol, int fd[2]),
    (domain, type, protocol, fd))
FAILING_INT(PIPE, dup, (int fd), (fd))
FAILING_INT(PIPE, dup2, (int fd, int to), (fd, to))
FAILING_INT(PIPE, eventfd, (unsigned n, int flags), (n, flags))

#define CONTROL(name) \
int \
name(int fd, int cmd, ...) \
{ \
	va_list ap; \
	void *arg; \
	REAL(name); \
	va_start(ap, cmd); \
	arg = va_arg(ap, void *); \
	va_end(ap); \
	return fails(FCNTL) ? -1 : real(fd, cmd, arg); \
}
CONTROL(fcntl)
CONTROL(fcntl64)

FAILING_INT(POLL, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))
FAILING_INT(POLL, epoll_wait, (int fd, struct epoll_event *p, int n, int ms),
    (fd, p, n, ms))
FAILING_INT(POLL, select, (int n, fd_set *r, fd_set *w, fd_set *e,
    struct timeval *tv), (n, r, w, e, tv))
FAILING_INT(POLL, nanosleep, (const struct timespec *t, struct timespec *left),
    (t, left))

FAILING_INT(SOCKET, socket, (int domain, int type, int protocol),
    (domain, type, protocol))
FAILING_INT(SOCKET, setsockopt, (int fd, int level, int name, const void *p,
    socklen_t n), (fd, level, name, p, n))
FAILING_INT(SOCKET, getsockopt, (int fd, int level, int name, void *p,
    socklen_t *n), (fd, level, name, p, n))
FAILING_INT(SOCKET, getifaddrs, (struct ifaddrs **list), (list))
FAILING(SOCKET, int, getaddrinfo, (const char *host, const char *service,
    const struct addrinfo *hints, struct addrinfo **list),
    (host, service, hints, list), EAI_AGAIN)
FAILING_INT(CONNECT, connect, (int fd, const struct sockaddr *p, socklen_t n),
    (fd, p, n))
FAILING_INT(CONNECT, getsockname, (int fd, struct sockaddr *p, socklen_t *n),
    (fd, p, n))
FAILING_INT(CONNECT, getpeername, (int fd, struct sockaddr *p, socklen_t *n),
    (fd, p, n))

/* A connection that is reset is at its end, not only one call. */
static int
fails_on(enum kind k, int fd)
{
	if (!fails(k))
		return 0;
	if (what == ECONNRESET || what == EPIPE) {
		shutdown(fd, SHUT_RDWR);
		errno = what;
	}
	return 1;
}

#define CONVERSING(k, name, params, args) \
ssize_t \
name params \
{ \
	REAL(name); \
	if (fails_on(k, fd)) { \
		if (what != 0) \
			return -1; \
		n = count(n); \
	} \
	return real args; \
}

CONVERSING(SEND, send, (int fd, const void *p, size_t n, int flags),
    (fd, p, n, flags))
CONVERSING(SEND, sendto, (int fd, const void *p, size_t n, int flags,
    const struct sockaddr *to, socklen_t len), (fd, p, n, flags, to, len))
ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	REAL(sendmsg);
	return fails_on(SEND, fd) && what != 0 ? -1 : real(fd, m, flags);
}

CONVERSING(RECV, recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags))
CONVERSING(RECV, recvfrom, (int fd, void *p, size_t n, int flags,
    struct sockaddr *from, socklen_t *len), (fd, p, n, flags, from, len))
ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	REAL(recvmsg);
	return fails_on(RECV, fd) && what != 0 ? -1 : real(fd, m, flags);
}


FAILING(RANDOM, ssize_t, getrandom, (void *p, size_t n, unsigned flags),
    (p, n, flags), -1)
FAILING_INT(RANDOM, getentropy, (void *p, size_t n), (p, n))

FAILING(WAIT, pid_t, waitpid, (pid_t pid, int *status, int options),
    (pid, status, options), -1)
FAILING_INT(WAIT, waitid, (idtype_t type, id_t id, siginfo_t *info,
    int options), (type, id, info, options))

FAILING_NULL(DIRECTORY, DIR, fdopendir, (int fd), (fd))
FAILING_NULL(DIRECTORY, struct dirent, readdir, (DIR *dir), (dir))
FAILING_NULL(DIRECTORY, struct dirent64, readdir64, (DIR *dir), (dir))

/* A stream that has failed says so when asked: _IO_ERR_SEEN of glibc. */
#define STREAMING(type, name, params, args, failure) \
type \
name params \
{ \
	REAL(name); \
	if (!fails(STDIO)) \
		return real args; \
	f->_flags |= 0x20; \
	return failure; \
}
STREAMING(ssize_t, getline, (char **p, size_t *n, FILE *f), (p, n, f), -1)
STREAMING(char *, fgets, (char *p, int n, FILE *f), (p, n, f), NULL)
STREAMING(size_t, fread, (void *p, size_t size, size_t n, FILE *f),
    (p, size, n, f), 0)
STREAMING(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f),
    (p, size, n, f), 0)
STREAMING(int, fputs, (const char *s, FILE *f), (s, f), EOF)

int
fflush(FILE *f)
{
	REAL(fflush);
	if (f == NULL || f == stderr || !fails(STDIO))
		return real(f);
	f->_flags |= 0x20;
	return EOF;
}

FAILING_INT(LOCK, flock, (int fd, int how), (fd, how))
FAILING_INT(CHMOD, fchmod, (int fd, mode_t mode), (fd, mode))
FAILING_INT(CHMOD, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
FAILING_INT(CHMOD, futimens, (int fd, const struct timespec t[2]), (fd, t))
RETURNING(CHMOD, getpwuid_r, (uid_t uid, struct passwd *pw, char *p, size_t n,
    struct passwd **found), (uid, pw, p, n, found))
