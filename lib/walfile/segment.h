#ifndef BK_WALFILE_SEGMENT_H
#define BK_WALFILE_SEGMENT_H
/*
 * A segment's own description: the long header of its first page.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "walfile/wal_name.h"
#include "walfile/wal_page.h"

#define BK_WAL_SYSID 21		/* for a system identifier in decimal */
#define BK_WAL_HEADER BK_WAL_PAGE_LONG
#define BK_WAL_CONTROL 12	/* bytes of a control file that are looked at */

struct bk_wal_header {
	int major;		/* PostgreSQL's; 0: younger than we know */
	uint32_t timeline;	/* of the first page */
	uint64_t address;	/* LSN of the first byte */
	char sysid[BK_WAL_SYSID];
	uint64_t segment;	/* bytes */
	uint32_t page;		/* bytes */
};

/* Parse the first n bytes of a segment: 1; 0: they are no long page header. */
int bk_wal_header_read(const void *p, size_t n, struct bk_wal_header *out);

/*
 * Are these the first n bytes of a segment, or of a control file
 * (global/pg_control), from a machine of the other byte order?
 */
int bk_wal_header_is_swapped(const void *p, size_t n);
int bk_wal_control_is_swapped(const void *p, size_t n);

/*
 * Fail since the first n bytes of name are no header of a segment: with BK_DATA
 * and "NAME: what"; with BK_FAIL and why, if only their byte order is another.
 */
int bk_wal_header_fail(const void *p, size_t n, const char *name,
    const char *what, struct bk_err *e);

/*
 * Is a file of size bytes with this header the segment (partial or not) that
 * name says, of the cluster sysid ("": any)?  The header's timeline may be an
 * older one: after a switch a segment begins with pages of the timeline that
 * it forked from.  A .partial may be shorter than a segment.  0, or -1 with
 * BK_DATA, "NAME: cause", also for WAL of a PostgreSQL that is younger than we
 * know.
 */
int bk_wal_segment_check(const struct bk_wal_header *h, const char *name,
    uint64_t size, const char *sysid, struct bk_err *e);

/*
 * Set sysid from the control file path (global/pg_control), which begins with
 * it in all versions.  0, or -1 with *e set.
 */
int bk_wal_control_sysid(const char *path, char sysid[BK_WAL_SYSID],
    struct bk_err *e);

#endif
