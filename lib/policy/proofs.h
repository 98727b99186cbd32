#ifndef BK_POLICY_PROOFS_H
#define BK_POLICY_PROOFS_H
/*
 * Receipts of bk-verify: JSON objects in the *.receipt.json files of a
 * directory.  These members matter here:
 *
 *	"result"	"proven" or "not proven"; anything else proves nothing
 *	"finished"	the time of the result
 *	"database", "cluster"	of whom it is, one of the two
 *	"host"		the server that a cluster's backup is named after
 *	"at"		the instant of its snapshot
 *	"name"		the backup's name where that has no instant
 *	"restore_seconds"	how long a restore test took to restore it
 *	"kind"		"base": a base backup, which nothing but a recovery
 *			proves, with its "restore_seconds"
 *
 * A backup is who it is of and that instant: a receipt counts for every record
 * of which the name says both, in whatever store.
 */
#include <stddef.h>

#include "base/err.h"
#include "policy/listing.h"

struct bk_proofs {		/* start with = {0} */
	size_t receipts;	/* that were read */
	size_t matched;		/* of these, count for an item */
	size_t refused;		/* files that are no receipts */
	struct bk_err first;	/* why the first of them is none */
};

/*
 * Read the receipts in dir and set each item's newest proof.  pattern is how
 * names map to series (group.h), NULL without.  A file that is no receipt, or
 * not a whole one, is counted and left alone: it proves nothing, and must not
 * keep the others from being believed.
 *
 * BK_FAIL: the directory cannot be read, or memory.
 */
int bk_proofs_load(struct bk_listing *items, const char *pattern,
    const char *dir, struct bk_proofs *found, struct bk_err *e);

#endif
