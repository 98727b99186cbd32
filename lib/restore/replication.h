#ifndef BK_RESTORE_REPLICATION_H
#define BK_RESTORE_REPLICATION_H
/*
 * Logical replication belongs to a database, not to its name: when a swap puts
 * one aside, its subscriptions go on taking what their publishers send, and its
 * slots keep WAL for subscribers who learn nothing of the new one.
 */
#include <libpq-fe.h>

#include "base/err.h"

/*
 * The subscriptions and logical slots of conn's server's database called name,
 * one a row: 's' or 'r' (replication slot), its name, 't' if enabled or in use.
 * NULL with *e set.
 */
PGresult *bk_replication_list(PGconn *conn, const char *name,
    struct bk_err *e);

/* Disable that database's subscriptions.  0, or -1 with *e set. */
int bk_replication_disable(PGconn *conn, const char *name, struct bk_err *e);

#endif
