#ifndef BK_STREAM_STORE_H
#define BK_STREAM_STORE_H
/*
 * A file that appears under its name complete, durable and atomically, or not
 * at all.  Data goes to a temporary file in the same directory,
 *
 *	.bk-save.PID.16-HEX-DIGITS.tmp
 *
 * mode 0600, locked by its writer (flock(2)); the commit syncs it, gives it its
 * name and syncs the directory.  An unlocked temporary file is left over from a
 * killed run: opening a store removes those in its directory.  On a file system
 * without locks nothing is removed.
 */
#include <sys/types.h>

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/freespace.h"
#include "stream/seal.h"

struct bk_store;

struct bk_store_options {
	int overwrite;			/* 0: an existing file is an error */
	size_t must_exist_len;		/* directories that end within these
					 * first bytes of path must exist;
					 * others are created, mode 0700 */
	struct bk_freespace min_free;	/* checked from time to time */
	mode_t mode;			/* regardless of umask; 0: 0600 */
	/*
	 * The label of a WAL file: an existing file is not an error if it is
	 * the same WAL, and is left as it is, or if it is an earlier .partial,
	 * which is replaced.  NULL: not of one.
	 */
	const struct bk_label *wal;
	/*
	 * NULL, or where to put what is known of an existing .partial that is
	 * neither; its wal is set in any case.
	 */
	struct bk_label *held;
};

/*
 * Prepare to store the file path; path and o are borrowed.  Only directories
 * are created yet; they stay in any case.  NULL with *e set: BK_FAIL if the
 * file already exists, a directory is missing, or too little space is free;
 * BK_USAGE if the name is that of a temporary file.
 */
struct bk_store *bk_store_open(const char *path,
    const struct bk_store_options *o, struct bk_err *e);

/* Append n bytes, creating the temporary file first; 0, or -1 with *e set. */
int bk_store_write(struct bk_store *s, const void *buf, size_t n,
    struct bk_err *e);

/*
 * The file is complete: make it durable and visible.  0, or -1 with *e set and
 * no file, unless only the sync of the directory failed.
 */
int bk_store_commit(struct bk_store *s, struct bk_err *e);

/*
 * Remove the temporary file, if any; also from another thread, but not during
 * bk_store_write().
 */
void bk_store_unlink(const struct bk_store *s);

/* Free s, discarding what was not committed; NULL is fine. */
void bk_store_free(struct bk_store *s);

/* Replace or create the file path with text; 0, or -1 with *e set. */
int bk_store_replace(const char *path, mode_t mode, const struct bk_buf *text,
    struct bk_err *e);

/* 1 if name (without a directory) is that of a temporary file as above. */
int bk_store_is_temporary(const char *name);

/* fsync() for the directory dir; also 0 where that is unsupported. */
int bk_store_sync_dir(int dir, const char *name, struct bk_err *e);

#endif
