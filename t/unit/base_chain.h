#ifndef BK_T_UNIT_BASE_CHAIN_H
#define BK_T_UNIT_BASE_CHAIN_H
/* A link of a chain of base backups in memory, for bk_combine(). */
#include "base_tar.h"

struct link {			/* of a chain of backups */
	struct base_tar b;
	struct memory m;
};

static int
open_link(void *ctx, struct bk_source *src, struct bk_err *e)
{
	struct link *l = ctx;

	(void)e;
	l->m = (struct memory){ l->b.tar.data, l->b.tar.len };
	*src = (struct bk_source){ memory_read, &l->m };
	return 0;
}

static int
close_link(void *ctx, struct bk_err *e)
{
	(void)ctx;
	(void)e;
	return 0;
}

#endif
