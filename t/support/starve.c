#define _GNU_SOURCE
#include "../unit/starve.h"

#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit/tap.h"
#include "base/buf.h"
#include "json/json_parse.h"

static struct {
	atomic_int kind;	/* of the calls that are counted, or -1 */
	atomic_long left;	/* until the one that fails */
	int paused;		/* the kind, meanwhile */
	int places;		/* only of new ones */
} now = { .kind = -1 };

static const struct {
	const char *name;
	int error;
} kinds[] = {
	[STARVE_MEMORY] = { "memory", ENOMEM },
	[STARVE_BUFFER] = { "buffers", ENOMEM },
	[STARVE_THREAD] = { "threads", EAGAIN },
	[STARVE_READ] = { "read", EIO },
	[STARVE_WRITE] = { "write", ENOSPC },
	[STARVE_OPEN] = { "open", EMFILE },
	[STARVE_SYNC] = { "sync", EIO },
	[STARVE_STAT] = { "stat", EIO },
	[STARVE_NAME] = { "names", EIO },
	[STARVE_SQL] = { "statements", EPIPE },
};

#define PLACES 4096
#define FRAMES 32

extern const char __executable_start, etext;	/* the linker's */

/* Has a call from here failed already?  If not, it has now. */
static int
was_here(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uintptr_t seen[PLACES];
	static size_t used;
	uintptr_t hash = 5381, at;
	void *frame[FRAMES];
	int i, n = backtrace(frame, FRAMES), here = 1;
	size_t j;

	for (i = 0; i < n; i++) {
		at = (uintptr_t)frame[i];
		if (at >= (uintptr_t)&__executable_start &&
		    at < (uintptr_t)&etext)
			hash = hash * 33 + at;
	}
	pthread_mutex_lock(&lock);
	for (j = 0; j < used && seen[j] != hash; j++)
		continue;
	if (j == used && used < PLACES) {
		seen[used++] = hash;
		here = 0;
	}
	pthread_mutex_unlock(&lock);
	return here;
}

static int
fails(enum starve_kind kind)
{
	if (atomic_load(&now.kind) != (int)kind)
		return 0;
	if (now.places && (atomic_load(&now.left) <= 0 || was_here()))
		return 0;
	if (atomic_fetch_sub(&now.left, 1) != 1)
		return 0;
	errno = kinds[kind].error;
	return 1;
}

