#ifndef BK_DATADIR_COMBINE_H
#define BK_DATADIR_COMBINE_H
/*
 * A chain of base backups, a full one and increments to it (PostgreSQL 17 and
 * later), unpacked side by side within the data directory and combined by
 * PostgreSQL's own pg_combinebackup, of the chain's major version.
 */
#include "datadir/datadir.h"
#include "pg/bindir.h"

struct bk_combine_part {	/* one backup of the chain, as one stream */
	const char *name;	/* for messages */
	/* Start to read it; -1 with *e set. */
	int (*open)(void *ctx, struct bk_source *src, struct bk_err *e);
	/* After its end: did it end well?  -1 with *e set. */
	int (*close)(void *ctx, struct bk_err *e);
	void *ctx;
	/*
	 * What its label says of the backup that it adds to, once it was read:
	 * the first digits of that one's manifest's checksum; "": nothing.
	 * NULL: no part has a label.
	 */
	const char *(*prior)(void *ctx);
};

/*
 * In place of bk_datadir_unpack(): part[0] is the full backup, each other one
 * the increment to the one before it.  d was opened without delta.  0, or -1
 * with *e set: BK_DATA for a chain with a gap, in wrong order, of several
 * clusters, or on another backup with the same LSN; BK_FAIL for a program that
 * is missing.
 */
int bk_combine(struct bk_datadir *d, const struct bk_combine_part part[],
    size_t n, const struct bk_bindir *programs, struct bk_err *e);

#endif
