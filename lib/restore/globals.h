#ifndef BK_RESTORE_GLOBALS_H
#define BK_RESTORE_GLOBALS_H
/*
 * Make the roles that a dump's owners and privileges need, from the SQL of
 * pg_dumpall --globals-only.  Roles that exist are left as they are: a restore
 * changes nobody's password.  A role that is made gets its attributes,
 * password, settings, comment and memberships.  Tablespaces are not made: they
 * are directories of another machine.
 */
#include <libpq-fe.h>

#include "base/err.h"

/* In one transaction; *made: how many.  0, or -1 with *e set. */
int bk_globals_apply(PGconn *conn, const char *sql, int *made,
    struct bk_err *e);

#endif
