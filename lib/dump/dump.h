#ifndef BK_DUMP_DUMP_H
#define BK_DUMP_DUMP_H
/*
 * A logical dump of one database as a custom-format archive.
 *
 * The leader's connection exports a snapshot.  pg_dump, on that snapshot,
 * writes the table of contents; once that has been read, the leader locks the
 * tables, pg_dump is stopped, and workers read the data (tasks.h, workers.h,
 * task_queue.h).  If a table is changed before it is locked, everything starts
 * over: nothing has been written yet.
 *
 * The instant of the snapshot, in label and manifest, is the server's.  Where
 * its clock and this host's differ by more than 15 minutes, the dump fails:
 * retention and monitoring would go by a wrong age.
 *
 * Nothing is written before the table of contents is complete, and the end
 * (stream/writer.h) not before every row has been read and the leader's
 * transaction has been found alive.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "base/child.h"
#include "base/err.h"
#include "base/progress.h"
#include "pg/bindir.h"
#include "pg/conn.h"
#include "stream/seal.h"

struct bk_dump {
	struct bk_conn_target target;
	struct bk_bindir bindir;	/* env: for the children as well */
	unsigned jobs;
	char *const *pg_dump_args;	/* for pg_dump, NULL-terminated */
	const char *options;		/* all of them, for the manifest */
	char run[BK_LABEL_RUN];		/* the pipeline's, for the label */
	const char *lock_wait;		/* per table; "60s" */
	const char *role, *float_digits;
	int row_security, deferrable;
	int globals;			/* roles and tablespaces as well */
	int any_clock;			/* even if the server's differs */
	enum { BK_DUMP_NOLOCK, BK_DUMP_LOCK_FAIL, BK_DUMP_LOCK_WAIT } lock;
	struct bk_progress *progress;
	atomic_int *child;	/* pid of the running child, or 0 */
};

struct bk_dump_done {		/* for the caller to report */
	char database[256];	/* unchanged if not connected */
	int major;		/* the server's; 0 if not connected */
	uint64_t bytes;		/* of the whole archive */
	char warnings[BK_CHILD_STDERR];	/* pg_dump's, as printed */
};

/*
 * Dump to fd, which is closed on success.  0; -1 with *e set: BK_BUSY if
 * another dump holds the lock.
 */
int bk_dump_run(const struct bk_dump *o, int fd, struct bk_dump_done *done,
    struct bk_err *e);

#endif
