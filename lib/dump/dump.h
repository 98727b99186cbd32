#ifndef BK_DUMP_DUMP_H
#define BK_DUMP_DUMP_H
/*
 * A logical dump of one database as a custom-format archive.
 *
 * The leader's connection exports a snapshot.  pg_dump, on that snapshot,
 * writes the table of contents; once it has been read, the leader locks the
 * tables, pg_dump is stopped, and the data blocks are read by workers (tasks.h,
 * workers.h, task_queue.h).  If somebody changes a table before it is locked,
 * all is begun anew: nothing has been written yet.
 *
 * Nothing is written before the table of contents is complete, and the end
 * (base/writer.h) not before every row has been read and the leader's
 * transaction was still alive.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "base/child.h"
#include "base/err.h"
#include "base/progress.h"
#include "pg/bindir.h"
#include "pg/conn.h"

struct bk_dump {
	struct bk_conn_target target;
	struct bk_bindir bindir;	/* env: also the children's */
	unsigned jobs;
	char *const *pg_dump_args;	/* handed on, ended by NULL */
	const char *options;		/* all of them, for the manifest */
	const char *lock_wait;		/* for each table; "60s" */
	const char *role, *float_digits;
	int row_security, deferrable;
	int globals;			/* roles and tablespaces too */
	enum { BK_DUMP_NOLOCK, BK_DUMP_LOCK_FAIL, BK_DUMP_LOCK_WAIT } lock;
	struct bk_progress *progress;
	atomic_int *child;	/* pid of the child that runs, or 0 */
};

struct bk_dump_done {		/* what there is to tell about it */
	char database[256];	/* the caller's if not connected */
	uint64_t bytes;		/* of the whole archive */
	char warnings[BK_CHILD_STDERR];	/* of pg_dump, lines as it wrote them */
};

/*
 * Dump to fd, which is closed if all went well.  0; -1 with *e set: BK_BUSY
 * if another dump holds the lock.
 */
int bk_dump_run(const struct bk_dump *o, int fd, struct bk_dump_done *done,
    struct bk_err *e);

#endif
