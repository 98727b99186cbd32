#ifndef BK_RESTORE_TARGET_H
#define BK_RESTORE_TARGET_H
/* The database, and its server, that a dump is restored into. */
#include "pg/conn.h"

struct bk_target {
	struct bk_conn_target server;	/* from the command line */
	struct bk_buf database;		/* the database's name */
	PGconn *conn;			/* to a maintenance database */
	struct bk_conn_params *admin;	/* conn's, */
	struct bk_conn_params *params;	/* and the database's to load */
	int exists;			/* the target does */
};

/*
 * Connect and hold the target's lock: BK_BUSY if another run has it.  A target
 * that a killed run left unfinished is dropped (own_name.h).
 */
int bk_target_open(struct bk_target *t, struct bk_err *e);
void bk_target_close(struct bk_target *t);

/* The number of objects in the server's database of this name. */
int bk_target_count(struct bk_target *t, const char *name, long *n,
    struct bk_err *e);

/*
 * BK_DATA if the dump, made on the server with this system identifier of the
 * database with this name, was made of the target itself: either a recovery or
 * a test on the wrong server, and only the name, given again, tells which.
 */
int bk_target_refuse_source(struct bk_target *t, const char *system,
    const char *dbname, struct bk_err *e);

#endif
