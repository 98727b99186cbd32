#ifndef BK_POLICY_LISTING_H
#define BK_POLICY_LISTING_H
/*
 * A listing (base/record.h) that has been read whole, and what is known and
 * decided about each record of it.
 */
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/record.h"
#include "policy/retention.h"

struct bk_listed {
	struct bk_record r;	/* r.name is the item's own */
	size_t line;		/* position in the listing, from 0 */
	char *group;		/* its series (group.h); NULL: of none */
	int held;		/* a holds file names it */
	int verdict;		/* of its newest receipt: 1 proven, -1 not
				 * proven, 0 there is none */
	time_t judged;		/* when */
	/* decided by bk_prune_judge() or bk_wal_judge() */
	int go;			/* it may be deleted */
	struct bk_kept kept;	/* the rules that keep it */
	size_t recent;		/* the min-keep's first, second ...; or 0 */
	int newest, proven;	/* of its series */
	const char *why;	/* another reason to keep it, or NULL */
};

struct bk_listing {		/* start with = {0} */
	struct bk_listed *item;	/* in the order of the listing */
	size_t n;
	size_t cap;
	struct bk_listed **by_base;	/* in the order of base names */
};

/*
 * Read f, a listing that name names in messages, to its end.  BK_DATA: a line
 * that is no record with a time, a last line without its newline (the listing
 * was cut), a name that is listed twice; BK_NONE: it is empty.
 */
int bk_listing_read(struct bk_listing *items, FILE *f, const char *name,
    struct bk_err *e);

/* Set each item's group (group.h). */
int bk_listing_group(struct bk_listing *items, const char *pattern,
    struct bk_err *e);

/* By group, those of none last; then newest first; 0: of the same moment. */
int bk_listing_compare(const struct bk_listed *x, const struct bk_listed *y);

/*
 * In items that are sorted by group: behind the last one that is of item i's.
 * i itself if that is of none.
 */
size_t bk_listing_run(const struct bk_listing *items, size_t i);

/*
 * Call found for each item whose name is given or ends in "/" and given;
 * returns how many there are.  found may be NULL.
 */
size_t bk_listing_find(struct bk_listing *items, const char *given,
    void (*found)(struct bk_listed *item, void *ctx), void *ctx);

/*
 * Mark as held what the file f names: a name or a record a line; empty lines
 * and such that begin with '#' are skipped.
 */
int bk_listing_hold(struct bk_listing *items, FILE *f, const char *name,
    struct bk_err *e);

/* Append to *b, for people and in no form of a listing: what happens to it. */
int bk_listed_explain(struct bk_buf *b, const struct bk_listed *item,
    const struct bk_policy *p, struct bk_err *e);

void bk_listing_free(struct bk_listing *items);

#endif
