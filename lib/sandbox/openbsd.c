/* OpenBSD: unveil(2) for files, pledge(2) for calls; both for all threads. */
#include "sandbox/sandbox.h"
#include "sandbox/sandbox_in.h"

#ifdef BK_SANDBOX_OPENBSD
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int pledge(const char *, const char *);
int unveil(const char *, const char *);

/* As on Linux: what is not closed on exec was inherited. */
void
bk_sandbox_close(const int *keep, size_t n)
{
	int fd, end = getdtablesize(), flags;
	size_t i;

	for (fd = STDERR_FILENO + 1; fd < end; fd++) {
		for (i = 0; i < n && keep[i] != fd; i++)
			;
		flags = i < n ? -1 : fcntl(fd, F_GETFD);
		if (flags != -1 && (flags & FD_CLOEXEC) == 0)
			(void)close(fd);
	}
}

int
bk_sandbox_prepare(const struct bk_sandbox *s)
{
	size_t i;

	for (i = 0; i < s->npaths; i++)
		(void)unveil(s->path[i].name, s->path[i].writable ? "rwc" :
		    "r");
	return -1;
}

void
bk_sandbox_files(int handle)
{
	(void)handle;
}

void
bk_sandbox_release(int handle)
{
	(void)handle;
}

void
bk_sandbox_calls(const struct bk_sandbox *s)
{
	char promises[64];

	(void)snprintf(promises, sizeof(promises), "stdio%s%s%s",
	    s->may & (BK_SANDBOX_READ | BK_SANDBOX_CONNECT) ? " rpath" : "",
	    s->may & BK_SANDBOX_WRITE ? " wpath cpath fattr flock" : "",
	    s->may & BK_SANDBOX_CONNECT ? " inet dns" : "");
	(void)pledge(promises, NULL);
}
#endif
