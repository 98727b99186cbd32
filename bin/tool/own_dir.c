#define _XOPEN_SOURCE 700	/* realpath */
#include "tool/own_dir.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

/*
 * The kernel knows it; without /proc, as in a bare chroot, it has told us what
 * execve(2) was given.
 */
static int
own_path(char path[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);

	if (n != -1) {
		path[n] = '\0';
		return 0;
	}
#ifdef __linux__
	if (getauxval(AT_EXECFN) != 0)
		return realpath((const char *)getauxval(AT_EXECFN), path) ==
		    NULL ? -1 : 0;
#endif
	return -1;
}

int
own_dir(const char *name, struct bk_buf *out, struct bk_err *e)
{
	char path[PATH_MAX];

	if (own_path(path) == -1)
		return bk_fail_errno(e, "this program's own path");
	*strrchr(path, '/') = '\0';
	out->len = 0;
	return bk_buf_printf(out, e, "%s/%s", path, name);
}
