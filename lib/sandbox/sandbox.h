#ifndef BK_SANDBOX_SANDBOX_H
#define BK_SANDBOX_SANDBOX_H
/*
 * A process gives up what it does not need, so that a flaw in a parser
 * gains an attacker little: Landlock and seccomp on Linux (Documentation/
 * userspace-api/landlock.rst and seccomp_filter.rst), nothing elsewhere nor
 * with sanitizers and coverage, which need what would be gone.
 *
 * What a process may always do: read standard input, write standard output and
 * error, use the pipes and files that it has open, start threads, end by a
 * signal.  It may never: start a program or another process, trace one, signal
 * others, listen, change its user, make memory executable, or gain privileges
 * by execve(2) or otherwise.  What is denied fails with EPERM or, if it is a
 * file beyond those named, EACCES; a call that the filter has never heard of
 * with ENOSYS, on which the C library takes an older one.  Starting or tracing
 * a program kills the process: no library does that unasked, so its code has
 * been taken over.
 *
 * All of it is best effort: without Landlock the files that may be opened are
 * not limited by name (opening none, or none to write, still holds), without
 * seccomp or on an architecture other than x86-64 and arm64 only files and TCP
 * are.  Nothing of this is reported.
 */
#include <stddef.h>

enum {
	BK_SANDBOX_READ = 1,	/* open files to read, those named */
	BK_SANDBOX_WRITE = 2,	/* make, write, rename and remove files in
				 * the directories named */
	BK_SANDBOX_CONNECT = 4,	/* look up names, connect to servers; READ
				 * and, for modules of the C library,
				 * executable memory as well */
	BK_SANDBOX_LOCAL = 8	/* and sockets of this host, which reach its
				 * database as well: where names are not to be
				 * had without */
};

struct bk_sandbox_path {
	const char *name;	/* what does not exist is left out */
	int writable;
};

struct bk_sandbox {
	unsigned may;		/* of the above */
	const struct bk_sandbox_path *path;
	size_t npaths;
};

/*
 * Close all descriptors from 3 on that were inherited and are not in keep:
 * those that are not closed on exec, as ours all are.
 */
void bk_sandbox_close(const int *keep, size_t n);

/*
 * Prepare the limit on files for bk_sandbox_files(), which takes effect for the
 * calling thread and those it starts from then on: every thread that runs has
 * to call it.  Returns a handle; -1: not possible here, and then the other two
 * need not be called, but may.
 */
int bk_sandbox_prepare(const struct bk_sandbox *s);
void bk_sandbox_files(int handle);
void bk_sandbox_release(int handle);

/* The limit on system calls, for all threads, after that on files. */
void bk_sandbox_calls(const struct bk_sandbox *s);

#endif
