#define _GNU_SOURCE		/* renameat2 */
#include "stream/store.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/heads.h"

#define PREFIX ".bk-save."
#define SUFFIX ".tmp"
#define CHECK_EVERY (16 << 20)	/* bytes between checks of free space */
#define TRIES 16		/* to make a temporary file */

struct bk_store {
	const char *path;
	const char *base;		/* path's last component */
	char *dir_name;			/* the directory, for messages */
	const struct bk_store_options *o;
	int dir, fd;			/* -1: not open */
	int is_new;			/* nothing had the name before */
	int named;			/* and our file has it now */
	size_t unchecked;		/* bytes since the last check */
	char temp[64];			/* its name in dir; "" none */
};

int
bk_store_is_temporary(const char *name)
{
	const char *s = name + strlen(PREFIX);
	size_t pid, hex;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	pid = strspn(s, "0123456789");
	if (pid == 0 || s[pid] != '.')
		return 0;
	hex = strspn(s + pid + 1, "0123456789abcdef");
	return hex == 16 && strcmp(s + pid + 1 + hex, SUFFIX) == 0;
}

int
bk_store_sync_dir(int dir, const char *name, struct bk_err *e)
{
	/* network file systems return EINVAL and need no sync */
	if (fsync(dir) == -1 && errno != EINVAL && errno != ENOTSUP)
		return bk_fail_errno(e, "%s: fsync", name);
	return 0;
}

/*
 * Remove the temporary file name if its writer is gone, while holding its lock:
 * a writer that has created but not yet locked it then finds it unlinked and
 * makes another.
 */
static void
sweep_one(int dir, const char *name)
{
	struct stat st;
	int fd;

	/* for writing, as locks on NFS require; never through a link */
	fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    bk_io_lock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, name, 0);
	close(fd);		/* nothing was written */
}

/* A file that cannot be removed does not prevent storing. */
static void
sweep(const struct bk_store *s)
{
	int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (d == NULL) {
		if (fd != -1)
			close(fd);
		return;
	}
	while ((entry = readdir(d)) != NULL)
		if (bk_store_is_temporary(entry->d_name))
			sweep_one(s->dir, entry->d_name);
	closedir(d);
}

/* Create the directory path, a string that is unchanged afterwards. */
static int
make_dir(char *path, struct bk_err *e)
{
	char *up = strrchr(path, '/');
	int fd, rc = -1;

	if (mkdir(path, 0700) == -1) {
		if (errno == ENOENT)
			return bk_fail(e, BK_FAIL, "%s: no such parent "
			    "directory; is its disk mounted?", path);
		return errno == EEXIST ? 0 :
		    bk_fail_errno(e, "%s: cannot make the directory", path);
	}
	/* sync its name in the parent directory */
	if (up != NULL)
		*up = '\0';
	fd = open(up == NULL ? "." : up == path ? "/" : path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up != NULL)
		*up = '/';
	if (fd == -1)
		return bk_fail_errno(e, "%s: its parent directory", path);
	rc = bk_store_sync_dir(fd, path, e);
	close(fd);
	return rc;
}

/* Create the directories of path that end after must_exist_len bytes. */
static int
make_dirs(const char *path, size_t must_exist_len, struct bk_err *e)
{
	char *copy = strdup(path), *slash;
	int rc = 0;

	if (copy == NULL)
		return bk_fail_memory(e);
	for (slash = copy; rc == 0 && (slash = strchr(slash, '/')) != NULL;
	    slash++) {
		if (slash == copy || (size_t)(slash - copy) < must_exist_len)
			continue;
		*slash = '\0';
		rc = make_dir(copy, e);
		*slash = '/';
	}
	free(copy);
	return rc;
}

static int
occupied(const struct bk_store *s, struct bk_err *e)
{
	return bk_fail(e, BK_FAIL, "%s: already exists; choose another name, "
	    "or use --overwrite", s->path);
}

/*
 * Compare the existing file's content with the temporary one's: *held is
 * BK_HELD_OTHER also where the labels may know better, as those of ciphertext.
 */
static int
compare_content(const struct bk_store *s, int fd, enum bk_label_held *held,
    struct bk_err *e)
{
	uint8_t old[8192], new[8192];
	ssize_t n, m, both;
	off_t off = 0;

	do {
		if ((n = bk_io_pread(fd, old, sizeof(old), off, s->path,
		    e)) == -1 || (m = bk_io_pread(s->fd, new, sizeof(new),
		    off, s->path, e)) == -1)
			return -1;
		both = n < m ? n : m;
		if (memcmp(old, new, (size_t)both) != 0) {
			*held = BK_HELD_OTHER;
			return 0;
		}
		off += both;
	} while (both == sizeof(old));
	/* the beginning of what is there is there */
	*held = n == m ? BK_HELD_SAME :
	    !bk_label_is_partial(s->o->wal->wal) ? BK_HELD_OTHER :
	    n > m ? BK_HELD_SAME : BK_HELD_EARLIER;
	return 0;
}

