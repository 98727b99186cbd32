#ifndef BK_DATADIR_DATADIR_H
#define BK_DATADIR_DATADIR_H
/*
 * Build a data directory from a base backup: one tar stream of bk-base, or of
 * pg_basebackup -Ft -X fetch -D -.
 *
 *	open     the directory is empty or absent, or fit for delta
 *	unpack   every file is written, and judged: datadir/base_judge.h
 *	...      the caller's own: prove the WAL, write settings
 *	commit   everything is durable; only now would PostgreSQL start it
 *
 * PG_VERSION has another name until the commit, so that no run that was killed
 * leaves a directory that a server would start.  bk_datadir_free() without a
 * commit removes what was made, and nothing else.  After a delta or
 * bk_datadir_keep() the files stay, in a directory that cannot be started.
 *
 * The stream is not trusted: no path leaves the directory (names are resolved
 * one by one and no symbolic link is followed), nothing is overwritten, only
 * directories and regular files are made.  Modes are 0700 and 0600, with the
 * group's right to read where the cluster has it.  Files belong to the caller's
 * user: PostgreSQL does not run as root.
 *
 * Memory: about 150 bytes for each file, and 1 MiB for each thread.
 */
#include <stdatomic.h>

#include "archive/archive.h"
#include "base/progress.h"
#include "datadir/backup_manifest.h"

struct bk_datadir_map {		/* where a tablespace goes */
	const char *from, *to;	/* absolute paths */
};

struct bk_datadir_options {	/* all is borrowed */
	const char *dir;
	const struct bk_datadir_map *map;	/* others go where they were */
	size_t nmap;
	int in_place;		/* tablespaces stay in pg_tblspc, to be
				 * combined */
	unsigned threads;	/* writers, at least 1 */
	int delta;		/* keep files that are the same already */
	const char *sysid;	/* the stream's cluster by its label; "" */
	struct bk_progress *progress;	/* or NULL: files, bytes */
	atomic_int *watch;	/* or NULL: pid of the program that combines,
				 * for another thread */
};

struct bk_datadir_summary {	/* of what was unpacked; borrowed */
	int major;		/* PostgreSQL's, by PG_VERSION */
	struct bk_manifest_summary manifest;	/* version 0: none */
	const struct bk_manifest_wal *wal;	/* as the manifest lists it */
	size_t nwal;
	const char *backup_label;	/* text; "": none */
	uint64_t files, bytes;
	uint64_t kept_files, kept_bytes;	/* of them, by delta */
};

struct bk_datadir;

/*
 * Check the directory, and make it if it is absent; its parent must exist.
 * NULL with *e set: BK_FAIL it is not empty, a server runs in it, it is
 * another cluster's, or it was left by a run that was killed, each with what to
 * do; BK_USAGE delta without sysid.
 */
struct bk_datadir *bk_datadir_open(const struct bk_datadir_options *o,
    struct bk_err *e);

/*
 * Unpack the stream, called name in messages, and compare every file with the
 * manifest.  0, or -1 with *e set: BK_DATA for what the stream is to blame for.
 */
int bk_datadir_unpack(struct bk_datadir *d, struct bk_source src,
    const char *name, struct bk_err *e);

const struct bk_datadir_summary *bk_datadir_summary(
    const struct bk_datadir *d);

/* The directory, open: to read what was unpacked, until the commit. */
int bk_datadir_fd(const struct bk_datadir *d);

/*
 * Write a file of the caller's own below the directory ("recovery.signal"), or
 * append to it, or remove one that was unpacked.  0 or -1.
 */
int bk_datadir_put(struct bk_datadir *d, const char *path, const void *p,
    size_t n, struct bk_err *e);
int bk_datadir_append(struct bk_datadir *d, const char *path, const void *p,
    size_t n, struct bk_err *e);

int bk_datadir_remove(struct bk_datadir *d, const char *path,
    struct bk_err *e);

/* Sync everything and give PG_VERSION its name.  0, or -1 with *e set. */
int bk_datadir_commit(struct bk_datadir *d, struct bk_err *e);

/*
 * The unpacked files are good, though something else is not: without a commit
 * they stay for a delta, in a directory that cannot be started.
 */
void bk_datadir_keep(struct bk_datadir *d);

/*
 * From another thread: remove what was made, and let nothing more be made.
 * Does nothing in delta, and after the commit.
 */
void bk_datadir_abandon(struct bk_datadir *d);

/*
 * After a failure: the same, and add to *e's message that nothing is left, or
 * where something is.
 */
void bk_datadir_undo(struct bk_datadir *d, struct bk_err *e);

void bk_datadir_free(struct bk_datadir *d);	/* NULL is fine */

#endif
