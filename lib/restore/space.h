#ifndef BK_RESTORE_SPACE_H
#define BK_RESTORE_SPACE_H
/* Is there room for a second database next to the first? */
#include <libpq-fe.h>

#include <stdint.h>

#include "base/err.h"

struct bk_space {
	uint64_t needed;	/* bytes; 0: not known */
	uint64_t free;		/* where its tablespace is */
	int known;		/* free is: the server is on this host, and its
				 * directory can be seen */
};

/*
 * The size of conn's server's database called name stands for that of the dump,
 * which is known only when all of it has arrived.  0, or -1 with *e set:
 * BK_FAIL, naming both, if it is known that there is too little.
 */
int bk_space_check(PGconn *conn, const char *name, struct bk_space *space,
    struct bk_err *e);

#endif
