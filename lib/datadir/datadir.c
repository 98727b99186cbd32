#include "datadir/datadir_in.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/store.h"

const char *
bk_datadir_place(const char *path)
{
	return strcmp(path, BK_PG_VERSION) == 0 ? BK_PG_VERSION_AWAY : path;
}

static int
exists(struct bk_datadir *d, const char *path)
{
	return faccessat(bk_tree_fd(d->tree), path, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0;
}

/* A server's own lock: it may run where we cannot see its process. */
static int
check_live(struct bk_datadir *d, struct bk_err *e)
{
	const char *dir = d->o.dir;
	char text[32] = "";
	long pid;
	int fd;

	fd = bk_tree_open_file(d->tree, "postmaster.pid", O_RDONLY, e);
	if (fd == -1)
		return e->code == BK_OK ? 0 : -1;
	(void)bk_io_read(fd, text, sizeof(text) - 1, dir, e);
	close(fd);
	pid = strtol(text, NULL, 10);
	if (pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM))
		return bk_fail(e, BK_FAIL, "%s: a server runs in it (process "
		    "%ld); stop it first, or choose another directory", dir,
		    pid);
	return bk_fail(e, BK_FAIL, "%s: postmaster.pid is there: a server "
	    "runs in it, or was killed; if it does not run, remove that file",
	    dir);
}

/* Why a directory that is not empty is not for a new cluster. */
static int
refuse_full(struct bk_datadir *d, const char *name, struct bk_err *e)
{
	const char *dir = d->o.dir;

	if (exists(d, BK_PG_VERSION_AWAY) || exists(d, BK_COMBINING))
		return bk_fail(e, BK_FAIL, "%s: left by a recovery that was "
		    "interrupted; remove it and begin again%s", dir,
		    exists(d, "global/pg_control") ? ", or use --delta" : "");
	if (exists(d, BK_PG_VERSION))
		return bk_fail(e, BK_FAIL, "%s: it contains a cluster; "
		    "choose another directory, move it away, or use --delta "
		    "to make this backup of it", dir);
	return bk_fail(e, BK_FAIL, "%s: not empty: it contains '%s'; "
	    "choose a directory that is empty or absent", dir, name);
}

static int
check_directory(struct bk_datadir *d, struct bk_err *e)
{
	struct stat st;
	char name[256];

	if (fstat(bk_tree_fd(d->tree), &st) == -1)
		return bk_fail_errno(e, "%s: stat", d->o.dir);
	if (st.st_uid != geteuid())
		return bk_fail(e, BK_FAIL, "%s: it belongs to another user "
		    "(%ju); the server would not start: run this as that "
		    "user", d->o.dir, (uintmax_t)st.st_uid);
	if (bk_tree_first(d->tree, name, e) == -1)
		return -1;
	if (name[0] == '\0')
		return 0;
	if (check_live(d, e) == -1)
		return -1;
	if (!d->o.delta)
		return refuse_full(d, name, e);
	d->updating = 1;
	return bk_datadir_delta_check(d, e);
}

