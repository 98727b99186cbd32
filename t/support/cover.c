/*
 * For make cover: what a process ran is written down also where it ends by
 * _exit(), execve(2) or of a signal that it sends itself.  Linked with --wrap.
 * The faults of t/torture/fault.c end before: the counts are not to suffer
 * them.  Who gives up his view of the files (lib/pg/sandbox_child.c) writes
 * into the one that he had.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <gcov.h>
#include <stdarg.h>
#include <unistd.h>

_Noreturn void __real__exit(int);
_Noreturn void __wrap__exit(int);
int __real_raise(int);
int __wrap_raise(int);
int __real_execve(const char *, char *const [], char *const []);
int __wrap_execve(const char *, char *const [], char *const []);
int __real_execl(const char *, const char *, ...);
int __wrap_execl(const char *, const char *, const char *, const char *, ...);
int __real_unshare(int);
int __wrap_unshare(int);
int __real_open(const char *, int, ...);
int __wrap_open(const char *, int, ...);

static int root = -1;		/* the old one, for end_counts() */
static int ending;

/* Destructors run from the highest priority down; that of the counts is 100. */
static __attribute__((destructor(65000))) void
end_faults(void)
{
	union { void *object; void (*function)(void); } end =
	    { .object = dlsym(RTLD_DEFAULT, "fault_end") };

	if (end.object != 0)
		end.function();
}

static void
end_counts(void)
{
	end_faults();
	ending = 1;
	__gcov_dump();
	__gcov_reset();		/* who goes on after all counts on */
	ending = 0;
}

void
__wrap__exit(int status)
{
	end_counts();
	__real__exit(status);
}

int
__wrap_raise(int sig)
{
	end_counts();
	return __real_raise(sig);
}

int
__wrap_execve(const char *path, char *const argv[], char *const env[])
{
	end_counts();
	return __real_execve(path, argv, env);
}

/* Of "sh", "-c", COMMAND, NULL. */
int
__wrap_execl(const char *path, const char *a, const char *b, const char *c, ...)
{
	end_counts();
	return __real_execl(path, a, b, c, (char *)0);
}

int
__wrap_unshare(int flags)
{
	if (root == -1)
		root = __real_open("/", O_PATH | O_CLOEXEC);
	return __real_unshare(flags);
}

/* Also that of the counts' library.  Units have t/support/starve.c's. */
__attribute__((weak)) int
__wrap_open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return ending && root != -1 && *name == '/' ?
	    openat(root, name + 1, flags, mode) :
	    __real_open(name, flags, mode);
}
