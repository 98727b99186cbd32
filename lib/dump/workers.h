#ifndef BK_DUMP_WORKERS_H
#define BK_DUMP_WORKERS_H
/*
 * The workers of a dump: threads, each with its own connection, that execute
 * the tasks of a queue on one snapshot.
 *
 * They never wait for a table lock: a session that requests an exclusive lock
 * waits for the leader's, and a worker's request would wait for that: a
 * deadlock.  Such a table is read through the leader's connection, which holds
 * its lock already; that connection is used by the worker of the task which is
 * being written.
 */
#include "base/progress.h"
#include "dump/task_queue.h"
#include "pg/conn.h"
#include "pg/session.h"

struct bk_dump_workers_options { /* set before bk_task_queue_open() */
	struct bk_session session;
	const char *snapshot;
	const char *encoding;		/* a SET client_encoding statement */
};

struct bk_dump_workers;

/*
 * Start n workers, which connect and wait until q is opened; *o is read only
 * then.  All arguments must outlive them.  NULL with *e set.
 */
struct bk_dump_workers *bk_dump_workers_start(unsigned n,
    const struct bk_conn_params *params, PGconn *leader,
    struct bk_task_queue *q, const struct bk_dump_workers_options *o,
    struct bk_progress *progress, struct bk_err *e);

/*
 * Wait until the workers have ended, and free them.  cut: shut down their
 * connections and the leader's first, so that none waits for the server.  NULL
 * is fine.
 */
void bk_dump_workers_end(struct bk_dump_workers *c, int cut);

#endif
