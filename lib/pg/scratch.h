#ifndef BK_PG_SCRATCH_H
#define BK_PG_SCRATCH_H
/*
 * A throwaway PostgreSQL server of our own, run by a supervisor: a child forked
 * while there is only one thread.  It drops root privileges, starts the server
 * on request, and stops and removes it when we exit, however we exit.
 */
#include <sys/types.h>

#include "base/err.h"

struct bk_scratch {
	pid_t pid;		/* the supervisor's; 0: none */
	int to, from;		/* pipes to and from it */
	char dir[128];		/* of socket and data; "": not started */
};

/* Fork the supervisor, which makes its directory in tmp.  0 or -1. */
int bk_scratch_prepare(struct bk_scratch *s, const char *tmp, struct bk_err *e);

/*
 * Start the server with the program postgres (a path); ascii: its encoding is
 * SQL_ASCII, else UTF8.  0; -1 with *e set to initdb's or the server's error.
 */
int bk_scratch_start(struct bk_scratch *s, const char *postgres, int ascii,
    struct bk_err *e);

/* Stop and remove the server, and wait for that; fine if there is none. */
void bk_scratch_stop(struct bk_scratch *s);

#endif
