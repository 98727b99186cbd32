#ifndef BK_DATADIR_TREE_IN_H
#define BK_DATADIR_TREE_IN_H
/*
 * What the sources of datadir/tree share: tree.c has what is below, tree_end.c
 * calls it, and tree_graft.c both.
 */
#include <pthread.h>

#include "datadir/tree.h"

#define BK_TREE_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define BK_TREE_DEPTH 64	/* directories below one another, at most */

enum bk_made_kind {
	BK_CHANGED,		/* a file that was there before */
	BK_MADE_FILE,		/* or a symbolic link */
	BK_MADE_DIR,
	BK_MADE_WHOLE,		/* a directory with all that is below it */
};

struct bk_made {
	char *path;
	enum bk_made_kind kind;
};

struct bk_graft {
	char *path;
	struct bk_tree *tree;
};

struct bk_tree {
	char *name;
	int fd;
	int ours;		/* the directory itself was made */
	int whole;		/* all that is in it was */
	struct bk_made *made;
	size_t nmade, cap;
	struct bk_graft *graft;
	size_t ngraft;
	char *parent;		/* the path of parent_fd, the last one asked */
	int parent_fd;
	size_t parents;		/* how many there were */
	pthread_mutex_t lock;	/* while something is made and remembered */
	int stopped, kept;
};

/* The tree that *path is in, with *path made relative to it. */
struct bk_tree *bk_tree_of(struct bk_tree *t, const char **path);

/*
 * A descriptor of the directory path, to be closed by the caller; make: what is
 * absent is made.  -1 with *e set; or not set, and errno ENOENT: there is none.
 */
int bk_tree_descend(struct bk_tree *t, const char *path, int make,
    struct bk_err *e);

/*
 * The directory that path is in, borrowed until the next call, and *name, the
 * last name; otherwise as bk_tree_descend().
 */
int bk_tree_parent(struct bk_tree *t, const char *path, int make,
    const char **name, struct bk_err *e);

/* With the lock: -1 with *e set if t is undone, or will be at once. */
int bk_tree_refuse_stopped(const struct bk_tree *t, struct bk_err *e);

/* Remember path, of this tree, as made or changed. */
int bk_tree_remember(struct bk_tree *t, const char *path,
    enum bk_made_kind kind, struct bk_err *e);

/* A directory was moved or removed: do not take the last one asked for it. */
void bk_tree_forget(struct bk_tree *t);

/* "DIR/PATH: CALL: " and errno's text. */
int bk_tree_fail(const struct bk_tree *t, const char *path, const char *call,
    struct bk_err *e);

#endif
