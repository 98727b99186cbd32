#ifndef BK_POLICY_SERIES_H
#define BK_POLICY_SERIES_H
/*
 * From a listing to findings (freshness.h), one subject per series.
 *
 * Series are those of bk-prune (group.h), except that tiers are merged: a
 * database is as fresh as its newest backup in any tier.  So a directory
 * hourly, daily, weekly, monthly or yearly, or a pattern's {tier}, does not
 * distinguish series.
 */
#include "base/err.h"
#include "policy/freshness.h"
#include "policy/listing.h"

/* Number of earlier backups needed to know the usual size. */
#define BK_SERIES_HISTORY 3

/*
 * Set each item's group by pattern, or by its name if pattern is NULL.  0, or
 * -1 with *e set: BK_DATA if no item belongs to a series.
 */
int bk_series_group(struct bk_listing *items, const char *pattern,
    struct bk_err *e);

/*
 * Set *key to the series of name, as above, or to name itself if it belongs to
 * none.  0, or -1 with *e set: memory.
 */
int bk_series_of(const char *name, struct bk_buf *key, struct bk_err *e);

/*
 * Set *name to the display name of a series, which usually is its database:
 * "shop" for s3://b/shop/x/shop-*.bk and for *_shop.sql.gz; "b" for
 * /b/daily/ *.bk.  0, or -1 with *e set: memory.
 */
int bk_series_name(const char *key, struct bk_buf *name, struct bk_err *e);

/*
 * Replace *owner by whose backup name is: what {db} in pattern matches, or the
 * display name of its series if pattern has none or is NULL.  1; 0 if name
 * belongs to no series; -1 with *e set: memory.
 */
int bk_series_owner(const char *pattern, const char *name,
    struct bk_buf *owner, struct bk_err *e);

/*
 * Add a subject for each series: age, size and count; shrinkage or growth
 * against the f->last backups before the newest, and the longest gap between
 * these; with f->receipts, the proof.  Reorders items.  0, or -1 with *e set:
 * memory.
 */
int bk_series_judge(struct bk_subjects *out, struct bk_listing *items,
    const struct bk_fresh *f, struct bk_err *e);

/*
 * Add a subject for each WAL archive (a directory) in a listing of WAL files:
 * the newest segment's age, the number of segments, those missing.  Reorders
 * items.  0, or -1 with *e set: BK_DATA there is no segment, or one whose name
 * does not fit a size of f->segment bytes; with f->stored, a second archive.
 */
int bk_series_judge_wal(struct bk_subjects *out, struct bk_listing *items,
    const struct bk_fresh *f, struct bk_err *e);

#endif
