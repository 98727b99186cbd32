#ifndef BK_DUMP_WORKERS_H
#define BK_DUMP_WORKERS_H
/*
 * The workers of a dump: threads with a connection each, which read the
 * tasks of a queue on one snapshot.
 *
 * They never wait for a table: somebody who wants to change it queues
 * behind the leader, and a worker would queue behind him for ever.  A task
 * whose table is so beset is read through the leader's connection, which holds
 * the lock already; that connection belongs to whoever has the writer's task.
 */
#include "base/progress.h"
#include "dump/task_queue.h"
#include "pg/conn.h"
#include "pg/session.h"

struct bk_dump_workers_options { /* what there is to know; set before opening */
	struct bk_session session;
	const char *snapshot;
	const char *encoding;		/* a SET client_encoding statement */
};

struct bk_dump_workers;

/*
 * Start n workers, which connect and wait for q to be opened; what they need
 * to know then is *how, which, like the rest, must outlive them.  NULL with
 * *e set.
 */
struct bk_dump_workers *bk_dump_workers_start(unsigned n,
    const struct bk_conn_params *params, PGconn *leader,
    struct bk_task_queue *q, const struct bk_dump_workers_options *how,
    struct bk_progress *progress, struct bk_err *e);

/*
 * Wait for them, cut: after cutting their connections and the leader's, so
 * that nobody waits for a server.  NULL is fine.
 */
void bk_dump_workers_end(struct bk_dump_workers *c, int cut);

#endif
