/* Sync and remove what is in a tree (tree.h). */
#define _GNU_SOURCE		/* syncfs */
#include "datadir/tree_in.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "stream/store.h"

/* The directory name in dir as a stream; NULL with errno set. */
static DIR *
open_stream(int dir, const char *name)
{
	int fd = openat(dir, name, BK_TREE_DIR);
	DIR *d;

	if (fd == -1)
		return NULL;
	if ((d = fdopendir(fd)) == NULL)
		close(fd);
	return d;
}

static int
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/*
 * Call each() for each name in the directory path until that returns other than
 * 0, which is returned.
 */
static int
each_name(struct bk_tree *t, const char *path,
    int (*each)(void *ctx, const char *name, struct bk_err *e), void *ctx,
    struct bk_err *e)
{
	int fd = bk_tree_open_dir(t, path, e), rc = 0;
	struct dirent *entry;
	DIR *d;

	if (fd == -1 || (d = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return bk_tree_fail(t, path, "open", e);
	}
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (!is_dot(entry->d_name))
			rc = each(ctx, entry->d_name, e);
	if (rc == 0 && errno != 0)
		rc = bk_tree_fail(t, path, "readdir", e);
	(void)closedir(d);
	return rc;
}

static int
take_name(void *ctx, const char *name, struct bk_err *e)
{
	(void)e;
	(void)snprintf(ctx, 256, "%s", name);
	return 1;
}

int
bk_tree_first(struct bk_tree *t, char name[256], struct bk_err *e)
{
	name[0] = '\0';
	return each_name(t, "", take_name, name, e) == -1 ? -1 : 0;
}

/* A directory is not read on while it changes. */
int
bk_tree_rename_all(struct bk_tree *t, const char *path, const char *special,
    const char *instead, struct bk_err *e)
{
	struct bk_buf from = {0};
	char name[256];
	int r;

	while ((r = each_name(t, path, take_name, name, e)) == 1) {
		from.len = 0;
		if (bk_buf_printf(&from, e, "%s/%s", path, name) == -1 ||
		    bk_tree_rename(t, from.data, strcmp(name, special) == 0 ?
		    instead : name, e) == -1) {
			r = -1;
			break;
		}
	}
	bk_buf_free(&from);
	return r;
}

int
bk_tree_adopt(struct bk_tree *t, const char *path, struct bk_err *e)
{
	t = bk_tree_of(t, &path);
	if (*path != '\0')
		return bk_tree_remember(t, path, BK_MADE_WHOLE, e);
	t->whole = 1;
	return 0;
}

/* Remove name in dir and all below it; 0, or -1 with errno set. */
static int
remove_all(int dir, const char *name, int depth)
{
	struct dirent *entry;
	DIR *d;
	int rc = 0, saved;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* POSIX has EPERM for a directory, Linux EISDIR */
	if ((errno != EISDIR && errno != EPERM) || depth > BK_TREE_DEPTH ||
	    (d = open_stream(dir, name)) == NULL)
		return -1;
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		if (!is_dot(entry->d_name))
			rc = remove_all(dirfd(d), entry->d_name, depth + 1);
	if (rc == 0 && errno != 0)
		rc = -1;
	saved = errno;
	(void)closedir(d);
	errno = saved;
	return rc == -1 ? -1 : unlinkat(dir, name, AT_REMOVEDIR);
}

int
bk_tree_remove(struct bk_tree *t, const char *path, struct bk_err *e)
{
	const char *name, *below = path;
	struct bk_tree *in = bk_tree_of(t, &below);
	int dir, rc;

	/* what a graft is at, is a link in t */
	if (*below != '\0') {
		t = in;
		path = below;
	}
	if (bk_tree_check(path, e) == -1)
		return -1;
	if ((dir = bk_tree_parent(t, path, 0, &name, e)) == -1)
		return e->code == BK_OK && errno == ENOENT ? 0 :
		    bk_tree_fail(t, path, "remove", e);
	rc = remove_all(dir, name, 0);
	if (rc == -1)
		bk_tree_fail(t, path, "remove", e);
	bk_tree_forget(t);
	return rc;
}

/*
 * Sync the file or directory name in dir.  What is a link, or is there no more,
 * has nothing to sync.
 */
static int
sync_one(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC), rc;

	if (fd == -1)
		return errno == ENOENT || errno == ELOOP || errno == EMLINK ?
		    0 : -1;
	rc = fsync(fd);
	/* network file systems return EINVAL and need no sync */
	if (rc == -1 && (errno == EINVAL || errno == ENOTSUP))
		rc = 0;
	close(fd);
	return rc;
}

/*
 * First one call for the file system, which writes much at once; the calls for
 * each file find little to do after it, but they tell every error.
 */
