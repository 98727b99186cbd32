#ifndef BK_RESTORE_LOAD_H
#define BK_RESTORE_LOAD_H
/*
 * The workers of a restore: threads with a connection each, which take chunks
 * from a queue and load them by COPY and lo_put().
 *
 * A worker stays in its COPY as long as chunks of that table come, and begins
 * another one when the table changes.  Each COPY is a transaction of its own:
 * what is to appear whole or not at all is loaded into a database that
 * nobody uses yet, or through one connection in one transaction (conn).
 */
#include <libpq-fe.h>

#include "base/progress.h"
#include "pg/conn.h"
#include "restore/chunk_queue.h"

struct bk_load_options {
	const struct bk_conn_params *params;
	PGconn *conn;		/* if not NULL the only worker's, borrowed */
	unsigned jobs;
	const char *role;	/* or NULL */
	const char *encoding;	/* SET statements of the archive, or NULL */
	struct bk_progress *progress;	/* bytes and rows are added */
};

struct bk_load;

/*
 * Start workers, who connect and take from q.  *how and all in it must
 * outlive them.  NULL with *e set.
 */
struct bk_load *bk_load_start(const struct bk_load_options *how,
    struct bk_chunk_queue *q, struct bk_err *e);

/* After bk_handover_end(): wait until all is loaded.  0; -1 with *e set. */
int bk_load_finish(struct bk_load *l, struct bk_err *e);

/* End the workers, those at work are cut off, and free; NULL is fine. */
void bk_load_free(struct bk_load *l);

/* Make conn's settings those of pg_restore, and role's. */
int bk_load_session(PGconn *conn, const char *role, const char *encoding,
    struct bk_err *e);

#endif
