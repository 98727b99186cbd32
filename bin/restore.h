#ifndef BK_BIN_RESTORE_H
#define BK_BIN_RESTORE_H
/*
 * The parts of bk-restore: the server with the database that it is about, and
 * the databases that swaps have put aside.
 */
#include "../lib/pg/conn.h"

struct site {
	struct bk_conn_target server;	/* what the command line says */
	struct bk_buf target;		/* the database's name */
	PGconn *conn;			/* to one that stays */
	struct bk_conn_params *admin;	/* conn's, */
	struct bk_conn_params *params;	/* and the loaded database's */
	int exists;			/* there is a target already */
};

/* Connect, and hold the target's lock: BK_BUSY if another run has it. */
int site_open(struct site *s, struct bk_err *e);
void site_close(struct site *s);

/* How much there is in the server's database of that name. */
int site_count(struct site *s, const char *name, long *n, struct bk_err *e);

/*
 * BK_DATA if the dump, made on the server with this system identifier of the
 * database with this name, was made of the target itself: that is a
 * disaster's end or a test that went to the wrong server, and only its name,
 * said once more, tells which.
 */
int site_refuse_source(struct site *s, const char *system,
    const char *dbname, struct bk_err *e);

/*
 * Swap back the latest that was put aside, and with quiet 0 say so; drop all;
 * list all on standard output, as every *ls tool does.  Each opens s.
 * BK_NONE if there is nothing.
 */
int old_roll_back(struct site *s, int quiet, struct bk_err *e);
int old_drop(struct site *s, struct bk_err *e);
int old_list(struct site *s, struct bk_err *e);

#endif
