#ifndef BK_POLICY_WAL_MISSING_H
#define BK_POLICY_WAL_MISSING_H
/*
 * Which segments are missing in a WAL archive between its first and its last.
 *
 * The last 8 digits of a segment's name (wal.h) number the segments within
 * 4 GiB.  A timeline begins in the segment in which it forks, or in the one
 * after it; the parent's segment there may be ".partial".  So may the last one
 * be, while more of it is to come; any other that is only partial is missing.
 */
#include <stddef.h>
#include <stdint.h>

#define BK_WAL_MISSING_NAME 25	/* 24 digits and the NUL */

struct bk_wal_segment {
	uint32_t timeline;
	uint64_t number;	/* from 0, across all WAL */
	int partial;
};

/*
 * Parse name's base name: 1; 0 if it is not a segment (a history or .backup
 * file); -1 if its number does not fit segments of segment bytes.
 */
int bk_wal_missing_parse(const char *name, uint64_t segment,
    struct bk_wal_segment *s);

/* The segment's file name, without suffixes. */
void bk_wal_missing_format(const struct bk_wal_segment *s, uint64_t segment,
    char out[BK_WAL_MISSING_NAME]);

/*
 * The number of segments missing among v[0] to v[n - 1]; sets *first to the
 * first of them, if any.  Sorts v.
 */
uint64_t bk_wal_missing_count(struct bk_wal_segment v[], size_t n,
    struct bk_wal_segment *first);

#endif
