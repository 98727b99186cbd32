#ifndef BK_WALFILE_WAL_PAGE_H
#define BK_WALFILE_WAL_PAGE_H
/*
 * The header of a page of WAL (PostgreSQL's access/xlog_internal.h,
 * XLogPageHeaderData; XLogLongPageHeaderData on the first page of a segment),
 * in the byte order of the host that wrote it, which has to be ours.
 */
#include <stddef.h>
#include <stdint.h>

#define BK_WAL_PAGE_SHORT 24	/* bytes of a header */
#define BK_WAL_PAGE_LONG 40	/* of a segment's first page */

enum bk_wal_page_flags {
	BK_WAL_PAGE_CONTINUES = 1,	/* a record of the page before it */
	BK_WAL_PAGE_IS_LONG = 2,
	BK_WAL_PAGE_REMOVABLE = 4,
	BK_WAL_PAGE_OVERWRITES = 8,	/* a record that was never finished */
};

struct bk_wal_page {
	uint16_t magic, flags;
	uint32_t timeline, rest;	/* of the record that it continues */
	uint64_t at;
	uint64_t sysid;			/* from here on: of a long one, or 0 */
	uint32_t segment, size;
	unsigned header;		/* bytes, by the flags */
};

/*
 * Take the header at p apart, which has n bytes, at least BK_WAL_PAGE_SHORT; of
 * a long one with fewer than BK_WAL_PAGE_LONG only what is short.  Nothing is
 * checked.
 */
void bk_wal_page_read(const void *p, size_t n, struct bk_wal_page *h);

#endif
