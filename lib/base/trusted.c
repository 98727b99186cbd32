#define _XOPEN_SOURCE 700	/* S_ISVTX */
#include "base/trusted.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#if defined(__linux__)
#include <sys/xattr.h>
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"

#define LINKS_MAX 40

struct walk {			/* = { path, e } */
	const char *path;	/* as it was given */
	struct bk_err *e;
	struct bk_buf at;	/* so far, without links; "": the root */
	int is_shared;		/* others may make files in it, as in /tmp */
	int is_gone;		/* there is nothing of this name */
	unsigned links;
};

static int
has_acl(const char *dir)
{
#if defined(__linux__)
	return getxattr(dir, "system.posix_acl_access", NULL, 0) > 0;
#else
	(void)dir;
	return 0;
#endif
}

static int
others_may_write(const char *dir, const struct stat *st)
{
	mode_t others = S_IWGRP | S_IWOTH;
	struct statvfs fs;

	if (st->st_uid == 0 && st->st_gid == 0 && !has_acl(dir))
		others = S_IWOTH;
	return (st->st_mode & others) != 0 &&
	    !(statvfs(dir, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0);
}

/* The directory in which the next name is looked up. */
static int
check_directory(struct walk *w)
{
	const char *dir = w->at.len == 0 ? "/" : w->at.data;
	struct stat st;

	if (stat(dir, &st) == -1)
		return bk_fail_errno(w->e, "%s", dir);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return bk_fail(w->e, BK_DATA, "%s: belongs to another user, "
		    "who may put another file in the place of %s; chown it",
		    dir, w->path);
	w->is_shared = others_may_write(dir, &st);
	if (w->is_shared && (st.st_mode & S_ISVTX) == 0)
		return bk_fail(w->e, BK_DATA, "%s: others may write to it, and "
		    "put another file in the place of %s; chmod go-w it", dir,
		    w->path);
	return 0;
}

static void
go_up(struct walk *w, size_t len)
{
	w->at.len = len;
	if (w->at.data != NULL)
		w->at.data[len] = '\0';
}

static int follow(struct walk *w, const char *names, int is_link);

static int
follow_link(struct walk *w, size_t parent)
{
	char target[PATH_MAX];
	ssize_t n = readlink(w->at.data, target, sizeof(target));

	if (n == (ssize_t)sizeof(target) || w->links++ == LINKS_MAX) {
		errno = ELOOP;
		n = -1;
	}
	if (n == -1)
		return bk_fail_errno(w->e, "%s", w->at.data);
	target[n] = '\0';
	go_up(w, parent);
	return follow(w, target, 1);
}

/* From a directory to what has the name there, which a link may have told. */
static int
step(struct walk *w, const char *name, size_t n, int is_link)
{
	size_t parent = w->at.len;
	struct stat st;

	if (check_directory(w) == -1)
		return -1;
	if (n == 2 && memcmp(name, "..", 2) == 0) {
		while (parent > 0 && w->at.data[--parent] != '/')
			continue;
		go_up(w, parent);
		return 0;
	}
	if (bk_buf_printf(&w->at, w->e, "/%.*s", (int)n, name) == -1)
		return -1;
	if (lstat(w->at.data, &st) == -1) {
		w->is_gone = errno == ENOENT;
		if (w->is_gone && is_link)
			return bk_fail(w->e, BK_FAIL, "%s: a link to %s, which "
			    "is not there; is it mounted?", w->path,
			    w->at.data);
		return w->is_gone ? 0 : bk_fail_errno(w->e, "%s", w->at.data);
	}
	if (w->is_shared && !S_ISDIR(st.st_mode))
		return bk_fail(w->e, BK_DATA, "%s: is where everybody may make "
		    "files; move it to a directory of your own", w->at.data);
	return S_ISLNK(st.st_mode) ? follow_link(w, parent) : 0;
}

static int
follow(struct walk *w, const char *names, int is_link)
{
	size_t n;

	if (*names == '/')
		go_up(w, 0);
	for (; *names != '\0' && !w->is_gone; names += n) {
		names += strspn(names, "/");
		n = strcspn(names, "/");
		if (n > 0 && !(n == 1 && *names == '.') &&
		    step(w, names, n, is_link) == -1)
			return -1;
	}
	return 0;
}

static int
walk(struct walk *w)
{
	char here[PATH_MAX];

	if (*w->path != '/') {
		if (getcwd(here, sizeof(here)) == NULL)
			return bk_fail_errno(w->e, "%s", w->path);
		if (follow(w, here, 0) == -1)
			return -1;
	}
	return follow(w, w->path, 0);
}

static int
check_file(int fd, const char *path, struct bk_err *e)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return bk_fail_errno(e, "%s", path);
	if (!S_ISREG(st.st_mode))
		return bk_fail(e, BK_DATA, "%s: not a regular file", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return bk_fail(e, BK_DATA, "%s: belongs to another user, who "
		    "would decide what runs; chown it", path);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return bk_fail(e, BK_DATA, "%s: others may write to it, who "
		    "would decide what runs; chmod go-w it", path);
	return 0;
}

int
bk_trusted_open(const char *path, struct bk_err *e)
{
	struct walk w = { .path = path, .e = e };
	int fd = -1;

	if (walk(&w) == -1)
		goto done;
	errno = ENOENT;
	/* O_NONBLOCK: do not wait for the writer of a FIFO */
	if (w.is_gone || (fd = open(w.at.len == 0 ? "/" : w.at.data, O_RDONLY |
	    O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)) == -1)
		(void)bk_fail_errno(e, "%s", path);
	else if (check_file(fd, path, e) == -1) {
		close(fd);
		fd = -1;
	}
 done:
	bk_buf_free(&w.at);
	return fd;
}

int
bk_trusted_exists(const char *path, struct bk_err *e)
{
	struct walk w = { .path = path, .e = e };
	int rc = walk(&w);

	bk_buf_free(&w.at);
	return rc == -1 ? -1 : !w.is_gone;
}
