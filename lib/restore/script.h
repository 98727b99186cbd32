#ifndef BK_RESTORE_SCRIPT_H
#define BK_RESTORE_SCRIPT_H
/*
 * Run an SQL script, of pg_restore or a foreign dump, on a connection: each
 * statement by itself, with the data of its COPY.  No psql is involved, so
 * nothing in a script can run a program here: \restrict and \unrestrict are
 * passed by, any other command of psql is refused, wherever it stands.
 */
#include <libpq-fe.h>

#include "base/err.h"
#include "restore/failures.h"

struct bk_script;

/*
 * conn and name (for messages) are borrowed.  failures: NULL, or where to note
 * statements that fail, which are then passed by.  NULL with *e set.
 */
struct bk_script *bk_script_open(PGconn *conn, const char *name,
    struct bk_failures *failures, struct bk_err *e);
void bk_script_free(struct bk_script *s);	/* NULL is fine */

/*
 * Run what n more bytes complete.  0, or -1 with *e set: BK_DATA for a script
 * that must not be run, BK_FAIL for a statement that failed.
 */
int bk_script_feed(struct bk_script *s, const char *p, size_t n,
    struct bk_err *e);

/* The script is complete.  BK_DATA if it ends within a statement or COPY. */
int bk_script_finish(struct bk_script *s, struct bk_err *e);

/* All of that for one text. */
int bk_script_run(PGconn *conn, const char *name, const char *sql,
    struct bk_failures *failures, struct bk_err *e);

/*
 * If res begins a COPY that only a statement hidden in another can ask for, end
 * it, as libpq would give that result for ever: with an error for what has no
 * rows, without its rows for what sends them.  1: ended; 0: it begins none; -1:
 * the connection is lost.
 */
int bk_script_end_copy(PGconn *conn, const PGresult *res);

#endif
