#ifndef BK_PG_SCRATCH_H
#define BK_PG_SCRATCH_H
/*
 * A PostgreSQL server of our own, to be thrown away.  It is a child's, made by
 * fork() while there is one thread only: that child gives up root's rights,
 * starts the server when told to, and stops and removes it as soon as we are
 * gone, however we went.
 */
#include <sys/types.h>

#include "base/err.h"

struct bk_scratch {
	pid_t pid;		/* the child's; 0: none */
	int to, from;		/* pipes */
	char dir[128];		/* its socket's and data's; "": not started */
};

/* Make the child; tmp is where its directory is to be. */
int bk_scratch_prepare(struct bk_scratch *s, const char *tmp, struct bk_err *e);

/*
 * Start the server whose program is postgres (a path); -1 with *e set, saying
 * what initdb or the server said.
 */
int bk_scratch_start(struct bk_scratch *s, const char *postgres, int ascii,
    struct bk_err *e);

/* Stop and remove it, wait for that; fine if there is none. */
void bk_scratch_stop(struct bk_scratch *s);

#endif