/* The linker's --wrap: NAME in our objects is __wrap_NAME. */
#define CALL(kind, bad, type, name, parameters, arguments)		\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type								\
	__wrap_##name parameters					\
	{								\
		return fails(STARVE_##kind) ? (bad) : __real_##name arguments; \
	}

CALL(MEMORY, NULL, void *, malloc, (size_t n), (n))
CALL(MEMORY, NULL, void *, calloc, (size_t n, size_t size), (n, size))
CALL(MEMORY, NULL, void *, realloc, (void *p, size_t n), (p, n))
CALL(MEMORY, NULL, void *, reallocarray, (void *p, size_t n, size_t size),
    (p, n, size))
CALL(MEMORY, NULL, FILE *, fmemopen, (void *p, size_t n, const char *mode),
    (p, n, mode))
CALL(MEMORY, NULL, char *, strdup, (const char *s), (s))
CALL(MEMORY, NULL, char *, strndup, (const char *s, size_t n), (s, n))
CALL(THREAD, EAGAIN, int, pthread_create, (pthread_t *t,
    const pthread_attr_t *attr, void *(*fn)(void *), void *arg),
    (t, attr, fn, arg))
CALL(THREAD, EAGAIN, int, pthread_mutex_init, (pthread_mutex_t *m,
    const pthread_mutexattr_t *attr), (m, attr))
CALL(THREAD, EAGAIN, int, pthread_cond_init, (pthread_cond_t *c,
    const pthread_condattr_t *attr), (c, attr))
CALL(THREAD, EAGAIN, int, posix_spawnp, (pid_t *pid, const char *file,
    const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
    char *const argv[], char *const env[]), (pid, file, fa, attr, argv, env))
CALL(THREAD, EAGAIN, int, posix_spawn_file_actions_init,
    (posix_spawn_file_actions_t *a), (a))
CALL(THREAD, EAGAIN, int, posix_spawnattr_init, (posix_spawnattr_t *a), (a))
CALL(THREAD, -1, pid_t, waitpid, (pid_t pid, int *status, int options),
    (pid, status, options))
CALL(READ, -1, ssize_t, getrandom, (void *p, size_t n, unsigned flags),
    (p, n, flags))
CALL(READ, -1, ssize_t, read, (int fd, void *p, size_t n), (fd, p, n))
CALL(READ, -1, ssize_t, __read_chk, (int fd, void *p, size_t n, size_t cap),
    (fd, p, n, cap))
CALL(READ, -1, ssize_t, pread, (int fd, void *p, size_t n, off_t at),
    (fd, p, n, at))
CALL(READ, -1, ssize_t, __pread_chk, (int fd, void *p, size_t n, off_t at,
    size_t cap), (fd, p, n, at, cap))
CALL(READ, NULL, struct dirent *, readdir, (DIR *d), (d))
CALL(WRITE, -1, ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
CALL(WRITE, -1, ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at),
    (fd, p, n, at))
CALL(WRITE, -1, ssize_t, writev, (int fd, const struct iovec *v, int n),
    (fd, v, n))
CALL(WRITE, -1, int, ftruncate, (int fd, off_t n), (fd, n))
CALL(READ, -1, int, poll, (struct pollfd *p, nfds_t n, int ms), (p, n, ms))
CALL(READ, EIO, int, getpwuid_r, (uid_t uid, struct passwd *pw, char *p,
    size_t n, struct passwd **found), (uid, pw, p, n, found))
CALL(READ, -1, int, getentropy, (void *p, size_t n), (p, n))
CALL(OPEN, NULL, DIR *, opendir, (const char *name), (name))
CALL(OPEN, NULL, DIR *, fdopendir, (int fd), (fd))
CALL(OPEN, -1, int, mkostemp, (char *name, int flags), (name, flags))
CALL(OPEN, -1, int, dup, (int fd), (fd))
CALL(OPEN, -1, int, pipe2, (int fd[2], int flags), (fd, flags))
CALL(OPEN, -1, int, getifaddrs, (struct ifaddrs **all), (all))
CALL(OPEN, -1, int, socket, (int family, int type, int protocol),
    (family, type, protocol))
CALL(SYNC, -1, int, fsync, (int fd), (fd))
CALL(SYNC, -1, int, fdatasync, (int fd), (fd))
CALL(STAT, -1, int, stat, (const char *name, struct stat *st), (name, st))
CALL(STAT, -1, int, fstat, (int fd, struct stat *st), (fd, st))
CALL(STAT, -1, int, fstatat, (int fd, const char *name, struct stat *st,
    int flags), (fd, name, st, flags))
CALL(STAT, -1, int, fstatvfs, (int fd, struct statvfs *st), (fd, st))
CALL(STAT, -1, off_t, lseek, (int fd, off_t at, int from), (fd, at, from))
CALL(STAT, -1, int, fseek, (FILE *f, long at, int from), (f, at, from))
CALL(STAT, -1, int, flock, (int fd, int how), (fd, how))
CALL(STAT, -1, int, fchmod, (int fd, mode_t mode), (fd, mode))
CALL(NAME, -1, int, mkdir, (const char *name, mode_t mode), (name, mode))
CALL(NAME, -1, int, mkdirat, (int fd, const char *name, mode_t mode),
    (fd, name, mode))
CALL(NAME, -1, int, unlink, (const char *name), (name))
CALL(NAME, -1, int, unlinkat, (int fd, const char *name, int flags),
    (fd, name, flags))
CALL(NAME, -1, int, rename, (const char *old, const char *name), (old, name))
CALL(NAME, -1, int, renameat, (int from, const char *old, int to,
    const char *name), (from, old, to, name))
CALL(NAME, -1, int, renameat2, (int from, const char *old, int to,
    const char *name, unsigned flags), (from, old, to, name, flags))
CALL(NAME, -1, int, linkat, (int from, const char *old, int to,
    const char *name, int flags), (from, old, to, name, flags))
CALL(NAME, -1, int, symlinkat, (const char *to, int fd, const char *name),
    (to, fd, name))
CALL(NAME, -1, ssize_t, readlinkat, (int fd, const char *name, char *out,
    size_t cap), (fd, name, out, cap))

/* A copy of a descriptor, or its flags; nothing else of fcntl(2) fails. */
int __real_fcntl(int fd, int cmd, ...);
int __wrap_fcntl(int fd, int cmd, ...);
int
__wrap_fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return (cmd == F_DUPFD_CLOEXEC && fails(STARVE_OPEN)) ||
	    (cmd == F_SETFL && fails(STARVE_STAT)) ? -1 :
	    __real_fcntl(fd, cmd, arg);
}

