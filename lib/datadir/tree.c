#include "datadir/tree_in.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "base/path.h"

#define NAME_LEN 255		/* bytes of a name, at most */

int
bk_tree_check(const char *path, struct bk_err *e)
{
	const char *p = path;
	size_t n;
	int depth;

	for (depth = 1; depth <= BK_TREE_DEPTH; depth++, p += n + 1) {
		n = bk_path_name(p);
		if (n == 0 || n > NAME_LEN)
			return bk_fail(e, BK_DATA, "%.200s: refused: not a "
			    "path below the directory", path);
		if (p[n] == '\0')
			return 0;
	}
	return bk_fail(e, BK_DATA, "%.200s: refused: more than %d directories "
	    "deep", path, BK_TREE_DEPTH);
}

static struct bk_tree *
new_tree(const char *dir, struct bk_err *e)
{
	struct bk_tree *t = calloc(1, sizeof(*t));

	if (t == NULL || (t->name = strdup(dir)) == NULL) {
		bk_fail_memory(e);
		free(t);
		return NULL;
	}
	t->fd = t->parent_fd = -1;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

/* The directory itself may be a symbolic link: its user has named it. */
struct bk_tree *
bk_tree_open(const char *dir, struct bk_err *e)
{
	struct bk_tree *t = new_tree(dir, e);

	if (t == NULL)
		return NULL;
	if (mkdir(dir, 0700) == 0)
		t->ours = 1;
	else if (errno != EEXIST) {
		bk_fail_errno(e, "%s: mkdir", dir);
		bk_tree_free(t);
		return NULL;
	}
	t->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->fd == -1) {
		bk_fail_errno(e, "%s: open", dir);
		if (t->ours)
			(void)rmdir(dir);
		bk_tree_free(t);
		return NULL;
	}
	return t;
}

void
bk_tree_free(struct bk_tree *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->ngraft; i++) {
		free(t->graft[i].path);
		bk_tree_free(t->graft[i].tree);
	}
	for (i = 0; i < t->nmade; i++)
		free(t->made[i].path);
	free(t->graft);
	free(t->made);
	free(t->parent);
	free(t->name);
	if (t->fd != -1)
		close(t->fd);
	if (t->parent_fd != -1)
		close(t->parent_fd);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

int
bk_tree_fd(const struct bk_tree *t)
{
	return t->fd;
}

int
bk_tree_fail(const struct bk_tree *t, const char *path, const char *call,
    struct bk_err *e)
{
	const char *slash = *path == '\0' ? "" : "/";

	if (errno == ENOTDIR || errno == ELOOP)
		return bk_fail(e, BK_FAIL, "%s%s%s: %s: a file or a symbolic "
		    "link in the way; no link is followed", t->name, slash,
		    path, call);
	return bk_fail_errno(e, "%s%s%s: %s", t->name, slash, path, call);
}

int
bk_tree_refuse_stopped(const struct bk_tree *t, struct bk_err *e)
{
	return t->stopped ? bk_fail(e, BK_FAIL, "%s: stopped", t->name) : 0;
}

static int
add_made(struct bk_tree *t, const char *path, enum bk_made_kind kind,
    struct bk_err *e)
{
	struct bk_made *more;
	char *copy;

	if (bk_tree_refuse_stopped(t, e) == -1)
		return -1;
	if ((more = bk_grow(t->made, t->nmade, &t->cap, sizeof(*more), e)) ==
	    NULL)
		return -1;
	t->made = more;
	if ((copy = strdup(path)) == NULL)
		return bk_fail_memory(e);
	t->made[t->nmade++] = (struct bk_made){ copy, kind };
	return 0;
}

int
bk_tree_remember(struct bk_tree *t, const char *path, enum bk_made_kind kind,
    struct bk_err *e)
{
	int rc;

	pthread_mutex_lock(&t->lock);
	rc = add_made(t, path, kind, e);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

/*
 * What is made in dir and remembered under the lock, bk_tree_undo() does not
 * miss.  As mkdirat(); -1 also with *e set.
 */
static int
make_dir(struct bk_tree *t, int dir, const char *name, const char *path,
    struct bk_err *e)
{
	int rc = -1;

	pthread_mutex_lock(&t->lock);
	if (bk_tree_refuse_stopped(t, e) == 0 &&
	    mkdirat(dir, name, 0700) == 0 &&
	    (rc = add_made(t, path, BK_MADE_DIR, e)) == -1)
		(void)unlinkat(dir, name, AT_REMOVEDIR);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

/* The same for a file; its descriptor. */
static int
make_file(struct bk_tree *t, int dir, const char *name, const char *path,
    struct bk_err *e)
{
	int fd = -1;

