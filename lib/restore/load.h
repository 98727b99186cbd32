#ifndef BK_RESTORE_LOAD_H
#define BK_RESTORE_LOAD_H
/*
 * The workers of a restore: threads, each with its own connection, that take
 * chunks from a queue and load them by COPY and lo_put().
 *
 * A worker continues its COPY while chunks of the same table arrive, and begins
 * another when the table changes.  Each COPY is a transaction of its own: for
 * an atomic restore, load into a database that is not in use yet, or through
 * one connection in one transaction (conn).
 */
#include <libpq-fe.h>

#include "base/progress.h"
#include "pg/conn.h"
#include "restore/chunk_queue.h"
#include "restore/failures.h"

struct bk_load_options {
	const struct bk_conn_params *params;
	PGconn *conn;		/* NULL, or used by a single worker; borrowed */
	unsigned jobs;
	const char *role;	/* or NULL */
	const char *encoding;	/* the archive's SET statement, or NULL */
	struct bk_failures *failures;	/* of tables that do not load, and are
					 * passed by; or NULL */
	struct bk_progress *progress;	/* adds bytes and rows */
	/* with conn: called before a table's first row; or NULL */
	int (*before)(void *ctx, struct bk_restore_table *t, struct bk_err *e);
	void *ctx;
};

struct bk_load;

/*
 * Start the workers, which connect and take from q.  *o and all in it must
 * outlive them.  NULL with *e set.
 */
struct bk_load *bk_load_start(const struct bk_load_options *o,
    struct bk_chunk_queue *q, struct bk_err *e);

/* After bk_handover_end(): wait until all is loaded.  0, or -1 with *e set. */
int bk_load_finish(struct bk_load *l, struct bk_err *e);

/* Stop the workers, shutting down their connections.  NULL is fine. */
void bk_load_free(struct bk_load *l);

/*
 * Set conn up as pg_restore does, with the role and client_encoding (both may
 * be NULL), and the date and interval styles of pg_dump: the result must not
 * depend on settings of a database or role.
 */
int bk_load_session(PGconn *conn, const char *role, const char *encoding,
    struct bk_err *e);

#endif
