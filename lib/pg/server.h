#ifndef BK_PG_SERVER_H
#define BK_PG_SERVER_H
/* A server on which databases are made, renamed and dropped. */
#include "pg/conn.h"

/*
 * The database that arg names: it is a name, a URI or key=value pairs.
 * Appended to *name; BK_USAGE if it names none.
 */
int bk_server_database(const char *arg, struct bk_buf *name,
    struct bk_err *e);

/*
 * The same before any connection, for the record of a run that gets none:
 * "" if arg, which may be NULL, names none, or what might hold a password.
 */
void bk_server_guess(const char *arg, char *name, size_t cap);

/*
 * Connect to a database of t's server that is not t->db's: "postgres", else
 * "template1".  No time limit of a role or database holds for it; it
 * speaks UTF-8.  NULL with
 * *e set.
 */
PGconn *bk_server_open(const struct bk_conn_target *t, struct bk_err *e);

/* Connect once more, to p's database, alike. */
PGconn *bk_server_again(const struct bk_conn_params *p, struct bk_err *e);

/*
 * The server's system identifier, which a copy of its files shares and a
 * dump's new home does not: appended to *id, nothing if it will not tell.
 */
int bk_server_system(PGconn *conn, struct bk_buf *id, struct bk_err *e);

/* How many relations, functions and schemas of its own conn's database has. */
int bk_server_count(PGconn *conn, long *n, struct bk_err *e);

#endif
