#ifndef BK_POLICY_SERIES_H
#define BK_POLICY_SERIES_H
/*
 * From a listing to findings (freshness.h), a subject for each series.
 *
 * Series are those of bk-prune (group.h), with one difference: its tiers are
 * kept by different rules, but a database is as fresh as its newest backup in
 * any of them.  So a directory hourly, daily, weekly, monthly or yearly, and
 * what a pattern calls {tier}, does not tell series apart.
 */
#include "base/err.h"
#include "policy/freshness.h"
#include "policy/listing.h"

/* How many earlier backups it takes to call a size usual. */
#define BK_SERIES_HISTORY 3

/*
 * Set each item's group by pattern, or by its name if that is NULL.  0, or -1
 * with *e set: BK_DATA if none is of a series.
 */
int bk_series_group(struct bk_listing *items, const char *pattern,
    struct bk_err *e);

/* The series that name is of, as above but never none; key as in group.h. */
int bk_series_of(const char *name, struct bk_buf *key, struct bk_err *e);

/*
 * Set *name to what people call the series key, its database as far as a name
 * tells: "shop" for s3://b/shop/x/shop-*.bk and for *_shop.sql.gz; b for
 * /b/daily/ *.bk.  0, or -1 with *e set: memory.
 */
int bk_series_name(const char *key, struct bk_buf *name, struct bk_err *e);

/*
 * Judge each series: age, size, count; against the f->last backups before it
 * whether it shrank or grew, and the gaps between the last; with f->receipts
 * the proof.  Reorders items.  0, or -1 with *e set: memory.
 */
int bk_series_judge(struct bk_subjects *out, struct bk_listing *items,
    const struct bk_fresh *f, struct bk_err *e);

/*
 * The listing is one of WAL: judge each archive (a directory), how old its
 * newest segment is and which are missing.  0, or -1 with *e set: BK_DATA
 * there is no segment, or one that cannot be of f->segment bytes.
 */
int bk_series_judge_wal(struct bk_subjects *out, struct bk_listing *items,
    const struct bk_fresh *f, struct bk_err *e);

#endif
