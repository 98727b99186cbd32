#ifndef BK_RESTORE_TARGET_H
#define BK_RESTORE_TARGET_H
/* The database, and its server, that a dump is restored into. */
#include "archive/archive.h"
#include "pg/conn.h"

struct bk_target {
	struct bk_conn_target server;	/* from the command line */
	struct bk_buf database;		/* the database's name */
	PGconn *conn;			/* to a maintenance database */
	struct bk_conn_params *admin;	/* conn's, */
	struct bk_conn_params *params;	/* and the database's to load */
	int exists;			/* the target does, */
	int remainder;			/* of an interrupted DROP DATABASE: it
					 * can only be dropped */
};

/*
 * Connect and hold the target's lock: BK_BUSY if another run has it.  A target
 * that a killed run left unfinished is dropped (own_name.h).
 */
int bk_target_open(struct bk_target *t, struct bk_err *e);

/* Give the lock back, before the connection: see bk_session_end(). */
void bk_target_close(struct bk_target *t, int failed);

/* The number of objects in the server's database of this name. */
int bk_target_count(struct bk_target *t, const char *name, long *n,
    struct bk_err *e);

/*
 * Give to all connections by params, to a new database, the settings that the
 * database had which toc is of, and those that the database old has, where they
 * decide what a row or an expression means: lc_monetary, or app.limit in a
 * CHECK.  For the others (search_path, default_transaction_read_only) the
 * database is too young.  One that the server does not take is left out.  conn
 * leads to the server; toc and old may be NULL.  0, or -1 with *e set.
 */
int bk_target_settings(PGconn *conn, const char *old, const struct bk_toc *toc,
    struct bk_conn_params *params, struct bk_err *e);

/* Where a dump comes from, as far as that is known. */
struct bk_target_source {
	const char *system;	/* the server's system identifier, or "" */
	const char *database;	/* or NULL */
};

/* 1 if the dump is of a database with another name than the target's. */
int bk_target_is_other(const struct bk_target *t,
    const struct bk_target_source *from);

/* BK_DATA if the target is the remainder of a database, else 0. */
int bk_target_refuse_remainder(const struct bk_target *t, struct bk_err *e);

/*
 * For a target that exists and is to be replaced by a part: BK_DATA unless it
 * is empty.
 */
int bk_target_refuse_part(struct bk_target *t, struct bk_err *e);

/*
 * For a target that exists: BK_DATA unless it is empty.  It may be a recovery,
 * or the wrong server, or the wrong database; the user confirms by giving the
 * name again.  The message has what is known of the dump.
 */
int bk_target_refuse(struct bk_target *t, const struct bk_target_source *from,
    struct bk_err *e);

#endif
