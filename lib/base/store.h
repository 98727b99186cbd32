#ifndef BK_BASE_STORE_H
#define BK_BASE_STORE_H
/*
 * A file that appears under its name whole, on disk and at once, or not at
 * all.  What is written goes to a temporary file in the same directory,
 *
 *	.bk-save.PID.16-HEX-DIGITS.tmp
 *
 * mode 0600, which its writer holds a lock on (flock(2)); the commit syncs it,
 * gives it its name and syncs the directory.  A temporary file that nobody
 * has a lock on is what a killed run left: opening a store removes those in
 * its directory.  Where a file system has no locks, nothing is removed.
 */
#include <sys/types.h>

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/freespace.h"

struct bk_store;

struct bk_store_options {
	int overwrite;			/* 0: a file of that name is an error */
	size_t given;			/* directories that end within so many
					 * bytes of path must be there; those
					 * behind are made, mode 0700 */
	struct bk_freespace min_free;	/* looked at now and again */
	mode_t mode;			/* whatever the umask; 0: 0600 */
};

/*
 * Prepare to store the file path; path and o are borrowed.  Nothing is made
 * yet but directories, which stay, whatever happens.  NULL with *e set:
 * BK_FAIL there is such a file already, no such directory, too little room;
 * BK_USAGE the name is that of a temporary file.
 */
struct bk_store *bk_store_open(const char *path,
    const struct bk_store_options *o, struct bk_err *e);

/* Add n bytes, making the temporary file first; 0, or -1 with *e set. */
int bk_store_write(struct bk_store *s, const void *buf, size_t n,
    struct bk_err *e);

/*
 * The file is complete: make it durable and visible.  0, or -1 with *e set
 * and no file; only if the directory's own sync fails there is one.
 */
int bk_store_commit(struct bk_store *s, struct bk_err *e);

/*
 * Remove the temporary file, if there is one; also by another thread, but not
 * during bk_store_write().
 */
void bk_store_unlink(const struct bk_store *s);

/* Free s, removing what was not committed; NULL is fine. */
void bk_store_free(struct bk_store *s);

/* Replace the file path, or make it, by text; 0, or -1 with *e set. */
int bk_store_replace(const char *path, mode_t mode, const struct bk_buf *text,
    struct bk_err *e);

/* 1 if name (without a directory) is that of a temporary file as above. */
int bk_store_is_temporary(const char *name);

/* fsync() for the directory dir; 0 as well where it cannot be done at all. */
int bk_store_sync_dir(int dir, const char *name, struct bk_err *e);

#endif
