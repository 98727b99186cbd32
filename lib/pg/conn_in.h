#ifndef BK_PG_CONN_IN_H
#define BK_PG_CONN_IN_H
/* How a connection is started, and what libpq says if it is not. */
#include "pg/conn.h"

/*
 * PQconnectdbParams(), but without notices during connection start-up (that a
 * locale has changed, say), which libpq would print before a receiver can be
 * set.  So the connection is started, given the receiver, and started again:
 * the server sees one that is closed before its first byte.
 */
PGconn *bk_conn_start(const char *const *keys, const char *const *values,
    int expand);

/*
 * 0 if conn (NULL: no memory) is connected, or -1 with *e set.  libpq has a
 * line for each address tried: the last one is reported.
 */
int bk_conn_started(PGconn *conn, struct bk_err *e);

/* The first line of libpq's message, without its "ERROR:  ". */
void bk_conn_first_line(const char *msg, char *out, size_t cap);

#endif
