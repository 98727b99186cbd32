#ifndef BK_POLICY_WAL_MISSING_H
#define BK_POLICY_WAL_MISSING_H
/*
 * Which segments are missing in a WAL archive between its first and its last.
 *
 * A timeline begins in the segment in which it forks, or in the one
 * after it; the parent's segment there may be ".partial".  So may the last one
 * be, while more of it is to come; any other that is only partial is missing.
 */
#include <stddef.h>
#include <stdint.h>

#include "walfile/wal_name.h"

/*
 * The number of segments missing among v[0] to v[n - 1]; sets *first to the
 * first of them, if any.  Sorts v.
 */
uint64_t bk_wal_missing_count(struct bk_wal_segment v[], size_t n,
    struct bk_wal_segment *first);

/*
 * The number from which on v[0] to v[n - 1] are WAL that is replayed from one
 * end to the other: no segment is missing, and no timeline goes on after the
 * segment in which the next one begins, so that who begins at any of them comes
 * to the last one; 0 if n is 0.  Sorts v.
 */
uint64_t bk_wal_unbroken_from(struct bk_wal_segment v[], size_t n);

#endif
