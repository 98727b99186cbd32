#ifndef BK_T_UNIT_WIPE_H
#define BK_T_UNIT_WIPE_H
/* A directory to throw away, by no call that starve.h fails. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * A new directory in TMPDIR, which make check has in memory: each sync of
 * hundreds would wait for a disk.  0 or -1.
 */
__attribute__((unused)) static int
make_scratch(char dir[100], const char *name)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(dir, 100, "%.60s/bk-%s.XXXXXX", tmp != NULL ? tmp :
	    "/tmp", name);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

/* dir/name, in one of four buffers by turns. */
__attribute__((unused)) static const char *
below(const char *dir, const char *name)
{
	static char path[4][256];
	static int i;

	i = (i + 1) % 4;
	(void)snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
	return path[i];
}

static int
wipe_one(const char *path, const struct stat *st, int type,
    struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* Fine if it is not there. */
__attribute__((unused)) static void
wipe_tree(const char *path)
{
	(void)nftw(path, wipe_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int
clear_one(const char *path, const struct stat *st, int type,
    struct FTW *where)
{
	return where->level == 0 ? 0 : wipe_one(path, st, type, where);
}

/* The directory itself stays. */
__attribute__((unused)) static void
clear_tree(const char *path)
{
	(void)nftw(path, clear_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* A file with these bytes, by the same token. */
__attribute__((unused)) static void
put_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f != NULL) {
		(void)fwrite(p, 1, n, f);
		(void)fclose(f);
	}
}

#endif