/* The name is taken: by the WAL that was to have it? */
static int
find_held(const struct bk_store *s, enum bk_label_held *held,
    struct bk_err *e)
{
	uint8_t head[BK_SEAL_HEAD];
	struct bk_seal seal = {0};
	ptrdiff_t len;
	ssize_t n;
	int fd, rc;

	fd = openat(s->dir, s->base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd == -1)
		return bk_fail_errno(e, "%s: already exists, and cannot be "
		    "compared with this WAL", s->path);
	rc = compare_content(s, fd, held, e);
	if (rc == 0 && *held == BK_HELD_OTHER) {
		if ((n = bk_io_pread(fd, head, sizeof(head), 0, s->path,
		    e)) == -1)
			rc = -1;
		else if (bk_heads_mark(&seal, head, (size_t)n, &len) != -1)
			*held = bk_label_held(&seal.label, s->o->wal);
	}
	if (rc == 0 && *held == BK_HELD_OTHER)
		bk_label_note(s->o->held, &seal.label, s->o->wal);
	close(fd);			/* read only: nothing to lose */
	return rc;
}

/* The name is taken: fine if it holds this WAL, or the beginning of it. */
static int
place_wal(struct bk_store *s, struct bk_err *e)
{
	enum bk_label_held held;

	/* of two .partial at once, the second is compared with the first */
	(void)bk_io_lock(s->dir, LOCK_EX);
	if (find_held(s, &held, e) == -1)
		return -1;
	if (held == BK_HELD_OTHER)
		return bk_fail(e, BK_FAIL, "%s: already exists, " BK_HELD_WHY,
		    s->path);
	if (held == BK_HELD_EARLIER && renameat(s->dir, s->temp, s->dir,
	    s->base) == -1)
		return bk_fail_errno(e, "%s: rename", s->path);
	bk_store_unlink(s);
	return 0;
}

