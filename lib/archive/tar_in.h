#ifndef BK_ARCHIVE_TAR_IN_H
#define BK_ARCHIVE_TAR_IN_H
/* What reader and writer of tar streams share. */

#define BK_TAR_BLOCK 512

struct bk_tar_header {		/* POSIX ustar: a block */
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8];
	char type, link[100], magic[6], version[2], uname[32], gname[32];
	char major[8], minor[8], prefix[155], pad[12];
};

/*
 * Comments of the header that ends a marked stream: its closing mark, and
 * before it what begins with one of these.
 */
#define BK_TAR_END "end="
#define BK_TAR_BADPAGES "badpages="

/* The sum of a header's bytes, with blanks in place of the sum itself. */
unsigned bk_tar_sum(const struct bk_tar_header *h);

#endif
