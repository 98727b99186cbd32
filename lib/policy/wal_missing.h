#ifndef BK_POLICY_WAL_MISSING_H
#define BK_POLICY_WAL_MISSING_H
/*
 * Which segments an archive of WAL lacks between the first and the last.
 *
 * Of a segment's name (wal.h), the last 8 digits count to 4 GiB in steps of a
 * segment.  A timeline begins in the segment, or right behind
 * the one, in which it left another; there the other may be ".partial".
 */
#include <stddef.h>
#include <stdint.h>

#define BK_WAL_MISSING_NAME 25	/* 24 digits and the NUL */

struct bk_wal_segment {
	uint32_t timeline;
	uint64_t number;	/* from 0, in the whole WAL */
	int partial;
};

/*
 * Take apart name's last part: 1; 0 if it is no segment (a history or backup
 * file); -1 if it is none of segment bytes.
 */
int bk_wal_missing_parse(const char *name, uint64_t segment,
    struct bk_wal_segment *s);

/* The inverse, without suffixes. */
void bk_wal_missing_format(const struct bk_wal_segment *s, uint64_t segment,
    char out[BK_WAL_MISSING_NAME]);

/*
 * How many segments are missing among v[0] to v[n - 1], which are sorted; the
 * first of them is *first.
 */
uint64_t bk_wal_missing_count(struct bk_wal_segment v[], size_t n,
    struct bk_wal_segment *first);

#endif