/*
 * What libraries allocate for us.  Weak: those that a test does not use are
 * not linked for its sake.
 */
#pragma weak __real_XXH3_createState
#pragma weak __real_PQconninfo
#pragma weak __real_PQconnectStartParams
#pragma weak __real_PQescapeLiteral
#pragma weak __real_PQgetCopyData
#pragma weak __real_PQputCopyData
#pragma weak __real_PQputCopyEnd
#pragma weak __real_PQsendQuery
#pragma weak __real_EVP_Digest
#pragma weak __real_EVP_DigestFinal_ex
#pragma weak __real_EVP_DigestInit_ex
#pragma weak __real_EVP_DigestUpdate
#pragma weak __real_EVP_MD_CTX_new
#pragma weak __real_HMAC
#pragma weak __real_RAND_bytes
#pragma weak __real_XXH3_createState
#pragma weak __real_ZSTD_compressStream2
#pragma weak __real_ZSTD_createDStream
#pragma weak __real_ZSTD_decompressStream
#pragma weak __real_ZSTD_initDStream
#pragma weak __real_XML_ParserCreate
#pragma weak __real_curl_easy_init
#pragma weak __real_curl_easy_setopt
#pragma weak __real_curl_global_init
#pragma weak __real_curl_multi_add_handle
#pragma weak __real_curl_multi_init
#pragma weak __real_curl_multi_perform
#pragma weak __real_curl_slist_append
#pragma weak __real_inflate
#pragma weak __real_inflateInit_
#pragma weak __real_inflateReset
#pragma weak __real_json_array
#pragma weak __real_json_dumps
#pragma weak __real_json_object
#pragma weak __real_libdeflate_alloc_compressor
CALL(MEMORY, NULL, PQconninfoOption *, PQconninfo, (PGconn *conn), (conn))
CALL(MEMORY, NULL, PGconn *, PQconnectStartParams, (const char *const *keys,
    const char *const *values, int expand), (keys, values, expand))
CALL(MEMORY, NULL, char *, PQescapeLiteral, (PGconn *conn, const char *s,
    size_t n), (conn, s, n))
CALL(MEMORY, -2, int, PQgetCopyData, (PGconn *conn, char **row, int async),
    (conn, row, async))
CALL(MEMORY, -1, int, PQputCopyData, (PGconn *conn, const char *p, int n),
    (conn, p, n))
CALL(MEMORY, -1, int, PQputCopyEnd, (PGconn *conn, const char *why),
    (conn, why))
CALL(MEMORY, 0, int, PQsendQuery, (PGconn *conn, const char *sql), (conn, sql))
CALL(MEMORY, NULL, void *, XXH3_createState, (void), ())
CALL(MEMORY, 0, int, EVP_Digest, (const void *p, size_t n, unsigned char *md,
    unsigned *size, const void *type, void *impl), (p, n, md, size, type,
    impl))
CALL(MEMORY, 0, int, EVP_DigestFinal_ex, (void *c, unsigned char *md,
    unsigned *size), (c, md, size))
CALL(MEMORY, 0, int, EVP_DigestInit_ex, (void *c, const void *type,
    void *impl), (c, type, impl))
CALL(MEMORY, 0, int, EVP_DigestUpdate, (void *c, const void *p, size_t n),
    (c, p, n))
