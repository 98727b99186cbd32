#ifndef BK_WALFILE_BACKUP_LABEL_H
#define BK_WALFILE_BACKUP_LABEL_H
/*
 * The file backup_label of a base backup, which says where recovery begins.
 * Input is not trusted.
 */
#include <stdint.h>

#include "base/err.h"
#include "walfile/segment.h"

struct bk_start_label {
	uint64_t start;			/* LSN of the first record needed */
	uint64_t earlier;		/* the same of the backup that an
					 * increment adds to; 0: not said */
	char file[BK_WAL_NAME];		/* the segment that it is in */
	uint32_t timeline;
	int standby;			/* taken from one */
	int increment;			/* not whole without earlier ones */
};

/*
 * 0, or -1 with *e set: BK_DATA.  What could be read is in *l in any case, and
 * else 0.
 */
int bk_start_label_parse(const char *text, struct bk_start_label *l,
    struct bk_err *e);

#endif
