#ifndef BK_POLICY_PRUNE_H
#define BK_POLICY_PRUNE_H
/*
 * Which records of a listing may be deleted: in each series, those that no
 * rule keeps (retention.h) and nothing else protects.  Guards refuse a series
 * that looks wrong, or the whole run if the clock or the policy does.
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "policy/listing.h"
#include "policy/retention.h"

#define BK_PRUNE_AUTO UINT64_MAX

struct bk_guards {
	time_t now;
	uint64_t max_ahead;	/* seconds a record may be in the future */
	uint64_t fresh;		/* maximum age of the newest of a series, in
				 * seconds; 0: any; BK_PRUNE_AUTO: see below */
	unsigned max_share;	/* percent of a series that may be deleted */
	size_t min_keep;	/* newest of a series that are always kept */
	uint64_t min_stored;	/* seconds that each is kept after it was
				 * stored, with any time in its name */
	/* Report why a series is refused. */
	void (*refuse)(const char *text);
};

/*
 * Decide on each item: set expired and the reasons to keep it.  The newest of
 * a series, its newest min_keep, held items, its last proven one, what was
 * stored lately, what is not a backup and items without a series never expire.
 * Of a chain of increments (increments.h) all expire, or none; what one that is
 * kept builds on is kept in another series, too.  So do all versions of a name
 * that are one backup (listing.h), or none: they count as one.
 *
 * A record that was stored late (record.h) makes none expire that was stored in
 * time: rules and guards count those as if there was no late one.
 *
 * In a series whose newest is too old, or of which too large a share would
 * expire, or which lacks what an increment builds on, nothing does:
 * g->refuse() is told, its items are marked refused instead, and the others are
 * judged.
 *
 * 0, or -1 with *e set: memory, or BK_DATA: a policy without rules, a record
 * or its newest receipt dated in the future, no series.  Then the reasons are
 * filled in for --explain, but nothing must be deleted.
 *
 * BK_PRUNE_AUTO is twice the interval at which backups are due: a day; or the
 * policy's finest rule if that is weekly, monthly or yearly; or that of the
 * tier weekly, monthly or yearly in the names of the series: a directory, the
 * word before the time, or a pattern's {tier}.
 */
int bk_prune_judge(struct bk_listing *items, const struct bk_policy *p,
    const struct bk_guards *g, struct bk_err *e);

/* The clock guard alone. */
int bk_prune_check_clock(const struct bk_listing *items,
    const struct bk_guards *g, struct bk_err *e);

/* 1 if r was stored, or by its time made, less than g->min_stored ago. */
int bk_prune_is_recent(const struct bk_record *r, const struct bk_guards *g);

/* The share guard alone: expired of n items, called label in messages. */
int bk_prune_check_share(size_t expired, size_t n, const char *label,
    const struct bk_guards *g, struct bk_err *e);

#endif