static int
sync_made(struct bk_tree *t, struct bk_err *e)
{
	size_t i, n, last = 0;
	const char *name;
	int dir;

#if defined(__linux__)
	(void)syncfs(t->fd);
#endif
	for (i = 0; i < t->nmade; i++) {
		dir = bk_tree_parent(t, t->made[i].path, 0, &name, e);
		if (dir == -1 && e->code == BK_OK && errno == ENOENT)
			continue;
		n = dir == t->fd ? 0 : t->parents;
		if (dir == -1 || (n != last && bk_store_sync_dir(dir, t->name,
		    e) == -1) || sync_one(dir, name) == -1)
			return bk_tree_fail(t, t->made[i].path, "fsync", e);
		last = n;
	}
	return bk_store_sync_dir(t->fd, t->name, e);
}

/* The directory that holds the tree's own, whose entry is new. */
static int
sync_above(const struct bk_tree *t, struct bk_err *e)
{
	int fd, rc;

	if (!t->ours)
		return 0;
	if ((fd = openat(t->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) ==
	    -1)
		return errno == EACCES ? 0 : bk_tree_fail(t, "..", "open", e);
	rc = bk_store_sync_dir(fd, t->name, e);
	close(fd);
	return rc;
}

int
bk_tree_sync(struct bk_tree *t, struct bk_err *e)
{
	size_t i;

	for (i = 0; i < t->ngraft; i++)
		if (bk_tree_sync(t->graft[i].tree, e) == -1)
			return -1;
	return sync_made(t, e) == -1 || sync_above(t, e) == -1 ? -1 : 0;
}

/* Its directory: *dir, or another, which replaces it; 0 or -1. */
static int
enter(struct bk_tree *t, const char *path, char **dir_path, int *dir)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == NULL ? strdup("") :
	    strndup(path, (size_t)(slash - path));
	struct bk_err ignored = {0};

	if (parent != NULL && *dir != -1 && strcmp(parent, *dir_path) == 0) {
		free(parent);
		return 0;
	}
	if (*dir != -1)
		close(*dir);
	free(*dir_path);
	*dir_path = parent;
	*dir = parent == NULL ? -1 :
	    bk_tree_descend(t, parent, 0, &ignored);
	return *dir == -1 ? -1 : 0;
}

/* Somebody who is about to end may still add to it. */
static void
remove_busy(int dir, const char *name)
{
	int i;

	for (i = 0; i < 1000 && remove_all(dir, name, 0) == -1 &&
	    (errno == ENOTEMPTY || errno == EEXIST); i++)
		;
}

static int
remove_name(void *ctx, const char *name, struct bk_err *e)
{
	const struct bk_tree *t = ctx;

	(void)e;
	remove_busy(t->fd, name);
	return 0;
}

static void
undo_one(const struct bk_made *m, int dir)
{
	const char *slash = strrchr(m->path, '/');
	const char *name = slash == NULL ? m->path : slash + 1;

	if (m->kind == BK_MADE_WHOLE)
		remove_busy(dir, name);
	else
		(void)unlinkat(dir, name, m->kind == BK_MADE_DIR ?
		    AT_REMOVEDIR : 0);
}

/* A call of any other function may be at work: made only grows until then. */
void
bk_tree_undo(struct bk_tree *t)
{
	struct bk_err ignored = {0};
	char *path = NULL;
	int done, dir = -1;
	size_t i;

	pthread_mutex_lock(&t->lock);
	done = t->stopped || t->kept;
	if (!t->kept)
		t->stopped = 1;
	pthread_mutex_unlock(&t->lock);
	if (done)
		return;
	for (i = t->nmade; i > 0; i--)
		if (t->made[i - 1].kind != BK_CHANGED &&
		    enter(t, t->made[i - 1].path, &path, &dir) == 0)
			undo_one(&t->made[i - 1], dir);
	if (dir != -1)
		close(dir);
	free(path);
	if (t->whole)
		(void)each_name(t, "", remove_name, t, &ignored);
	for (i = 0; i < t->ngraft; i++)
		bk_tree_undo(t->graft[i].tree);
	if (t->ours)
		(void)rmdir(t->name);
}

/* Each directory that is there, or has a name in it; how many. */
static size_t
add_left(struct bk_tree *t, struct bk_err *e)
{
	struct bk_err ignored = {0};
	char name[256] = "";
	struct stat st;
	size_t i, n = 0;

	/* if in doubt it is still there */
	if (t->ours ? lstat(t->name, &st) == 0 || errno != ENOENT :
	    bk_tree_first(t, name, &ignored) == -1 || name[0] != '\0') {
		bk_fail_add(e, "; %s could not be cleared: remove what is "
		    "left in it", t->name);
		n = 1;
	}
	for (i = 0; i < t->ngraft; i++)
		n += add_left(t->graft[i].tree, e);
	return n;
}

void
bk_tree_tell_left(struct bk_tree *t, struct bk_err *e)
{
	if (!t->kept && add_left(t, e) == 0)
		bk_fail_add(e, "; all unpacked files were removed");
}
