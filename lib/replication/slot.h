#ifndef BK_REPLICATION_SLOT_H
#define BK_REPLICATION_SLOT_H
/*
 * Physical replication slots: by one a server keeps the WAL that was not
 * confirmed yet.
 */
#include <stdint.h>

#include "pg/conn.h"

struct bk_repl_slot {
	int exists;
	uint64_t restart;	/* the oldest WAL that is kept; 0: none, as the
				 * server has invalidated it, or as it was made
				 * without reserving WAL and never used.  13 to
				 * 17 would stream by it all the same */
};

/* 1 if a slot may have this name: a-z, 0-9 and _, at most 63. */
int bk_repl_slot_named(const char *name);

/*
 * Look at the slot name, of conn's server; servers before 15 are asked over a
 * connection of its own to the database that t names, or "postgres".  0, or -1
 * with *e set: BK_USAGE if it is a logical one.
 */
int bk_repl_slot_read(PGconn *conn, const struct bk_conn_target *t,
    const char *name, struct bk_repl_slot *out, struct bk_err *e);

/* Make the slot name, keeping WAL from now on; 0, or -1 with *e set. */
int bk_repl_slot_create(PGconn *conn, const char *name, struct bk_err *e);

#endif
