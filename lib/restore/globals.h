#ifndef BK_RESTORE_GLOBALS_H
#define BK_RESTORE_GLOBALS_H
/*
 * Create the roles that a dump's owners and privileges need, from the SQL of
 * pg_dumpall --globals-only.  Existing roles are left alone: a restore changes
 * nobody's password.  A new role gets its attributes, password, settings,
 * comment and memberships.  Tablespaces are not created: they are directories
 * of another machine.
 */
#include <libpq-fe.h>

#include "base/err.h"

/* In one transaction; *made: number created.  0, or -1 with *e set. */
int bk_globals_apply(PGconn *conn, const char *sql, int *made,
    struct bk_err *e);

#endif
