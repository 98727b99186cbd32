#ifndef BK_PG_SCRATCH_H
#define BK_PG_SCRATCH_H
/*
 * A throwaway PostgreSQL server of our own, run by a supervisor: a child forked
 * while there is only one thread.  It starts the server on request, and stops
 * and removes it when we exit, however we exit.
 *
 * What is restored into it may be anybody's code.  So it runs confined
 * (sandbox_child.h): if we are root, as nobody, or as postgres where nobody
 * cannot run the programs.
 */
#include "base/buf.h"
#include "pg/sandbox_child.h"

struct bk_scratch {
	pid_t pid;		/* the supervisor's; 0: none */
	int to, from;		/* pipes to and from it */
	char dir[128];		/* of socket and data; "": not started */
	unsigned confined;	/* limits (sandbox_child.h), once started */
	int other;		/* the server runs as another user than us: */
	uid_t uid;
	gid_t gid;
};

/*
 * Fork the supervisor, which makes its directory in tmp and runs programs with
 * the environment env.  0 or -1.
 */
int bk_scratch_prepare(struct bk_scratch *s, const char *tmp, char *const env[],
    struct bk_err *e);

/*
 * Start the server with the program postgres (an absolute path); ascii: its
 * encoding is SQL_ASCII, else UTF8; config: lines for postgresql.conf.  0; -1
 * with *e set to initdb's or the server's error.
 */
int bk_scratch_start(struct bk_scratch *s, const char *postgres, int ascii,
    const struct bk_buf *config, struct bk_err *e);

/*
 * For a data directory that is not initdb's: choose user and confinement with
 * the program postgres, and make dir, which is that user's.  0 or -1.
 */
int bk_scratch_place(struct bk_scratch *s, const char *postgres,
    struct bk_err *e);

/*
 * Then, with BK_SCRATCH_DATA in dir: start the server there, with the settings
 * in it, and wait until it has ended its recovery, however long that takes.  0;
 * -1 with *e set to the server's error.
 */
#define BK_SCRATCH_DATA "data"
int bk_scratch_recover(struct bk_scratch *s, const char *postgres,
    struct bk_err *e);

/*
 * Stop and remove the server, and wait for that, but not for anything that its
 * code does; fine if there is none.
 */
void bk_scratch_stop(struct bk_scratch *s);

#endif
