#ifndef BK_RESTORE_END_SCAN_H
#define BK_RESTORE_END_SCAN_H
/*
 * What passes on its way to psql or pg_restore: is it all there?  psql takes
 * any end for the end, and pg_restore reads a tar that is cut short for ever.
 */
#include <stddef.h>
#include <stdint.h>

#define BK_FOREIGN_TAIL 1024	/* where pg_dump's last line of SQL stands */

struct bk_end_scan {		/* start with = {0} */
	/* SQL */
	char line[16];		/* the current line's beginning */
	size_t col;
	char tail[BK_FOREIGN_TAIL];
	size_t ntail;
	/* tar */
	unsigned char block[512];	/* a header, as far as it has come */
	size_t have;
	uint64_t skip;		/* of a member's content */
	int zeros;		/* blocks of zeros: two are the end */
	int broken;		/* not a tar any more */
};

/* Look at n bytes of SQL; -1 if a line goes to another database (\connect). */
int bk_end_scan_sql(struct bk_end_scan *s, const char *p, size_t n);

/* 1 if pg_dump's last line has come. */
int bk_end_scan_sql_ended(const struct bk_end_scan *s);

void bk_end_scan_tar(struct bk_end_scan *s, const char *p, size_t n);

/* 1 if the two blocks of zeros have come, in their place. */
int bk_end_scan_tar_ended(const struct bk_end_scan *s);

/* 1 if what is among the n bytes at p. */
int bk_end_scan_holds(const char *p, size_t n, const char *what);

#endif
