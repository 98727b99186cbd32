#ifndef BK_RESTORE_RESTORE_READY_H
#define BK_RESTORE_RESTORE_READY_H
/* Can a dump be restored on a server?  Nothing is made there. */
#include "base/ready.h"
#include "pg/bindir.h"
#include "pg/conn.h"

/*
 * Report on the server of t, on the right to make a database there, and on
 * pg_restore, found by b.  0; -1 with *e set: there is no connection, or no
 * pg_restore for it.
 */
int bk_restore_ready(const struct bk_conn_target *t, const struct bk_bindir *b,
    void (*report)(enum bk_ready how, const char *text), struct bk_err *e);

#endif
