#ifndef BK_PG_SERVER_H
#define BK_PG_SERVER_H
/* A server on which databases are created, renamed and dropped. */
#include "pg/conn.h"

/*
 * Append to *name the database that arg names: a name, a URI or key=value
 * pairs.  BK_USAGE if it names none.
 */
int bk_server_database(const char *arg, struct bk_buf *name,
    struct bk_err *e);

/*
 * The same for logging a run that never connects: "" if arg (or NULL) names
 * none, or if the name might contain a password.
 */
void bk_server_guess(const char *arg, char *name, size_t cap);

/*
 * Connect to a maintenance database of t's server, not t->db: "postgres", else
 * "template1"; not to the one called not (or NULL), which is to be renamed.
 * The session has no timeouts and client encoding UTF8.  NULL with *e set.
 */
PGconn *bk_server_open(const struct bk_conn_target *t, const char *not,
    struct bk_err *e);

/* Connect to p's database, with the same settings. */
PGconn *bk_server_again(const struct bk_conn_params *p, struct bk_err *e);

/*
 * Have p's further sessions end for no timeout that the server, the database or
 * the user has set.  conn is one of the same server.  0, or -1 with *e set.
 */
int bk_server_patient(PGconn *conn, struct bk_conn_params *p,
    struct bk_err *e);

/*
 * Have p's further sessions fire no event trigger: one on login could write
 * rows that were not dumped, or refuse us.  conn is one of the same server and
 * user.  Nothing is changed where there are none (before 17), or where the user
 * has no right to that parameter.  0, or -1 with *e set.
 */
int bk_server_quiet(PGconn *conn, struct bk_conn_params *p, struct bk_err *e);

/*
 * Append to *id the server's system identifier, which physical copies share and
 * servers restored into from a dump do not; nothing if it is not readable.
 */
int bk_server_system(PGconn *conn, struct bk_buf *id, struct bk_err *e);

/*
 * Count the objects in conn's database that initdb has not made: of each kind
 * that pg_dump writes.
 */
int bk_server_count(PGconn *conn, long *n, struct bk_err *e);

#endif
