#ifndef BK_RESTORE_NEWDB_H
#define BK_RESTORE_NEWDB_H
/*
 * Databases that a restore makes and gives away, by names
 *
 *	TARGET_new_UTC		being loaded; nobody's business
 *	TARGET_before_UTC	what was TARGET before it was swapped
 *
 * with UTC as 20261121T052719Z.  A database being loaded has a comment that
 * says so, and the run that loads it holds an advisory lock named after it: a
 * database with the comment and without the lock is a killed run's, and the
 * next run drops it.  Whatever is called like that and has no such comment is
 * left alone.
 *
 * conn is a connection to another database of the server throughout.  All
 * functions return 0, or -1 with *e set.
 */
#include <libpq-fe.h>

#include <time.h>

#include "archive/archive.h"
#include "base/buf.h"
#include "base/err.h"

#define BK_NEWDB_NAME 64	/* a database's name and its NUL */

/*
 * Hold the lock of target until conn is closed: BK_BUSY if another run has it.
 * BK_USAGE if target's name is too long for what will be added to it.
 */
int bk_newdb_lock(PGconn *conn, const char *target, struct bk_err *e);

/* Does a database of that name exist? */
int bk_newdb_exists(PGconn *conn, const char *name, int *exists,
    struct bk_err *e);

/* Drop what killed runs have left of target, if it can be; *n: how many. */
int bk_newdb_sweep(PGconn *conn, const char *target, int *n,
    struct bk_err *e);

/*
 * Create TARGET_new_UTC, from template0: encoding and locale as in toc's
 * DATABASE entry, else as target if it exists, else the server's; owner as
 * target if it exists, else as in the DATABASE entry (unless no_owner).  toc
 * may be NULL.  Its name goes to name before it exists, so that somebody else
 * may drop it whatever happens.
 */
struct bk_newdb_like {
	const char *target;
	const struct bk_toc *toc;
	int no_owner;
};
int bk_newdb_create(PGconn *conn, const struct bk_newdb_like *like,
    char name[BK_NEWDB_NAME], struct bk_err *e);

/* Give database name what belongs to the database target itself: settings,
 * privileges, limit, comment.  Where there is no target, no comment. */
int bk_newdb_copy_properties(PGconn *conn, const char *name, const char *target,
    struct bk_err *e);

/* Drop it, whoever is connected; fine if it is not there. */
int bk_newdb_drop(PGconn *conn, const char *name, struct bk_err *e);

#endif
