#ifndef BK_POLICY_GROUP_H
#define BK_POLICY_GROUP_H
/*
 * Which series a backup belongs to, by its name.
 *
 * Without a pattern: by its path, in which what says when is replaced by "*":
 * the stamp (listing/stamp.h), the last time in the base name
 * (20261121T021503Z, 20261121, 2026-11-21, 2026-11-21_02-15), each name of a
 * WAL segment there, a place in a chain (increments.h), a directory that is a
 * date, and in a directory the date of the base name:
 *
 *	s3://b/shop/daily/shop-20261121T021503Z.bk  s3://b/shop/daily/shop-*.bk
 *	2026-11-21_02-15_shop.sql.gz                *_shop.sql.gz
 *
 * A path with none of them belongs to no series.  A single word (no slash, no
 * dot, no time: "s17") is an id, such as a snapshot's; all ids form the series
 * "*".
 *
 * With a pattern: {db}, {host} and {tier} match one or more characters other
 * than "/", the same text at each occurrence; {utc}, {date} and {time} match
 * times in these forms, {chain} what it stands for (increments.h); "*" matches
 * anything.  So the template that backups
 * were stored under will do, if it can be read in one way only.  The key is
 * what {db}, {host} and {tier} matched.
 */
#include "base/buf.h"
#include "base/err.h"

/*
 * Replace the contents of *key by the series of name, by pattern unless that
 * is NULL.  1; 0 if name belongs to no series; -1 with *e set: memory, or
 * BK_DATA: pattern matches name with different values of its variables, of
 * which a wrong one would make two series one, or one two.
 */
int bk_group_of(const char *pattern, const char *name, struct bk_buf *key,
    struct bk_err *e);

/* Replace *db by what {db} in pattern matches in name: 1, 0, -1 as above. */
int bk_group_db(const char *pattern, const char *name, struct bk_buf *db,
    struct bk_err *e);

/*
 * Set *tier and *len to what {tier} in pattern matches in name; *tier is NULL
 * if it matches nothing, or one thing as well as another.
 */
void bk_group_tier(const char *pattern, const char *name, const char **tier,
    size_t *len);

/* 0, or BK_USAGE: pattern has an unknown variable or an unmatched brace. */
int bk_group_check(const char *pattern, struct bk_err *e);

#endif
