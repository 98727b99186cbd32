#ifndef BK_BASE_FREESPACE_H
#define BK_BASE_FREESPACE_H
/*
 * How much of a file system must stay free: a share of it, or bytes.  Free is
 * what an ordinary user may still take, and a share is of what such a user
 * could have at all, so that "20%" is where df(1) says "Use% 80".
 */
#include <stdint.h>

#include "base/err.h"

struct bk_freespace {
	unsigned percent;	/* 0 to 100 */
	uint64_t bytes;		/* both 0: no limit */
};

/* "20%", or a size (num.h); BK_USAGE, what naming the option, if neither. */
int bk_freespace_parse(const char *s, const char *what,
    struct bk_freespace *least, struct bk_err *e);

/*
 * 0 if the file system of the open file or directory fd has least free, else
 * -1 with *e set: BK_FAIL, name (a path) and what is free being told.
 */
int bk_freespace_check(int fd, const struct bk_freespace *least,
    const char *name, struct bk_err *e);

#endif
