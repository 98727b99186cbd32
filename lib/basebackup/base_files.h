#ifndef BK_BASEBACKUP_BASE_FILES_H
#define BK_BASEBACKUP_BASE_FILES_H
/* Are the files that passed by those of the base backup's manifest? */
#include <stddef.h>
#include <stdint.h>

#include "datadir/file_table.h"

struct bk_base_range {		/* what the server said of the backup */
	const char *sysid;
	uint64_t start, end;	/* the WAL that it needs */
	uint64_t segment;	/* bytes of a segment; 0: WAL was not sent */
};

/*
 * 0 if the files are those of the manifest, of n bytes, which is intact itself
 * and of this backup, and WAL is there from start to end.  -1 with *e set:
 * BK_DATA names the first file that is not.
 */
int bk_base_files_check(struct bk_file_table *files, const char *manifest,
    size_t n, const struct bk_base_range *range, struct bk_err *e);

#endif
