#ifndef BK_POLICY_PRUNE_H
#define BK_POLICY_PRUNE_H
/*
 * What of a listing may be deleted: what no rule keeps (retention.h) and
 * nothing else protects, in each series on its own; and the guards that
 * refuse the whole answer where the listing, the clock or the policy looks
 * wrong.
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
	uint64_t max_ahead;	/* seconds that a record may be ahead of now */
	uint64_t fresh;		/* seconds that the newest of a series may be
				 * old; 0: any age; BK_PRUNE_AUTO: see below */
	unsigned max_share;	/* percent of a series that may go at once */
	size_t min_keep;	/* of a series that are kept in any case */
};

/*
 * Decide on each item: sets go and the reasons to keep it.  The newest of a
 * series, its newest min_keep, what is held, the newest proven one and items
 * without a series never go.
 *
 * 0, or -1 with BK_DATA when a guard refuses; then the reasons are filled in
 * all the same, to be explained, but nothing must be deleted: a policy without
 * a rule; a record dated ahead of now; the newest of a series too old; too
 * large a share to go.
 *
 * BK_PRUNE_AUTO is twice the period in which backups are due: a day; the
 * finest of the policy's rules if that is weekly, monthly or yearly; or that
 * of a directory called weekly, monthly or yearly in the names of the series.
 */
int bk_prune_judge(struct bk_listing *items, const struct bk_policy *p,
    const struct bk_guards *g, struct bk_err *e);

/* The guard against clocks alone. */
int bk_prune_check_clock(const struct bk_listing *items,
    const struct bk_guards *g, struct bk_err *e);

/* The guard against large shares alone: go of n items called what. */
int bk_prune_check_share(size_t go, size_t n, const char *what,
    const struct bk_guards *g, struct bk_err *e);

#endif
