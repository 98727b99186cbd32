#ifndef BK_DATADIR_TREE_H
#define BK_DATADIR_TREE_H
/*
 * A directory in which files are made by names that are not trusted.  A path is
 * resolved name by name from the open directory and no symbolic link is
 * followed, so it ends below that directory, or below a graft: the directory of
 * another tree that stands for a path in this one, as a tablespace's does.
 *
 * Everything that is made or changed is remembered, to be synced or removed.
 * For one thread, but for bk_tree_undo().  Memory: the paths.
 */
#include <sys/types.h>

#include <stddef.h>

#include "base/err.h"

struct bk_tree;

/* 0 if path is relative and no name in it is "", "." or "..", else BK_DATA. */
int bk_tree_check(const char *path, struct bk_err *e);

/*
 * Open the directory dir; if it is absent it is made, mode 0700, and counts as
 * made.  NULL with *e set.
 */
struct bk_tree *bk_tree_open(const char *dir, struct bk_err *e);

/* A name in the directory, "" if it is empty.  0, or -1 with *e set. */
int bk_tree_first(struct bk_tree *t, char name[256], struct bk_err *e);

/*
 * From now on path, and what is below it, is other, which is now owned by t, in
 * any case.
 */
int bk_tree_graft(struct bk_tree *t, const char *path, struct bk_tree *other,
    struct bk_err *e);

/* The directory's descriptor, borrowed. */
int bk_tree_fd(const struct bk_tree *t);

/*
 * Make the directory path, and its parents, or take the one that is there; its
 * mode is then mode.
 */
int bk_tree_mkdir(struct bk_tree *t, const char *path, mode_t mode,
    struct bk_err *e);

/* Make the file path, and its parents.  A descriptor for writing, or -1. */
int bk_tree_create(struct bk_tree *t, const char *path, struct bk_err *e);

/*
 * Open the regular file path with O_RDONLY or O_RDWR (then it counts as
 * changed).  Its descriptor; -1 with *e set, or not set: there is none.
 */
int bk_tree_open_file(struct bk_tree *t, const char *path, int flags,
    struct bk_err *e);

/* Open the directory path, "" for the tree's own.  As bk_tree_open_file(). */
int bk_tree_open_dir(struct bk_tree *t, const char *path, struct bk_err *e);

/* Is name, seen from the directory dir, a symbolic link to target? */
int bk_tree_leads(int dir, const char *name, const char *target);

/* Make the symbolic link path, in place of one to another target. */
int bk_tree_symlink(struct bk_tree *t, const char *target, const char *path,
    struct bk_err *e);

/* Give a file or directory another name, below which there is nothing yet. */
int bk_tree_rename(struct bk_tree *t, const char *from, const char *to,
    struct bk_err *e);

/*
 * Move all that is in the directory from to the tree's own; the name special
 * becomes instead.
 */
int bk_tree_rename_all(struct bk_tree *t, const char *from,
    const char *special, const char *instead, struct bk_err *e);

/*
 * The directory path, which another program fills, counts as made with all that
 * is below it; of a graft what is in it.
 */
int bk_tree_adopt(struct bk_tree *t, const char *path, struct bk_err *e);

/*
 * Remove path and all below it, but of a graft only the link at its place.  0,
 * also if there is none; -1 with *e set.
 */
int bk_tree_remove(struct bk_tree *t, const char *path, struct bk_err *e);

/* Make all that was made or changed durable, grafts too. */
int bk_tree_sync(struct bk_tree *t, struct bk_err *e);

/* From now on bk_tree_undo() does nothing.  -1 with *e set: it has begun. */
int bk_tree_keep(struct bk_tree *t, struct bk_err *e);

/*
 * Remove what was made and is still there, the last first, grafts too.  Also
 * from another thread: then a call that makes more fails.
 */
void bk_tree_undo(struct bk_tree *t);

/*
 * After it: look what is there, and add to *e's message that nothing is left,
 * or each directory in which something is.  Of a tree that is kept, nothing.
 */
void bk_tree_tell_left(struct bk_tree *t, struct bk_err *e);

void bk_tree_free(struct bk_tree *t);	/* NULL is fine */

#endif
