/* datadir/tree: no path leaves it, no link is followed, nothing is left. */
#define _XOPEN_SOURCE 700	/* nftw */
#include "datadir/tree_in.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"
#include "wipe.h"

static char top[100];
static struct bk_err e;

static const char *
in(const char *name)
{
	return below(top, name);
}

static int
is_there(const char *name)
{
	struct stat st;

	return lstat(in(name), &st) == 0;
}

static void
refused(int rc, enum bk_code code, const char *says, const char *what)
{
	ok(rc == -1 && e.code == code && strstr(e.msg, says) != NULL, "%s: %s",
	    what, e.msg);
	e = (struct bk_err){0};
}

static void
test_paths(struct bk_tree *t)
{
	static const char out[] = "a/../../x";
	const char *why = "not a path below the directory";

	refused(bk_tree_mkdir(t, out, 0700, &e), BK_DATA, why, "mkdir");
	refused(bk_tree_create(t, out, &e), BK_DATA, why, "create");
	refused(bk_tree_open_file(t, out, O_RDONLY, &e), BK_DATA, why, "open");
	refused(bk_tree_open_dir(t, out, &e), BK_DATA, why, "open directory");
	refused(bk_tree_symlink(t, "/etc", out, &e), BK_DATA, why, "symlink");
	refused(bk_tree_rename(t, "a", out, &e), BK_DATA, why, "rename to");
	refused(bk_tree_rename(t, out, "a", &e), BK_DATA, why, "rename");
	refused(bk_tree_remove(t, out, &e), BK_DATA, why, "remove");
	ok(mkfifo(in("tree/fifo"), 0600) == 0, "a FIFO");
	refused(bk_tree_open_file(t, "fifo", O_RDONLY, &e), BK_FAIL,
	    "not a regular file", "open");
	refused(bk_tree_mkdir(t, "fifo/x", 0700, &e), BK_FAIL, "in the way",
	    "mkdir");
	ok(remove(in("tree/fifo")) == 0, "none");
}

static void
test_links(struct bk_tree *t)
{
	ok(bk_tree_symlink(t, "/one", "d/link", &e) == 0 &&
	    bk_tree_symlink(t, "/other", "d/link", &e) == 0 &&
	    bk_tree_symlink(t, "/other", "d/link", &e) == 0 &&
	    bk_tree_leads(bk_tree_fd(t), "d/link", "/other") &&
	    !bk_tree_leads(bk_tree_fd(t), "d/link", "/othe"),
	    "a link in place of another: %s", e.msg);
	ok(bk_tree_mkdir(t, "dir", 0700, &e) == 0, "a directory");
	refused(bk_tree_symlink(t, "/one", "dir", &e), BK_FAIL, "symlink",
	    "in its place there is no link");
	refused(bk_tree_symlink(t, "/one", "d/link/x", &e), BK_FAIL,
	    "in the way", "nor through one");
}

/* What others made in it is ours to remove, too; and then it is over. */
static void
test_undo(struct bk_tree *t)
{
	int fd;

	ok((fd = bk_tree_create(t, "d/file", &e)) != -1, "a file: %s", e.msg);
	close(fd);
	put_file(in("tree/dir/another's"), "x", 1);
	put_file(in("tree/another's"), "x", 1);
	ok(bk_tree_adopt(t, "", &e) == 0, "adopted");
	bk_tree_undo(t);
	ok(!is_there("tree"), "nothing is left");
	bk_tree_undo(t);
	refused(bk_tree_remember(t, "x", BK_MADE_FILE, &e), BK_FAIL, "stopped",
	    "and nothing is made any more");
}

int
main(void)
{
	struct bk_tree *t;

	if (make_scratch(top, "tree") == -1 ||
	    (t = bk_tree_open(in("tree"), &e)) == NULL)
		return 1;
	test_paths(t);
	test_links(t);
	test_undo(t);
	bk_tree_free(t);
	wipe_tree(top);
	return tap_done();
}
