#ifndef BK_RESTORE_NEWDB_H
#define BK_RESTORE_NEWDB_H
/*
 * The databases that a restore creates and renames:
 *
 *	TARGET_new_UTC		being loaded; not for use yet
 *	TARGET_before_UTC	TARGET as it was before the swap
 *
 * with UTC as 20261121T052719Z.  A database being loaded carries a comment to
 * that effect, and the run that loads it holds an advisory lock named after
 * it: a database with the comment but without the lock was left by a killed
 * run, and the next run drops it.  So is one without a comment that nobody can
 * connect to: it is made like that.  Another database of such a name is left
 * alone.
 *
 * Nobody can connect to it before it is complete, but superusers and, if a
 * superuser does not restore it, its owner: the owner of a schema there could
 * give a table a trigger before its rows arrive, which would run with the
 * rights of the user who restores.  A superuser makes it with a connection
 * limit of 0 as his own, and gives it its owner when it is opened; where
 * another user makes it, PUBLIC has no right to connect.
 *
 * conn is always a connection to another database of the server.  All
 * functions return 0, or -1 with *e set.
 */
#include <libpq-fe.h>

#include <time.h>

#include "archive/archive.h"
#include "base/buf.h"
#include "base/err.h"

#define BK_NEWDB_NAME 64	/* a database's name and its NUL */

/* What a comment on a database begins with that is ours. */
#define BK_MARK_ASIDE "set aside by bk-restore at "	/* UTC, its OID */
#define BK_MARK_UNFINISHED "bk-restore: unfinished"

/*
 * Hold target's lock until conn is closed: BK_BUSY if another run has it.
 * BK_USAGE if target's name is too long for the suffixes.
 */
int bk_newdb_lock(PGconn *conn, const char *target, struct bk_err *e);

/* Does a database of this name exist? */
int bk_newdb_exists(PGconn *conn, const char *name, int *exists,
    struct bk_err *e);

/* Drop what killed runs left of target, where possible; *n: number dropped. */
int bk_newdb_sweep(PGconn *conn, const char *target, int *n,
    struct bk_err *e);

/*
 * Create TARGET_new_UTC, from template0: encoding and locale as in toc's
 * DATABASE entry, else as target if it exists, else the server's; tablespace
 * and, for now, owner as target if it exists, else as in the DATABASE entry
 * (unless no_tablespaces, no_owner).  toc may be NULL.  name is set before the
 * database exists, so that a clean-up can drop it at any time.
 */
struct bk_newdb_like {
	const char *target;
	const struct bk_toc *toc;
	int no_owner, no_tablespaces;	/* leave out of the entry's */
};
int bk_newdb_create(PGconn *conn, const struct bk_newdb_like *like,
    char name[BK_NEWDB_NAME], struct bk_err *e);

/*
 * Append the SQL, for a transaction, that opens database name, made like *like,
 * whose target does not exist: owner, who may connect, no comment.
 */
int bk_newdb_open(PGconn *conn, const char *name,
    const struct bk_newdb_like *like, struct bk_buf *sql, struct bk_err *e);

/*
 * Append the SQL, for a transaction, that opens database name with the
 * properties of database target, which exists: owner, settings, privileges,
 * connection limit, comment.
 */
int bk_newdb_properties(PGconn *conn, const char *name, const char *target,
    struct bk_buf *sql, struct bk_err *e);

/* Drop it, ending its sessions (13 and later); fine if it does not exist. */
int bk_newdb_drop(PGconn *conn, const char *name, struct bk_err *e);

/*
 * Drop one that nobody needs, its larger tables first: they give their space
 * back at once, while a database goes only after a checkpoint, which a full
 * disk does not allow, and cannot be connected to once that has failed.
 */
int bk_newdb_discard(PGconn *conn, const char *name, struct bk_err *e);

#endif