	pthread_mutex_lock(&t->lock);
	if (bk_tree_refuse_stopped(t, e) == 0)
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
		    O_CLOEXEC, 0600);
	if (fd != -1 && add_made(t, path, BK_MADE_FILE, e) == -1) {
		(void)unlinkat(dir, name, 0);
		close(fd);
		fd = -1;
	}
	pthread_mutex_unlock(&t->lock);
	return fd;
}

/* The same for a symbolic link. */
static int
make_link(struct bk_tree *t, const char *target, int dir, const char *name,
    const char *path, struct bk_err *e)
{
	int rc = -1;

	pthread_mutex_lock(&t->lock);
	if (bk_tree_refuse_stopped(t, e) == 0 &&
	    symlinkat(target, dir, name) == 0 &&
	    (rc = add_made(t, path, BK_MADE_FILE, e)) == -1)
		(void)unlinkat(dir, name, 0);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

int
bk_tree_keep(struct bk_tree *t, struct bk_err *e)
{
	int rc;

	pthread_mutex_lock(&t->lock);
	if ((rc = bk_tree_refuse_stopped(t, e)) == 0)
		t->kept = 1;
	pthread_mutex_unlock(&t->lock);
	return rc;
}

struct bk_tree *
bk_tree_of(struct bk_tree *t, const char **path)
{
	size_t i, n;

	for (i = 0; i < t->ngraft; i++) {
		n = strlen(t->graft[i].path);
		if (strncmp(*path, t->graft[i].path, n) != 0 ||
		    ((*path)[n] != '/' && (*path)[n] != '\0'))
			continue;
		*path += (*path)[n] == '/' ? n + 1 : n;
		return t->graft[i].tree;
	}
	return t;
}

/* Open the directory name in dir; make: make it if it is absent. */
static int
step(struct bk_tree *t, int dir, const char *name, const char *path, int make,
    struct bk_err *e)
{
	int fd = openat(dir, name, BK_TREE_DIR);

	if (fd != -1 || errno != ENOENT || !make)
		return fd;
	return make_dir(t, dir, name, path, e) == -1 ? -1 :
	    openat(dir, name, BK_TREE_DIR);
}

int
bk_tree_descend(struct bk_tree *t, const char *path, int make, struct bk_err *e)
{
	char *copy = strdup(path), *end = copy;
	int fd = copy == NULL ? -1 : openat(t->fd, ".", BK_TREE_DIR);
	int next, saved;

	if (fd == -1)
		bk_fail_errno(e, "%s", t->name);
	for (; fd != -1 && end != NULL && *end != '\0';) {
		char *name = end;

		if ((end = strchr(name, '/')) != NULL)
			*end = '\0';
		next = step(t, fd, name, copy, make, e);
		saved = errno;
		if (next == -1 && saved != ENOENT)
			bk_tree_fail(t, copy, "open", e);
		close(fd);
		errno = saved;
		fd = next;
		if (end != NULL)
			*end++ = '/';
	}
	saved = errno;
	free(copy);
	errno = saved;
	return fd;
}

int
bk_tree_parent(struct bk_tree *t, const char *path, int make, const char **name,
    struct bk_err *e)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - path);
	char *dir;
	int fd;

	*name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		return t->fd;
	if (t->parent != NULL && strlen(t->parent) == n &&
	    strncmp(t->parent, path, n) == 0)
		return t->parent_fd;
	if ((dir = strndup(path, n)) == NULL)
		return bk_fail_memory(e);
	if ((fd = bk_tree_descend(t, dir, make, e)) == -1) {
		free(dir);
		return -1;
	}
	free(t->parent);
	if (t->parent_fd != -1)
		close(t->parent_fd);
	t->parent = dir;
	t->parent_fd = fd;
	t->parents++;
	return fd;
}

void
bk_tree_forget(struct bk_tree *t)
{
	free(t->parent);
	t->parent = NULL;
	if (t->parent_fd != -1)
		close(t->parent_fd);
	t->parent_fd = -1;
}

int
bk_tree_mkdir(struct bk_tree *t, const char *path, mode_t mode,
    struct bk_err *e)
{
	struct stat st;
	int fd, rc = -1;