/* May the file take its name?  Checked before the long work. */
static int
name_is_free(struct bk_store *s, struct bk_err *e)
{
	struct stat st;

	if (fstatat(s->dir, s->base, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		s->is_new = 1;
		return errno == ENOENT ? 0 : bk_fail_errno(e, "%s", s->path);
	}
	if (!s->o->overwrite && (s->o->wal == NULL || !S_ISREG(st.st_mode)))
		return occupied(s, e);
	/* a link is replaced, not what it points to */
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return bk_fail(e, BK_FAIL, "%s: already exists and is not a "
		    "regular file; choose another name", s->path);
	return 0;
}

static int
open_dir(struct bk_store *s, struct bk_err *e)
{
	size_t n = (size_t)(s->base - s->path);

	/* "x": ".", "/x": "/", "a/x": "a" */
	s->dir_name = n == 0 ? strdup(".") :
	    strndup(s->path, n > 1 ? n - 1 : 1);
	if (s->dir_name == NULL)
		return bk_fail_memory(e);
	if (make_dirs(s->path, s->o->must_exist_len, e) == -1)
		return -1;
	s->dir = open(s->dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir == -1 && errno == ENOENT)
		return bk_fail(e, BK_FAIL, "%s: no such directory; mount its "
		    "disk, or create it", s->dir_name);
	return s->dir == -1 ? bk_fail_errno(e, "%s", s->dir_name) : 0;
}

struct bk_store *
bk_store_open(const char *path, const struct bk_store_options *o,
    struct bk_err *e)
{
	struct bk_store *s = calloc(1, sizeof(*s));
	const char *slash = strrchr(path, '/');

	if (s == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	s->path = path;
	s->base = slash != NULL ? slash + 1 : path;
	s->o = o;
	s->dir = s->fd = -1;
	if (bk_store_is_temporary(s->base)) {
		bk_fail(e, BK_USAGE, "%s: reserved for temporary files, which "
		    "are removed", path);
		goto fail;
	}
	if (open_dir(s, e) == -1)
		goto fail;
	sweep(s);
	if (name_is_free(s, e) == 0 &&
	    bk_freespace_check(s->dir, &o->min_free, s->dir_name, e) == 0)
		return s;
 fail:
	bk_store_free(s);
	return NULL;
}

/* Create the temporary file and lock it. */
static int
make_temp(struct bk_store *s, struct bk_err *e)
{
	struct stat st;
	uint64_t random;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (getentropy(&random, sizeof(random)) == -1)
			return bk_fail_errno(e, "getentropy");
		(void)snprintf(s->temp, sizeof(s->temp),
		    PREFIX "%ld.%016" PRIx64 SUFFIX, (long)getpid(), random);
		s->fd = openat(s->dir, s->temp,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (s->fd == -1)
			return bk_fail_errno(e, "%s: cannot make a file in it",
			    s->dir_name);
		/* without locks here, nobody can sweep it either */
		(void)bk_io_lock(s->fd, LOCK_EX);
		if (fstat(s->fd, &st) == -1)
			return bk_fail_errno(e, "%s: stat", s->path);
		if (st.st_nlink > 0)
			return 0;
		/* swept before it was locked */
		close(s->fd);
		s->fd = -1;
	}
	return bk_fail(e, BK_FAIL, "%s: temporary files disappear; what "
	    "removes them?", s->dir_name);
}

int
bk_store_write(struct bk_store *s, const void *buf, size_t n,
    struct bk_err *e)
{
	if (s->fd == -1 && make_temp(s, e) == -1)
		return -1;
	if (bk_io_write(s->fd, buf, n, s->path, e) == -1)
		return -1;
	s->unchecked += n;
	if (s->unchecked < CHECK_EVERY)
		return 0;
	s->unchecked = 0;
	return bk_freespace_check(s->fd, &s->o->min_free, s->dir_name, e);
}

/* Give the file its name; of two writers that may not overwrite, one fails. */
static int
place(struct bk_store *s, struct bk_err *e)
{
	if (s->o->overwrite) {
		if (renameat(s->dir, s->temp, s->dir, s->base) == -1)
			return bk_fail_errno(e, "%s: rename", s->path);
		s->named = s->is_new;
		return 0;
	}
#ifdef RENAME_NOREPLACE
	if (renameat2(s->dir, s->temp, s->dir, s->base,
	    RENAME_NOREPLACE) == 0) {
		s->named = 1;
		return 0;
	}
	if (errno == EEXIST)
		return s->o->wal != NULL ? place_wal(s, e) : occupied(s, e);
	/* NFS supports only link(2) */
	if (errno != EINVAL && errno != ENOSYS)
		return bk_fail_errno(e, "%s: rename", s->path);
#endif
	if (linkat(s->dir, s->temp, s->dir, s->base, 0) == -1) {
		if (errno != EEXIST)
			return bk_fail_errno(e, "%s: link", s->path);
		return s->o->wal != NULL ? place_wal(s, e) : occupied(s, e);
	}
	s->named = 1;
	bk_store_unlink(s);
	return 0;
}

/* A name that a crash may undo is taken back: the file is stored, or not. */
static int
sync_name(const struct bk_store *s, struct bk_err *e)
{
	if (bk_store_sync_dir(s->dir, s->dir_name, e) == 0)
		return 0;
	if (s->named)
		(void)unlinkat(s->dir, s->base, 0);
	return -1;
}

int
bk_store_commit(struct bk_store *s, struct bk_err *e)
{
	int copy;

	if (s->fd == -1 && make_temp(s, e) == -1)
		return -1;
	if (s->o->mode != 0 && fchmod(s->fd, s->o->mode) == -1)
		return bk_fail_errno(e, "%s: chmod", s->path);
	if (fsync(s->fd) == -1)
		return bk_fail_errno(e, "%s: fsync", s->path);
	/* close() may report errors, but must not drop the lock yet */
	if ((copy = dup(s->fd)) == -1)
		return bk_fail_errno(e, "%s: dup", s->path);
	if (bk_io_close(copy, s->path, e) == -1 ||
	    bk_freespace_check(s->fd, &s->o->min_free, s->dir_name, e) == -1 ||
	    place(s, e) == -1)
		return -1;
	return sync_name(s, e);
}

void
bk_store_unlink(const struct bk_store *s)
{
	if (s->temp[0] != '\0')
		(void)unlinkat(s->dir, s->temp, 0);
}

void
bk_store_free(struct bk_store *s)
{
	if (s == NULL)
		return;
	bk_store_unlink(s);
	if (s->fd != -1)
		close(s->fd);	/* committed: closed and checked as a copy */
	if (s->dir != -1)
		close(s->dir);	/* read only: nothing to lose */
	free(s->dir_name);
	free(s);
}

int
bk_store_replace(const char *path, mode_t mode, const struct bk_buf *text,
    struct bk_err *e)
{
	const struct bk_store_options o = { .overwrite = 1, .mode = mode,
	    .must_exist_len = strlen(path) };
	struct bk_store *s = bk_store_open(path, &o, e);
	int rc = -1;

	if (s != NULL && bk_store_write(s, text->data, text->len, e) == 0)
		rc = bk_store_commit(s, e);
	bk_store_free(s);
	return rc;
}
