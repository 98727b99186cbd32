/* A directory of which most is right already (datadir.h). */
#include "datadir/datadir_in.h"

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
#include "stream/store.h"

static int
there(struct bk_datadir *d, const char *path)
{
	return faccessat(bk_tree_fd(d->tree), path, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0;
}

/* The first 8 bytes of pg_control: the system identifier. */
static int
read_sysid(struct bk_datadir *d, char text[21], struct bk_err *e)
{
	uint64_t sysid;
	ssize_t n;
	int fd;

	fd = bk_tree_open_file(d->tree, "global/pg_control", O_RDONLY, e);
	if (fd == -1)
		return e->code != BK_OK ? -1 : bk_fail(e, BK_FAIL, "%s: not "
		    "empty, and not a cluster: no global/pg_control; choose a "
		    "directory that is empty or absent", d->o.dir);
	n = bk_io_read(fd, &sysid, sizeof(sysid), d->o.dir, e);
	close(fd);
	if (n != (ssize_t)sizeof(sysid))
		return bk_fail(e, BK_FAIL, "%s: global/pg_control is damaged, "
		    "so --delta cannot be used; recover into an empty "
		    "directory", d->o.dir);
	(void)snprintf(text, 21, "%" PRIu64, sysid);
	return 0;
}

/* pg_wal may be a link to another disk, and stays one. */
static int
follow_wal(struct bk_datadir *d, struct bk_err *e)
{
	char target[4096];
	struct bk_tree *tree;
	ssize_t n;

	n = readlinkat(bk_tree_fd(d->tree), "pg_wal", target,
	    sizeof(target) - 1);
	if (n == -1)
		return errno == EINVAL || errno == ENOENT ? 0 :
		    bk_fail_errno(e, "%s/pg_wal: readlink", d->o.dir);
	target[n] = '\0';
	if (target[0] != '/')
		return bk_fail(e, BK_FAIL, "%s/pg_wal: a relative link; make "
		    "it an absolute one", d->o.dir);
	tree = bk_tree_open(target, e);
	return tree == NULL ? -1 : bk_tree_graft(d->tree, "pg_wal", tree, e);
}

int
bk_datadir_delta_check(struct bk_datadir *d, struct bk_err *e)
{
	char sysid[BK_WAL_SYSID];

	if (!there(d, BK_PG_VERSION) && !there(d, BK_PG_VERSION_AWAY))
		return bk_fail(e, BK_FAIL, "%s: not empty, and not a cluster: "
		    "no PG_VERSION; choose a directory that is empty or absent",
		    d->o.dir);
	if (read_sysid(d, sysid, e) == -1)
		return -1;
	if (strcmp(sysid, d->o.sysid) != 0)
		return bk_fail(e, BK_FAIL, "%s: it is cluster %s, the backup "
		    "is of cluster %s; choose another directory", d->o.dir,
		    sysid, d->o.sysid);
	return follow_wal(d, e);
}

/* From here on no server starts it. */
int
bk_datadir_delta_begin(struct bk_datadir *d, struct bk_err *e)
{
	if (there(d, BK_PG_VERSION) && bk_tree_rename(d->tree, BK_PG_VERSION,
	    BK_PG_VERSION_AWAY, e) == -1)
		return -1;
	return bk_store_sync_dir(bk_tree_fd(d->tree), d->o.dir, e);
}

/* Does the stream have this path of the tree? */
static int
is_listed(struct bk_datadir *d, const char *path, int dir)
{
	if (dir)
		return bk_base_judge_has_dir(d->judge, path);
	if (strcmp(path, BK_PG_VERSION_AWAY) == 0)
		path = BK_PG_VERSION;
	return bk_base_judge_has_file(d->judge, path);
}

static int prune(struct bk_datadir *d, struct bk_buf *path, struct bk_err *e);

/* A link is listed as the directory that it stands for. */
static int
prune_entry(struct bk_datadir *d, struct bk_buf *path, DIR *stream,
    const char *name, struct bk_err *e)
{
	const size_t n = path->len;
	struct stat st;
	int dir, rc = 0;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (bk_buf_printf(path, e, "%s%s", n == 0 ? "" : "/", name) == -1)
		return -1;
	if (fstatat(dirfd(stream), name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		rc = bk_fail_errno(e, "%s/%s: stat", d->o.dir, path->data);
	else {
		dir = !S_ISREG(st.st_mode);
		if (!is_listed(d, path->data, dir))
			rc = bk_tree_remove(d->tree, path->data, e);
		else if (dir)
			rc = prune(d, path, e);
	}
	path->len = n;
	if (path->data != NULL)
		path->data[n] = '\0';
	return rc;
}

/*
 * Remove what is below path, and not listed; no path that is listed has too
 * many directories.
 */
static int
prune(struct bk_datadir *d, struct bk_buf *path, struct bk_err *e)
{
	int fd = bk_tree_open_dir(d->tree, path->len > 0 ? path->data : "", e);
	struct dirent *entry;
	DIR *stream;
	int rc = 0;

	if (fd == -1 || (stream = fdopendir(fd)) == NULL) {
		if (fd != -1)
			close(fd);
		return bk_fail_errno(e, "%s/%s: open", d->o.dir,
		    path->len > 0 ? path->data : "");
	}
	while (rc == 0 && (errno = 0, entry = readdir(stream)) != NULL)
		rc = prune_entry(d, path, stream, entry->d_name, e);
	if (rc == 0 && errno != 0)
		rc = bk_fail_errno(e, "%s: readdir", d->o.dir);
	(void)closedir(stream);
	return rc;
}

int
bk_datadir_delta_end(struct bk_datadir *d, struct bk_err *e)
{
	struct bk_buf path = {0};
	int rc = prune(d, &path, e);

	bk_buf_free(&path);
	return rc;
}