CALL(MEMORY, NULL, void *, EVP_MD_CTX_new, (void), ())
CALL(MEMORY, NULL, unsigned char *, HMAC, (const void *type, const void *key,
    int key_len, const unsigned char *p, size_t n, unsigned char *md,
    unsigned *len), (type, key, key_len, p, n, md, len))
CALL(READ, 0, int, RAND_bytes, (unsigned char *p, int n), (p, n))
CALL(MEMORY, (size_t)-64, size_t, ZSTD_compressStream2, (void *z, void *out,
    void *in, int op), (z, out, in, op))
CALL(MEMORY, NULL, void *, ZSTD_createDStream, (void), ())
CALL(MEMORY, (size_t)-64, size_t, ZSTD_decompressStream, (void *z, void *out,
    void *in), (z, out, in))
CALL(MEMORY, (size_t)-64, size_t, ZSTD_initDStream, (void *z), (z))
CALL(MEMORY, NULL, void *, XML_ParserCreate, (const char *encoding),
    (encoding))
CALL(MEMORY, NULL, void *, curl_easy_init, (void), ())
CALL(MEMORY, 27, int, curl_global_init, (long flags), (flags))
CALL(MEMORY, 3, int, curl_multi_add_handle, (void *m, void *c), (m, c))
CALL(MEMORY, 3, int, curl_multi_perform, (void *m, int *n), (m, n))
CALL(MEMORY, NULL, void *, curl_multi_init, (void), ())
CALL(MEMORY, NULL, void *, curl_slist_append, (void *list, const char *s),
    (list, s))
CALL(MEMORY, -4, int, inflate, (void *z, int flush), (z, flush))
CALL(MEMORY, -4, int, inflateInit_, (void *z, const char *version, int size),
    (z, version, size))
CALL(MEMORY, -4, int, inflateReset, (void *z), (z))
CALL(MEMORY, NULL, void *, json_array, (void), ())
CALL(MEMORY, NULL, char *, json_dumps, (const void *json, size_t flags),
    (json, flags))
CALL(MEMORY, NULL, void *, json_object, (void), ())
CALL(MEMORY, NULL, void *, libdeflate_alloc_compressor, (int level), (level))

/*
 * A buffer allocates now and then: here whoever adds to one sees it fail each
 * time.
 */
#define ADD(name, parameters, arguments)				\
	__attribute__((weak)) int __real_##name parameters;		\
	int __wrap_##name parameters;					\
	int								\
	__wrap_##name parameters					\
	{								\
		return fails(STARVE_BUFFER) ? bk_fail_memory(e) :	\
		    __real_##name arguments;				\
	}

ADD(bk_buf_reserve, (struct bk_buf *b, size_t extra, struct bk_err *e),
    (b, extra, e))
ADD(bk_buf_add, (struct bk_buf *b, const void *p, size_t n, struct bk_err *e),
    (b, p, n, e))
ADD(bk_buf_puts, (struct bk_buf *b, const char *s, struct bk_err *e),
    (b, s, e))

