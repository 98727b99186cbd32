#ifndef BK_BASE_FREESPACE_H
#define BK_BASE_FREESPACE_H
/*
 * How much of a file system must stay free: a share of it, or bytes.  Only what
 * ordinary users may use counts, free or in total, so that "20%" is where df(1)
 * shows "Use% 80".
 */
#include <stdint.h>

#include "base/err.h"

struct bk_freespace {
	unsigned percent;	/* 0 to 100 */
	uint64_t bytes;		/* both 0: no limit */
};

/*
 * A share, or a size with its unit (num.h); BK_USAGE, naming the option label,
 * if neither.
 */
int bk_freespace_parse(const char *s, const char *label,
    struct bk_freespace *least, struct bk_err *e);

/*
 * 0 if the file system of the open file or directory fd has *least free, else
 * -1 with *e set: BK_FAIL, with name (a path) and the space that is free.
 */
int bk_freespace_check(int fd, const struct bk_freespace *least,
    const char *name, struct bk_err *e);

#endif
