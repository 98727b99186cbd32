#ifndef BK_VERIFY_RECOVERY_TEST_H
#define BK_VERIFY_RECOVERY_TEST_H
/*
 * A recovery test: unpack a base backup, recover it in a scratch server until
 * it is consistent, by the WAL inside alone, and look at what is in it.  The
 * stream is checked meanwhile (check.h), and read once.
 *
 * What is in a base backup may be anybody's code.  So the server is confined as
 * for dumps (pg/scratch.h), and none of the cluster's own settings, programs or
 * access rules is used: postgresql.conf, postgresql.auto.conf and pg_hba.conf
 * are ours.  Tablespaces stay below the data directory.
 *
 * Memory: that of bk_datadir_unpack(), bk_check_tar() and bk_prove().
 */
#include <stdatomic.h>

#include "archive/archive.h"
#include "base/progress.h"
#include "pg/bindir.h"
#include "pg/conn.h"
#include "pg/scratch.h"
#include "verify/verdict.h"

struct bk_recovery_test {
	struct bk_scratch *server;	/* placed; the caller stops it */
	struct bk_bindir bindir;
	const struct bk_buf *config;	/* lines for postgresql.conf */
	const char *user;	/* a superuser of the cluster's */
	unsigned jobs;
	struct bk_progress *progress;
	atomic_int *child;	/* pid of the running child, or 0 */
	const char *sql_name, *sql;	/* assertions, or NULL */
};

/*
 * Run it on src, called name (borrowed) in messages.  0: recovered, and nothing
 * differs; -1 with *e set: BK_DATA if it does, and *v has it, or the stream or
 * its WAL is damaged; BK_FAIL if this could not be determined.
 */
int bk_recovery_test_run(const struct bk_recovery_test *o,
    struct bk_source src, const char *name, struct bk_verdict *v,
    struct bk_err *e);

#endif
