#ifndef BK_WAL_SEGMENT_H
#define BK_WAL_SEGMENT_H
/*
 * WAL files by their names, and what a segment says of itself: the long header
 * of its first page (PostgreSQL's access/xlog_internal.h, XLogLongPageHeader),
 * in the byte order of the host that wrote it, which has to be ours.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BK_WAL_NAME 42		/* room for any of these names and a NUL */
#define BK_WAL_SYSID 21		/* for a system identifier in decimal */
#define BK_WAL_HEADER 40	/* bytes of a long page header */
#define BK_WAL_SEGMENT_MIN ((uint64_t)1 << 20)
#define BK_WAL_SEGMENT_MAX ((uint64_t)1 << 30)

enum bk_wal_file {
	BK_WAL_FILE_OTHER,	/* none of these names */
	BK_WAL_FILE_SEGMENT,	/* 000000010000000A000000FF */
	BK_WAL_FILE_PARTIAL,	/* 000000010000000A000000FF.partial */
	BK_WAL_FILE_SECOND,	/* ours: 000000010000000A000000FF.partial.
				 * 1A2B3C4D, what another .partial of that name
				 * does not hold */
	BK_WAL_FILE_HISTORY,	/* 00000002.history */
	BK_WAL_FILE_BACKUP,	/* 000000010000000A000000FF.00000028.backup */
};

/* What name (without a directory, exactly) is the name of. */
enum bk_wal_file bk_wal_file_kind(const char *name);

/* The first eight digits of such a name: its timeline. */
uint32_t bk_wal_file_timeline(const char *name);

struct bk_wal_header {
	int version;		/* PostgreSQL's major; 0: newer than we know */
	uint32_t timeline;	/* of the first page */
	uint64_t address;	/* LSN of the first byte */
	char sysid[BK_WAL_SYSID];
	uint64_t segment;	/* bytes */
	uint32_t page;		/* bytes */
};

/* Parse the first n bytes of a segment: 1; 0: they are no long page header. */
int bk_wal_header_read(const void *p, size_t n, struct bk_wal_header *out);

/*
 * Is a file of size bytes with this header the segment (partial or not) that
 * name says, of the cluster sysid ("": any)?  The header's timeline may be an
 * older one: behind a switch a segment begins with pages of the timeline that
 * it forked from.  A .partial may be shorter than a segment.  0, or -1 with
 * BK_DATA, "NAME: cause".
 */
int bk_wal_segment_check(const struct bk_wal_header *h, const char *name,
    uint64_t size, const char *sysid, struct bk_err *e);

/*
 * The address at which the segment name begins if segments are of segment
 * bytes; name's kind is SEGMENT, PARTIAL or BACKUP.  1, or 0 if there is no
 * such segment.
 */
int bk_wal_segment_address(const char *name, uint64_t segment,
    uint64_t *address);

/* The segment on the timeline in which address is. */
void bk_wal_segment_name(uint32_t timeline, uint64_t address, uint64_t segment,
    char out[BK_WAL_NAME]);

/*
 * Set sysid from the control file path (global/pg_control), which begins with
 * it in all versions.  0, or -1 with *e set.
 */
int bk_wal_control_sysid(const char *path, char sysid[BK_WAL_SYSID],
    struct bk_err *e);

#endif
