#ifndef BK_RESTORE_GUARD_IN_H
#define BK_RESTORE_GUARD_IN_H
/* Internal: shared by guard.c and guard_find.c only. */
#include "pg/sql.h"
#include "restore/guard.h"

/* Schema and name of each table to guard, sorted by bytes; NULL: *e set. */
PGresult *bk_guard_find(PGconn *conn, struct bk_err *e);

/* 1 if found has it. */
int bk_guard_has(const PGresult *found, const char *schema, const char *name);

/*
 * One row about the view of a table's columns (both names qualified): 0 the
 * columns of a staging table, 1 their names, 2 the expressions that make a row
 * of the table from one of it, 3 the table's owner, 4 whether that is a
 * superuser, 5 whether it is the current user.  NULL: *e set.
 */
PGresult *bk_guard_columns(PGconn *conn, const char *view, const char *table,
    struct bk_err *e);

#endif