int __wrap_bk_buf_printf(struct bk_buf *b, struct bk_err *e, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
int
__wrap_bk_buf_printf(struct bk_buf *b, struct bk_err *e, const char *fmt, ...)
{
	va_list ap;
	char *text;
	int n, rc;

	if (fails(STARVE_BUFFER))
		return bk_fail_memory(e);
	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return bk_fail_memory(e);
	rc = __real_bk_buf_add(b, text, (size_t)n, e);
	free(text);
	return rc;
}

/* A statement whose connection is lost: what then comes is libpq's own. */
static void
cut_sql(PGconn *conn)
{
	if (fails(STARVE_SQL))
		(void)shutdown(PQsocket(conn), SHUT_RDWR);
}

#define SQL(type, name, parameters, arguments)				\
	__attribute__((weak)) type __real_##name parameters;		\
	type __wrap_##name parameters;					\
	type								\
	__wrap_##name parameters					\
	{								\
		cut_sql(conn);						\
		return __real_##name arguments;				\
	}

SQL(PGresult *, bk_sql_exec, (PGconn *conn, const char *sql), (conn, sql))
SQL(PGresult *, bk_sql_params, (PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values), (conn, sql, n, types, values))
SQL(PGresult *, bk_sql_binary, (PGconn *conn, const char *sql, int n,
    const Oid *types, const char *const *values, const int *lengths,
    const int *formats, int format),
    (conn, sql, n, types, values, lengths, formats, format))
SQL(int, bk_sql_send, (PGconn *conn, const char *sql), (conn, sql))

/* Each option has one value, of the width of a pointer. */
int __real_curl_easy_setopt(void *c, int option, ...);
int __wrap_curl_easy_setopt(void *c, int option, ...);
int
__wrap_curl_easy_setopt(void *c, int option, ...)
{
	void *value;
	va_list ap;

	va_start(ap, option);
	value = va_arg(ap, void *);
	va_end(ap);
	return fails(STARVE_MEMORY) ? 27 :
	    __real_curl_easy_setopt(c, option, value);
}

/* The child's calls are not counted, so none of them fails. */
pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t
__wrap_fork(void)
{
	pid_t pid = fails(STARVE_THREAD) ? -1 : __real_fork();

	if (pid == 0)
		atomic_store(&now.kind, -1);
	return pid;
}

/* With a mode only where a file may be made. */
static mode_t
mode_of(int flags, va_list ap)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
}

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int
__wrap_open(const char *name, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails(STARVE_OPEN) ? -1 : __real_open(name, flags, mode);
}

int __real_openat(int fd, const char *name, int flags, ...);
int __wrap_openat(int fd, const char *name, int flags, ...);
int
__wrap_openat(int fd, const char *name, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = mode_of(flags, ap);
	va_end(ap);
	return fails(STARVE_OPEN) ? -1 : __real_openat(fd, name, flags, mode);
}

time_t starve_ahead;

time_t __real_time(time_t *t);
time_t __wrap_time(time_t *t);
time_t
__wrap_time(time_t *t)
{
	time_t ahead = __real_time(NULL) + starve_ahead;

	if (t != NULL)
		*t = ahead;
	return ahead;
}

static int
open_files(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += __real_fcntl(fd, F_GETFD) != -1;
	return n;
}

void
starve_pause(void)
{
	now.paused = atomic_exchange(&now.kind, -1);
}

void
starve_go_on(void)
{
	atomic_store(&now.kind, now.paused);
}

void
starve(const char *what, enum starve_kind kind, starve_job *job, void *arg)
{
	struct bk_err e;
	long n;
	int rc, good = 1, hit = 1, files = open_files();

	for (n = 1; good && hit; n++) {
		e = (struct bk_err){0};
		atomic_store(&now.left, now.places ? 1 : n);
		atomic_store(&now.kind, (int)kind);
		rc = job(arg, &e);
		atomic_store(&now.kind, -1);
		hit = atomic_load(&now.left) <= 0;
		good = rc == 0 ? e.code == BK_OK : hit && rc == -1 &&
		    e.code != BK_OK && *e.msg != '\0';
		if (good && open_files() != files) {
			e = (struct bk_err){0};		/* the first is kept */
			good = bk_fail(&e, BK_FAIL, "left a file open") == 0;
		}
	}
	if (!ok(good, "%s: %s fails, at each of %ld calls", what,
	    kinds[kind].name, n - 2))
		printf("# call %ld: returned %d, '%s'\n", n - 1, rc, e.msg);
}

void
starve_not_json(void)
{
	struct bk_err ignored = {0};

	/* which sets its own functions, once */
	json_decref(bk_json_parse("[]", 2, 0, NULL, &ignored));
	json_set_alloc_funcs(__real_malloc, free);
}

void
starve_all(const char *what, starve_job *job, void *arg)
{
	enum starve_kind kind;

	for (kind = 0; kind < STARVE_KINDS; kind++)
		starve(what, kind, job, arg);
}

void
starve_place(const char *what, enum starve_kind kind, starve_job *job,
    void *arg)
{
	now.places = 1;
	starve(what, kind, job, arg);
	now.places = 0;
}

void
starve_places(const char *what, starve_job *job, void *arg)
{
	enum starve_kind kind;

	for (kind = 0; kind < STARVE_KINDS; kind++)
		starve_place(what, kind, job, arg);
}
