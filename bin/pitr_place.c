#define _XOPEN_SOURCE 700	/* realpath */
#define _GNU_SOURCE		/* initgroups(3) */
#include "pitr_place.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Programs find their files by these. */
static int
set_home(const struct passwd *pw)
{
	return setenv("HOME", pw->pw_dir, 1) == -1 ||
	    setenv("USER", pw->pw_name, 1) == -1 ||
	    setenv("LOGNAME", pw->pw_name, 1) == -1 ? -1 : 0;
}

int
pitr_become_owner(const char *dir, struct bk_err *e)
{
	const struct passwd *pw;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	errno = 0;
	if (stat(dir, &st) == -1 && errno != ENOENT)
		return bk_fail_errno(e, "%s", dir);
	if (errno == ENOENT || st.st_uid == 0)
		return bk_fail(e, BK_USAGE, "%s: PostgreSQL does not run as "
		    "root; run this as its user, or make the directory that "
		    "user's first: install -d -m 700 -o postgres '%s'", dir,
		    dir);
	if ((pw = getpwuid(st.st_uid)) == NULL)
		return bk_fail(e, BK_FAIL, "%s: its owner, %ju, has no name "
		    "here", dir, (uintmax_t)st.st_uid);
	if (initgroups(pw->pw_name, pw->pw_gid) == -1 ||
	    setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1 ||
	    set_home(pw) == -1)
		return bk_fail_errno(e, "%s: become its owner, %s", dir,
		    pw->pw_name);
	return 0;
}

char *
pitr_absolute(const char *dir, struct bk_err *e)
{
	char *path = realpath(dir, NULL);

	if (path == NULL)
		(void)bk_fail_errno(e, "%s", dir);
	return path;
}

void
pitr_remove_spool(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	if (d == NULL)
		return;
	while ((entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	(void)closedir(d);
	(void)rmdir(dir);
}
