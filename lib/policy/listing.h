#ifndef BK_POLICY_LISTING_H
#define BK_POLICY_LISTING_H
/*
 * A complete listing (listing/record.h) in memory, with what is known and
 * decided about each record.
 *
 * Versions of one name that has a stamp are one backup: the first one stored is
 * it, the others replace it, by mistake or by design, and anybody who may store
 * can make one.  All are kept as long as one of them is.
 */
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "listing/record.h"
#include "policy/increments.h"
#include "policy/retention.h"

struct bk_listed {
	struct bk_record r;	/* a copy of ours */
	const char *base;	/* its last component, in r.name */
	size_t line;		/* position in the listing, from 0 */
	char *group;		/* its series (group.h); NULL: none */
	const char *tier;	/* tier_len characters in r.name; NULL: none */
	size_t tier_len;
	struct bk_lineage chain;	/* by its name; {0}: none */
	struct bk_listed *later;	/* the version of its name that was
				 * stored next; NULL: none */
	int replaces;		/* one backup with an earlier version */
	int held;		/* named in a holds file */
	int proof;		/* result in its newest receipt: 1 proven,
				 * -1 not proven, 0 no receipt */
	time_t proof_time;
	double restored_seconds;	/* of its newest restore test */
	time_t restored_time;	/* when that ended; 0: none */
	/* decided by bk_prune_judge() or bk_wal_judge() */
	int expired;		/* may be deleted */
	int refused;		/* might, but a guard keeps its whole series */
	int lately;		/* kept only as it was stored lately */
	struct bk_kept kept;	/* the rules that keep it */
	size_t recent;		/* n-th of the min-keep newest, or 0 */
	int newest, last_proven;	/* of its series */
	int in_chain;		/* another of its chain is kept */
	const char *reason;	/* another reason to keep it, or NULL */
};

struct bk_listing {		/* start with = {0} */
	struct bk_listed *item;	/* as listed */
	size_t n;
	size_t cap;
	struct bk_listed **by_base;	/* sorted by base name; this, and
					 * item's later, until item is sorted */
	int judged;			/* the reasons are filled in */
};

/*
 * Read the listing f, called name in messages, to its end.  0, or -1 with *e
 * set.  BK_DATA: a line that is not a record with a time, or that of a delete
 * marker or an upload; a last line without newline (truncated listing); a name
 * listed twice, or both with a version's ID and without one; BK_NONE: empty.
 */
int bk_listing_read(struct bk_listing *items, FILE *f, const char *name,
    struct bk_err *e);

/* Set the group (group.h) of each item that is a backup (record.h). */
int bk_listing_group(struct bk_listing *items, const char *pattern,
    struct bk_err *e);

/*
 * Order by group, without a group last; in it what replaces another last; then
 * newest first, of one time the increment before what it builds on; 0: same
 * time.
 */
int bk_listing_compare(const struct bk_listed *x, const struct bk_listed *y);

/*
 * In items sorted by group, the index after the last item of item i's group;
 * i itself if it has no group.
 */
size_t bk_listing_group_end(const struct bk_listing *items, size_t i);

/*
 * The index of the item that increment i of n builds on; n: it is not there.
 * The items are of one series, in the order of bk_listing_compare().  One that
 * was stored late is taken only where there is no other.
 */
size_t bk_listing_parent(const struct bk_listed *const item[], size_t n,
    size_t i);

/*
 * Call found for each item whose name equals tail or ends in "/" and tail, each
 * of its versions; returns their number.  found may be NULL.
 */
size_t bk_listing_find(struct bk_listing *items, const char *tail,
    void (*found)(struct bk_listed *item, void *ctx), void *ctx);

/*
 * Append a line for --explain: decision, record, reasons.  It does not parse
 * as a record.
 */
int bk_listed_explain(struct bk_buf *b, const struct bk_listed *item,
    const struct bk_policy *p, struct bk_err *e);

void bk_listing_free(struct bk_listing *items);

#endif
