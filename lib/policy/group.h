#ifndef BK_POLICY_GROUP_H
#define BK_POLICY_GROUP_H
/*
 * Which series a backup belongs to, told by its name.
 *
 * Without a pattern: by its directory and its base name, where the last time
 * (20261121T021503Z, 20261121, 2026-11-21, 2026-11-21_02-15) and each name of
 * a WAL segment are replaced by "*":
 *
 *	s3://b/shop/daily/shop-20261121T021503Z.bk  s3://b/shop/daily/shop-*.bk
 *	2026-11-21_02-15_shop.sql.gz                *_shop.sql.gz
 *
 * A path with neither is of no series: nothing tells it from others.  A
 * bare word (no slash, no dot, no time: "s17") is an id, as of a snapshot;
 * those are all of the series "*".
 *
 * With a pattern: {db}, {host} and {tier} match one or more characters but
 * "/", all of a name's {db} the same ones; {utc}, {date} and {time} match such
 * times; "*" matches anything.  So it may be the template that the backups
 * were stored under.  The series is what {db}, {host} and {tier} matched.
 */
#include "base/buf.h"
#include "base/err.h"

/*
 * Set *key to the series of name (base/buf.h; its old contents are dropped), by
 * pattern unless that is NULL.  1; 0 if it is of none; -1 with *e set.
 */
int bk_group_of(const char *pattern, const char *name, struct bk_buf *key,
    struct bk_err *e);

/* 0, or BK_USAGE if pattern has an unknown variable or an open brace. */
int bk_group_check(const char *pattern, struct bk_err *e);

#endif
