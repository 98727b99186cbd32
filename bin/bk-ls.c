/* bk-ls: list the files under directories, see bk-ls(1) */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/record.h"
#include "base/store.h"
#include "tool.h"

#define FLUSH (64 * 1024)	/* bytes of listing in one write */

static const struct tool tool = {
	.name = "bk-ls",
	.usage = "DIR ...",
	.help =
"Example: bk-ls /backups/shop | bk-prune -d 30 -m 12 | bk-rm\n"
"\n"
"usage: bk-ls DIR ...\n"
"\n"
"Lists every file in DIR and below, sorted by name: time stored (UTC), bytes\n"
"and name, tab-separated, one per line.  Symbolic links are not followed;\n"
"temporary files of an unfinished bk-save are not listed.\n"
"\n"
"    --help      this text\n"
"    --version   the version\n"
"\n"
"Exit: 0 listed, 1 failed, 2 usage error, 4 nothing there.\n",
};

struct files {
	struct bk_record *records;
	size_t n, cap;
	uint64_t failed;	/* each was reported */
};

static int
add(struct files *files, const char *path, const struct stat *st,
    struct bk_err *e)
{
	size_t cap = files->cap == 0 ? 256 : files->cap * 2;
	struct bk_record *more, *r;

	if (files->n == files->cap) {
		if (cap > SIZE_MAX / sizeof(*more) || (more =
		    realloc(files->records, cap * sizeof(*more))) == NULL)
			return bk_fail_memory(e);
		files->records = more;
		files->cap = cap;
	}
	r = &files->records[files->n];
	*r = (struct bk_record){ .time = st->st_mtime,
	    .bytes = (uint64_t)st->st_size, .name = strdup(path) };
	if (r->name == NULL)
		return bk_fail_memory(e);
	files->n++;
	return 0;
}

/* Report what cannot be read and go on with the rest. */
static int
unreadable(struct files *files, const char *path)
{
	tool_say("%s: %s", path, strerror(errno));
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
	struct stat st;
	int fd;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		/* deleted since */
		return errno == ENOENT ? 0 : unreadable(files, path->data);
	if (S_ISREG(st.st_mode))
		return add(files, path->data, &st, e);
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

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct bk_record *)a)->name,
	    ((const struct bk_record *)b)->name);
}

static int
print(struct files *files, struct bk_err *e)
{
	struct bk_buf text = {0};
	struct bk_err odd;
	const char *last = "";
	size_t i;
	int rc = 0;

	if (files->n > 0)
		qsort(files->records, files->n, sizeof(*files->records),
		    by_name);
	for (i = 0; rc == 0 && i < files->n; i++) {
		/* of a directory named twice: print one copy */
		if (strcmp(files->records[i].name, last) == 0)
			continue;
		last = files->records[i].name;
		odd = (struct bk_err){0};
		if (bk_record_format(&text, &files->records[i], &odd) == -1) {
			tool_say("%s", odd.msg);
			files->failed++;
		}
		if (text.len < FLUSH)
			continue;
		rc = bk_io_write(STDOUT_FILENO, text.data, text.len,
		    "standard output", e);
		text.len = 0;
	}
	if (rc == 0)
		rc = bk_io_write(STDOUT_FILENO, text.data, text.len,
		    "standard output", e);
	bk_buf_free(&text);
	return rc == 0 ?
	    bk_io_close(STDOUT_FILENO, "standard output", e) : rc;
}

static void
free_files(struct files *files)
{
	while (files->n > 0)
		free(files->records[--files->n].name);
	free(files->records);
}

int
main(int argc, char *argv[])
{
	static const struct option longopts[] = { TOOL_LONGOPTS, { 0 } };
	struct files files = {0};
	struct bk_err e = {0};
	int ch, i, rc = 0;

	tool_start(&tool);
	while ((ch = getopt_long(argc, argv, "", longopts, NULL)) != -1)
		tool_option(ch);
	if (optind == argc)
		tool_usage("no DIR given");
	for (i = optind; i < argc; i++)
		if (*argv[i] == '\0')
			tool_usage("DIR is empty");
	tool_run("list", argv[optind], NULL);

	for (i = optind; rc == 0 && i < argc; i++)
		rc = list_dir(&files, argv[i], &e);
	/* print what could be listed, as ls does; the status is not 0 */
	if (rc == 0)
		rc = print(&files, &e);
	if (rc == 0 && files.failed > 0) {
		e.quiet = 1;		/* each was reported */
		rc = bk_fail(&e, BK_FAIL, "not all could be listed");
	}
	if (rc == 0 && files.n == 0)
		rc = bk_fail(&e, BK_NONE, "%s%s: nothing there", argv[optind],
		    argc - optind > 1 ? " and the others" : "");
	free_files(&files);
	return tool_end(rc, &e);
}