	t = bk_tree_of(t, &path);
	if (*path != '\0' && bk_tree_check(path, e) == -1)
		return -1;
	if ((fd = bk_tree_descend(t, path, 1, e)) == -1)
		return bk_tree_fail(t, path, "mkdir", e);
	if (fstat(fd, &st) == -1 || ((st.st_mode & 07777) != mode &&
	    fchmod(fd, mode) == -1))
		bk_tree_fail(t, path, "chmod", e);
	else
		rc = 0;
	close(fd);
	return rc;
}

int
bk_tree_create(struct bk_tree *t, const char *path, struct bk_err *e)
{
	const char *name;
	int dir, fd;

	t = bk_tree_of(t, &path);
	if (bk_tree_check(path, e) == -1)
		return -1;
	if ((dir = bk_tree_parent(t, path, 1, &name, e)) == -1)
		return bk_tree_fail(t, path, "open", e);
	fd = make_file(t, dir, name, path, e);
	if (fd == -1 && errno == EEXIST)
		return bk_fail(e, BK_DATA, "%s/%s: already exists: the stream "
		    "has it twice", t->name, path);
	return fd == -1 ? bk_tree_fail(t, path, "open", e) : fd;
}

int
bk_tree_open_file(struct bk_tree *t, const char *path, int flags,
    struct bk_err *e)
{
	const char *name;
	struct stat st;
	int dir, fd;

	t = bk_tree_of(t, &path);
	if (bk_tree_check(path, e) == -1 ||
	    (dir = bk_tree_parent(t, path, 0, &name, e)) == -1)
		return -1;
	/* a FIFO must not make us wait */
	fd = openat(dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return -1;
	if (fd == -1)
		return bk_tree_fail(t, path, "open", e);
	if (fstat(fd, &st) == -1)
		bk_tree_fail(t, path, "stat", e);
	else if (!S_ISREG(st.st_mode))
		bk_fail(e, BK_FAIL, "%s/%s: not a regular file", t->name,
		    path);
	else if (flags == O_RDONLY ||
	    bk_tree_remember(t, path, BK_CHANGED, e) == 0)
		return fd;
	close(fd);
	return -1;
}

int
bk_tree_open_dir(struct bk_tree *t, const char *path, struct bk_err *e)
{
	t = bk_tree_of(t, &path);
	if (*path != '\0' && bk_tree_check(path, e) == -1)
		return -1;
	return bk_tree_descend(t, path, 0, e);
}

int
bk_tree_leads(int dir, const char *name, const char *target)
{
	char is[4096];
	ssize_t n = readlinkat(dir, name, is, sizeof(is));

	return n > 0 && (size_t)n == strlen(target) &&
	    memcmp(is, target, (size_t)n) == 0;
}

int
bk_tree_symlink(struct bk_tree *t, const char *target, const char *path,
    struct bk_err *e)
{
	const char *name;
	struct stat st;
	int dir;

	/* not bk_tree_of(): the link stands where the graft is */
	if (bk_tree_check(path, e) == -1)
		return -1;
	if ((dir = bk_tree_parent(t, path, 1, &name, e)) == -1)
		return bk_tree_fail(t, path, "symlink", e);
	if (bk_tree_leads(dir, name, target))
		return bk_tree_remember(t, path, BK_CHANGED, e);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode) && unlinkat(dir, name, 0) == -1)
		return bk_tree_fail(t, path, "unlink", e);
	return make_link(t, target, dir, name, path, e) == -1 ?
	    bk_tree_fail(t, path, "symlink", e) : 0;
}

int
bk_tree_rename(struct bk_tree *t, const char *from, const char *to,
    struct bk_err *e)
{
	const char *name, *to_name;
	struct stat st;
	int dir, to_dir, rc = -1;

	if (bk_tree_check(from, e) == -1 || bk_tree_check(to, e) == -1)
		return -1;
	dir = bk_tree_parent(t, from, 0, &name, e);
	if (dir == -1 || (dir = fcntl(dir, F_DUPFD_CLOEXEC, 0)) == -1)
		return bk_tree_fail(t, from, "rename", e);
	to_dir = bk_tree_parent(t, to, 1, &to_name, e);
	pthread_mutex_lock(&t->lock);	/* as make_dir() */
	if (to_dir == -1 || bk_tree_refuse_stopped(t, e) == -1 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    renameat(dir, name, to_dir, to_name) == -1)
		bk_tree_fail(t, to, "rename", e);
	else if ((rc = add_made(t, to, S_ISDIR(st.st_mode) ?
	    BK_MADE_WHOLE : BK_MADE_FILE, e)) == -1)
		(void)renameat(to_dir, to_name, dir, name);
	pthread_mutex_unlock(&t->lock);
	close(dir);
	bk_tree_forget(t);
	return rc;
}
