#ifndef BK_BASE_SOURCE_H
#define BK_BASE_SOURCE_H
/* Where a parser gets its bytes from. */
#include <sys/types.h>

#include <stddef.h>

#include "base/err.h"

/*
 * The input, read like read(2): at most n bytes; 0 at the end; -1 with *e set.
 */
struct bk_source {
	ssize_t (*read)(void *ctx, void *buf, size_t n, struct bk_err *e);
	void *ctx;
};

#endif
