#ifndef BK_RECOVERY_RECOVER_H
#define BK_RECOVERY_RECOVER_H
/*
 * Recovery by PostgreSQL: the settings that it needs, and the server,
 * started and watched until it is where it was sent.
 */
#include <stdatomic.h>

#include "pg/bindir.h"
#include "recovery/wal_check.h"

struct bk_recover_settings {		/* all is borrowed */
	const struct bk_recovery_target *target;
	const struct bk_proof *proof;
	const char *walget;		/* bk-walget's path; NULL: no archive */
	const char *command;		/* its COMMAND, a shell's */
	const char *spool;		/* for it; seen from the data directory
					 * if not absolute */
	int own_spool;			/* removed when recovery has ended */
	unsigned jobs;			/* COMMANDs at once */
	int pause;			/* at the target, for a look */
	int archive;			/* archive_mode stays as it was */
	const char *const *set;		/* further ones, "NAME=VALUE", their
					 * names shorter than 64 bytes */
	size_t nset;
};

/*
 * Append the lines for postgresql.auto.conf to *out.  What the cluster's own
 * settings say of recovery is overridden.  0, or -1 with *e set.
 */
int bk_recover_settings(const struct bk_recover_settings *s,
    struct bk_buf *out, struct bk_err *e);

struct bk_recover_server {		/* all is borrowed */
	const char *dir;		/* the data directory */
	int major;			/* PostgreSQL's */
	int pause;			/* wait for that, else for promotion */
	const struct bk_bindir *programs;
	const struct bk_proof *proof;
	atomic_int *child;		/* pg_ctl's process, while it runs */
};

struct bk_recovered {			/* where the server is */
	int has_time;
	int64_t time;			/* of the last transaction replayed */
	uint64_t lsn;
	uint32_t timeline;
	int asked;			/* 0: it refused connections, and these
					 * are the proof's values */
};

/*
 * Start the server of dir, whose owner we are, and wait until it has reached
 * its target; it goes on running.  0; -1 with *e set: BK_FAIL, with the
 * server's own last words if it ended.
 */
int bk_recover_start(const struct bk_recover_server *s,
    struct bk_recovered *where, struct bk_err *e);

#endif
