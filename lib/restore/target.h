#ifndef BK_RESTORE_TARGET_H
#define BK_RESTORE_TARGET_H
/* The server, and the database on it, that a restore is about. */
#include "pg/conn.h"

struct bk_target {
	struct bk_conn_target server;	/* what the command line says */
	struct bk_buf database;		/* the database's name */
	PGconn *conn;			/* to one that stays */
	struct bk_conn_params *admin;	/* conn's, */
	struct bk_conn_params *params;	/* and the loaded database's */
	int exists;			/* it exists */
};

/* Connect, and hold the target's lock: BK_BUSY if another run has it. */
int bk_target_open(struct bk_target *t, struct bk_err *e);
void bk_target_close(struct bk_target *t);

/* How much there is in the server's database of that name. */
int bk_target_count(struct bk_target *t, const char *name, long *n,
    struct bk_err *e);

/*
 * BK_DATA if the dump, made on the server with this system identifier of the
 * database with this name, was made of the target itself: that is a
 * disaster's end or a test that went to the wrong server, and only its name,
 * said once more, tells which.
 */
int bk_target_refuse_source(struct bk_target *t, const char *system,
    const char *dbname, struct bk_err *e);

#endif
