#ifndef BK_VERIFY_RESTORE_TEST_H
#define BK_VERIFY_RESTORE_TEST_H
/*
 * A restore test: load an archive into a database created for it, check the
 * stream meanwhile (check.h) and the database afterwards (compare.h).  Both
 * read the stream at the same time, so it is read once and nothing is stored.
 *
 * Differences between servers must not make a good backup fail: the time zone
 * and other settings that affect how values are written are set as they were
 * for the dump; roles that the server lacks are made, without rights
 * (test_roles.h).
 *
 * Memory: that of bk_restore_load(), bk_check_archive() and the dump's workers.
 */
#include "restore/newdb.h"
#include "restore/restore.h"
#include "verify/test_roles.h"
#include "verify/verdict.h"

struct bk_restore_test {
	PGconn *conn;		/* to a maintenance database */
	int own_server;		/* a scratch one: roles may be created */
	int trust_code;		/* the dump's may run as a superuser, if conn's
				 * user is one; on our own server it may */
	int against;		/* nothing is restored: compare conn's own
				 * database with the archive */
	struct bk_bindir bindir;
	unsigned jobs;
	struct bk_progress *progress;
	atomic_int *child;	/* pid of the running child, or 0 */
	const char *sql_name, *sql;	/* assertions, or NULL */
	void (*hold)(void), (*release)(void);	/* around what a clean-up must
						 * not interrupt */
	/* the caller drops all in any case, the databases first */
	char database[BK_NEWDB_NAME];	/* in use, "": none */
	char reference[BK_NEWDB_NAME];	/* another one (compare.h) */
	struct bk_drill_roles roles;
};

/*
 * Run it on src, called name (borrowed) in messages.  0: no differences; -1
 * with *e set: BK_DATA if there are any, and *v has them, or the archive is
 * damaged; BK_FAIL if this could not be determined.
 */
int bk_restore_test_run(struct bk_restore_test *o, struct bk_source src,
    const char *name, struct bk_verdict *v, struct bk_err *e);

/* The server that an archive needs. */
struct bk_restore_test_needs {
	int major;		/* PostgreSQL's */
	int ascii;		/* SQL_ASCII: bytes without an encoding */
};

/* Read this from an archive's first n bytes; -1 if they do not have it. */
int bk_restore_test_needs(const void *head, size_t n,
    struct bk_restore_test_needs *needs);

#endif