struct bk_datadir *
bk_datadir_open(const struct bk_datadir_options *o, struct bk_err *e)
{
	struct bk_datadir *d;

	if (o->delta && (o->sysid == NULL || *o->sysid == '\0')) {
		bk_fail(e, BK_USAGE, "--delta: the stream does not name its "
		    "cluster, as a backup made by bk-base does; choose an "
		    "empty directory");
		return NULL;
	}
	if ((d = calloc(1, sizeof(*d))) == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	d->o = *o;
	d->sum.backup_label = "";
	if ((d->tree = bk_tree_open(o->dir, e)) == NULL ||
	    check_directory(d, e) == -1) {
		bk_datadir_free(d);
		return NULL;
	}
	return d;
}

void
bk_datadir_keep(struct bk_datadir *d)
{
	struct bk_err ignored = {0};

	(void)bk_tree_keep(d->tree, &ignored);
}

void
bk_datadir_abandon(struct bk_datadir *d)
{
	if (!d->updating)
		bk_tree_undo(d->tree);
}

void
bk_datadir_undo(struct bk_datadir *d, struct bk_err *e)
{
	if (d->updating)
		return;
	bk_tree_undo(d->tree);
	bk_tree_tell_left(d->tree, e);
}

void
bk_datadir_free(struct bk_datadir *d)
{
	size_t i;

	if (d == NULL)
		return;
	bk_file_writer_free(d->writer);
	if (d->tree != NULL)
		bk_datadir_abandon(d);
	bk_tree_free(d->tree);
	bk_tar_free(d->tar);
	bk_base_judge_free(d->judge);
	bk_file_sum_free(&d->file_sum);
	for (i = 0; i < d->nspaces; i++) {
		free(d->space[i].path);
		free(d->space[i].from);
		free(d->space[i].to);
	}
	free(d->space);
	free(d->wal);
	bk_buf_free(&d->shown);
	bk_buf_free(&d->version);
	bk_buf_free(&d->label);
	bk_buf_free(&d->map);
	free(d);
}

const struct bk_datadir_summary *
bk_datadir_summary(const struct bk_datadir *d)
{
	return &d->sum;
}

int
bk_datadir_fd(const struct bk_datadir *d)
{
	return bk_tree_fd(d->tree);
}

/* Open path to be written; it may be the stream's. */
static int
write_file(struct bk_datadir *d, const char *path, int append, const void *p,
    size_t n, struct bk_err *e)
{
	const mode_t mode = d->group ? 0640 : 0600;
	int fd, rc = -1;

	fd = bk_tree_open_file(d->tree, path, O_RDWR, e);
	if (fd == -1 && e->code == BK_OK)
		fd = bk_tree_create(d->tree, path, e);
	if (fd == -1)
		return -1;
	if (fchmod(fd, mode) == -1 || lseek(fd, 0, SEEK_END) == -1 ||
	    (!append && (ftruncate(fd, 0) == -1 ||
	    lseek(fd, 0, SEEK_SET) == -1)))
		bk_fail_errno(e, "%s/%s", d->o.dir, path);
	else
		rc = bk_io_write(fd, p, n, path, e);
	return bk_io_close(fd, path, e) == -1 ? -1 : rc;
}

int
bk_datadir_put(struct bk_datadir *d, const char *path, const void *p,
    size_t n, struct bk_err *e)
{
	return write_file(d, path, 0, p, n, e);
}

int
bk_datadir_append(struct bk_datadir *d, const char *path, const void *p,
    size_t n, struct bk_err *e)
{
	return write_file(d, path, 1, p, n, e);
}

int
bk_datadir_remove(struct bk_datadir *d, const char *path, struct bk_err *e)
{
	return bk_tree_remove(d->tree, path, e);
}

/* Everything is durable before PG_VERSION has its name. */
int
bk_datadir_commit(struct bk_datadir *d, struct bk_err *e)
{
	const int fd = bk_tree_fd(d->tree);
	struct bk_err ignored = {0};

	if (!d->unpacked)
		return bk_fail(e, BK_FAIL, "%s: nothing was unpacked",
		    d->o.dir);
	if (fchmod(fd, d->group ? 0750 : 0700) == -1)
		return bk_fail_errno(e, "%s: chmod", d->o.dir);
	if (bk_tree_sync(d->tree, e) == -1 || bk_tree_keep(d->tree, e) == -1)
		return -1;
	if (bk_tree_rename(d->tree, BK_PG_VERSION_AWAY, BK_PG_VERSION, e) ==
	    0 && bk_store_sync_dir(fd, d->o.dir, e) == 0)
		return 0;
	/* what has failed is not to be started */
	(void)bk_tree_rename(d->tree, BK_PG_VERSION, BK_PG_VERSION_AWAY,
	    &ignored);
	bk_fail_add(e, "%s", d->updating ? "; PostgreSQL cannot start in it; "
	    "run again with --delta" : "; it is kept but cannot be started; "
	    "remove it and begin again");
	return -1;
}
