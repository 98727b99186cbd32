#ifndef BK_VERIFY_RESTORE_TEST_H
#define BK_VERIFY_RESTORE_TEST_H
/*
 * A restore drill: load an archive into a database made for it, judge the
 * stream meanwhile (check.h) and the database afterwards (compare.h).  The
 * stream goes two ways at once, so it is read once and nothing is stored.
 *
 * What is not in an archive's own text is found out and bridged, so that a
 * good backup is never called a bad one: time zone and the like in which
 * values were written are set as they were; owners that the server does not
 * have are made on a server of our own, elsewhere left out together with
 * privileges.
 *
 * Memory: that of bk_restore_load(), bk_check_archive() and of the dump's
 * workers.
 */
#include "restore/newdb.h"
#include "restore/restore.h"
#include "verify/verdict.h"

struct bk_restore_test {
	PGconn *conn;		/* to a database that stays */
	int own_server;		/* nobody else's: roles may be made */
	struct bk_bindir bindir;
	const char *tmpdir;
	unsigned jobs;
	struct bk_progress *progress;
	atomic_int *child;	/* pid of the child that runs, or 0 */
	const char *sql_name, *sql;	/* assertions, or NULL */
	void (*hold)(void), (*release)(void);	/* around what clean-up must
						 * not see half done */
	char database[BK_NEWDB_NAME];	/* that is being used; "": none.  For
					 * the caller to drop, in any case */
};

/*
 * Run it on src, named name (borrowed) in messages.  0: all agrees; -1 with *e
 * set: BK_DATA it does not, and *v has the differences; BK_FAIL it could not
 * be told.
 */
int bk_restore_test_run(struct bk_restore_test *d, struct bk_source src,
    const char *name, struct bk_verdict *v, struct bk_err *e);

/* What kind of server an archive asks for. */
struct bk_restore_test_needs {
	int version;		/* as PQserverVersion(), the major alone */
	int ascii;		/* SQL_ASCII: bytes of no encoding */
};

/* Read it from an archive's first n bytes; 0, or -1 if they do not tell. */
int bk_restore_test_needs(const void *head, size_t n,
    struct bk_restore_test_needs *needs);

#endif
