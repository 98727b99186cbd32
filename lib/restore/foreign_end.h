#ifndef BK_RESTORE_FOREIGN_END_H
#define BK_RESTORE_FOREIGN_END_H
/*
 * Is a foreign dump complete?  A script may end anywhere between two
 * statements, and pg_restore never stops reading a truncated tar.
 */
#include <stddef.h>
#include <stdint.h>

#define BK_FOREIGN_TAIL 1024	/* pg_dump's last line is within these */

struct bk_end_scan {		/* start with = {0} */
	/* SQL */
	char tail[BK_FOREIGN_TAIL];
	size_t ntail;
	/* tar */
	unsigned char block[512];	/* a header, as far as read */
	size_t have;
	uint64_t skip;		/* bytes left of a member's content */
	int zeros;		/* zero blocks: two mark the end */
	int broken;		/* no longer a valid tar */
};

void bk_end_scan_sql(struct bk_end_scan *s, const char *p, size_t n);

/* 1 if pg_dump's last line has been seen. */
int bk_end_scan_sql_ended(const struct bk_end_scan *s);

void bk_end_scan_tar(struct bk_end_scan *s, const char *p, size_t n);

/* 1 if the input ended with the two zero blocks, in their place. */
int bk_end_scan_tar_ended(const struct bk_end_scan *s);

/* 1 if the n bytes at p contain text. */
int bk_end_scan_holds(const char *p, size_t n, const char *text);

#endif
