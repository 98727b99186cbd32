#ifndef BK_RESTORE_GLOBALS_H
#define BK_RESTORE_GLOBALS_H
/*
 * Create the roles that a dump's owners and privileges need, and its
 * tablespaces, from the SQL of pg_dumpall --globals-only.  Existing ones are
 * left alone: a restore changes nobody's password.  A new role gets its
 * attributes, password, settings, comment and memberships; a new tablespace its
 * options, privileges and comment, if its directory exists on this server.
 */
#include <libpq-fe.h>

#include "base/err.h"

/*
 * The roles in one transaction; then, if wanted, the tablespaces.  0, or -1
 * with *e set.
 */
int bk_globals_apply(PGconn *conn, const char *sql, int tablespaces,
    struct bk_err *e);

#endif
