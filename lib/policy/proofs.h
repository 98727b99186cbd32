#ifndef BK_POLICY_PROOFS_H
#define BK_POLICY_PROOFS_H
/*
 * Receipts of bk-verify: JSON objects in the *.receipt.json files of a
 * directory, or one a line of a text.  These members matter here:
 *
 *	"version"	1; any other is refused
 *	"result"	"proven" or "not proven"; anything else changes nothing
 *	"differences", "level"	of a proof: 0; 1 to 3; else it is refused
 *	"finished"	the time of the result
 *	"started"	when the backup began to be read; else that is finished
 *	"database", "cluster"	which was backed up, one of the two
 *	"host"		the server that a cluster's backup is named after, or
 *			that a database is on
 *	"at"		the instant of its snapshot
 *	"name"		the backup's name, where the stream does not say that
 *			it is another database's or of another instant
 *	"restore_seconds"	how long a restore test took to restore it
 *	"kind"		"base": a base backup, which nothing but a recovery
 *			proves, with its "restore_seconds"
 *
 * A backup is identified by its database (or cluster) and snapshot time: a
 * receipt counts for every record whose name says both, in any store; if some
 * of these have the server's name in theirs, for those only.  Of the versions
 * of a name it counts for the one that stood there when it was read, and for no
 * later one: anybody who may store can replace what was proven.
 */
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "policy/listing.h"

struct bk_proofs {		/* start with = {0} */
	size_t receipts;	/* that were read */
	size_t matched;		/* of these, count for an item */
	size_t unsigned_;	/* of these, not signed as was demanded */
	size_t refused;		/* files, or lines, that are no receipts */
	struct bk_err first;	/* why the first of them is none */
};

struct bk_proofs_from {
	const char *dir;	/* a directory; or where text is from */
	const struct bk_buf *text;	/* lines; NULL: read dir */
	/*
	 * NULL: every receipt counts.  Else 1 if the n bytes at text, an
	 * object, are signed by an accepted key; 0 if not: then it counts for
	 * nothing; -1 with *e set.
	 */
	int (*check)(void *ctx, const char *text, size_t n, struct bk_err *e);
	void *ctx;
};

/*
 * Read the receipts and set each item's newest proof.  pattern is how names map
 * to series (group.h), NULL without.  A file that is not a receipt, or not a
 * whole one, is counted and left alone: it proves nothing, and must not keep
 * the others from being believed.
 *
 * BK_FAIL: the directory cannot be read, or memory; or what check says.
 */
int bk_proofs_load(struct bk_listing *items, const char *pattern,
    const struct bk_proofs_from *from, struct bk_proofs *found,
    struct bk_err *e);

#endif
