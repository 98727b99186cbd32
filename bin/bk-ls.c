/* bk-ls: list the files under directories, see bk-ls(1) */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/utctime.h"
#include "policy/records.h"
#include "stream/store.h"
#include "tool/sandbox_tool.h"
#include "tool/tool.h"

enum { STORED = TOOL_OPT_TOOL };

static const struct tool_opt options[] = {
	{ STORED, "stored", NULL, NULL,
	    "give the time stored, even if the name has one" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-ls",
	.example = "bk-ls /backups/shop | bk-prune -d 30 -m 12 | bk-rm",
	.about =
"Lists every file in DIR and below, oldest first: time (UTC), bytes and name, "
"tab-separated, one per line.  The time is that in the name, as {utc} writes "
"it, else the time stored.  Fields follow, key=value: stored if that was over "
"a day later, and changed, when the file last was.  Symbolic links are not "
"followed; temporary files of an unfinished bk-save are not listed.  A listing "
"that could not be finished ends with an error record, which every reader "
"refuses.",
	.options = options,
	.operands = "DIR ...",
	.exits = "0 listed, 1 failed, 2 usage error, 4 nothing there",
	.rehearses = 1,
};

struct files {
	struct bk_records list;
	struct bk_err first;	/* the first that could not be listed */
	size_t failed;		/* each was reported */
};

/* Report what cannot be read and go on with the rest. */
static int
unreadable(struct files *files, const char *path)
{
	int error = errno;

	tool_say("%s: %s", path, strerror(error));
	(void)bk_fail(&files->first, BK_FAIL, "%s: %s", path, strerror(error));
	files->failed++;
	return 0;
}

static int walk(struct files *files, int fd, struct bk_buf *path,
    struct bk_err *e);

/* One entry of the directory dir; path is its whole name. */
static int
visit(struct files *files, int dir, const char *name, struct bk_buf *path,
    struct bk_err *e)
{
	struct bk_record r = { .name = path->data };
	char changed[BK_UTCTIME_TEXT];
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		/* deleted since */
		return errno == ENOENT ? 0 : unreadable(files, path->data);
	if (S_ISREG(st.st_mode)) {
		bk_utctime_exact(&st.st_ctim, changed);
		r.time = st.st_mtime;
		r.bytes = (uint64_t)st.st_size;
		r.field[BK_RECORD_CHANGED] = *changed == '\0' ? NULL : changed;
		return bk_records_add(&files->list, &r, e);
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return errno == ENOENT ? 0 : unreadable(files, path->data);
	return walk(files, fd, path, e);
}

/* List the directory fd, which is closed; path, its name, is as it was. */
static int
walk(struct files *files, int fd, struct bk_buf *path, struct bk_err *e)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	size_t len = path->len;
	int rc = 0;

	if (d == NULL) {
		close(fd);
		return bk_fail_errno(e, "%s", path->data);
	}
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    bk_store_is_temporary(entry->d_name))
			continue;
		rc = bk_buf_printf(path, e, "%s%s",
		    path->data[len - 1] == '/' ? "" : "/", entry->d_name);
		if (rc == 0)
			rc = visit(files, dirfd(d), entry->d_name, path, e);
		path->len = len;
		path->data[len] = '\0';
	}
	if (rc == 0 && errno != 0)
		rc = unreadable(files, path->data);
	closedir(d);
	return rc;
}

static int
list_dir(struct files *files, const char *dir, struct bk_err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bk_buf path = {0};
	int rc;

	if (fd == -1)
		return unreadable(files, dir);
	if ((rc = bk_buf_puts(&path, dir, e)) == -1)
		close(fd);
	else
		rc = walk(files, fd, &path, e);
	bk_buf_free(&path);
	return rc;
}

static void
warn(const char *text)
{
	tool_say("%s", text);
}

/* Print what could be listed, as ls does; after it what could not. */
static int
print(struct files *files, struct bk_err *e)
{
	if (files->failed > 1)
		bk_fail_add(&files->first, " and %zu more", files->failed - 1);
	if (bk_records_write(&files->list, files->failed > 0 ?
	    files->first.msg : NULL, STDOUT_FILENO, "standard output", e) == -1)
		return -1;
	if (files->failed == 0)
		return 0;
	e->quiet = 1;			/* each was reported */
	return bk_fail(e, BK_FAIL, "%s", files->first.msg);
}

int
main(int argc, char *argv[])
{
	struct files files = { .list.warn = warn };
	struct bk_err e = {0};
	int i, rc = 0;

	tool_start(&tool);
	while (tool_getopt(argc, argv) == STORED)
		files.list.by_store = 1;
	if (optind == argc)
		tool_usage("no DIR given");
	for (i = optind; i < argc; i++)
		if (*argv[i] == '\0')
			tool_usage("DIR is empty");
	tool_run("list", argv[optind], NULL);
	for (i = optind; i < argc; i++)
		narrow_read(argv[i]);
	tool_narrow();

	for (i = optind; rc == 0 && i < argc; i++)
		rc = list_dir(&files, argv[i], &e);
	if (rc == 0)
		rc = print(&files, &e);
	else
		(void)bk_records_write(&files.list, e.msg, STDOUT_FILENO,
		    "standard output", &e);
	if (rc == 0)
		rc = bk_io_close(STDOUT_FILENO, "standard output", &e);
	if (rc == 0 && files.list.n == 0)
		rc = bk_fail(&e, BK_NONE, "%s%s: nothing there", argv[optind],
		    argc - optind > 1 ? " and the others" : "");
	bk_records_free(&files.list);
	return tool_end(rc, &e);
}
