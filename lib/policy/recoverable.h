#ifndef BK_POLICY_RECOVERABLE_H
#define BK_POLICY_RECOVERABLE_H
/*
 * To which instants a cluster can be recovered, as far as a listing tells that
 * has its base backups and its WAL.
 *
 * A series is a cluster's if names in it say where WAL begins: {chain}
 * (increments.h), or the 24 digits of a segment (walfile/wal_name.h).  Its WAL
 * is in the archive that is nearest to it: that shares more directories with it
 * than others do, or has its name as a directory; and that is nearer to it than
 * to any other cluster.  Without such a one nothing is known.
 *
 * Recovery begins with the oldest base backup of which all increments are there
 * and from which on no WAL is missing; it ends with the last whole segment.
 */
#include "base/err.h"
#include "policy/freshness.h"
#include "policy/listing.h"

/*
 * Set recoverable_from of s[0] to s[n - 1], the subjects of the series of items
 * in their order, to the time of that base backup, and recoverable_to to when
 * that segment was archived.  Items are sorted by group (bk_listing_compare()).
 * 0, or -1 with *e set: memory.  Of a cluster's listing it takes 8 bytes for
 * each record and 24 for each segment.
 */
int bk_recoverable_find(struct bk_subject s[], size_t n,
    const struct bk_listing *items, const struct bk_fresh *f,
    struct bk_err *e);

#endif
