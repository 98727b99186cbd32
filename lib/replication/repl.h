#ifndef BK_REPLICATION_REPL_H
#define BK_REPLICATION_REPL_H
/*
 * Connections in PostgreSQL's streaming replication protocol, which a role
 * needs the attribute REPLICATION for and pg_hba.conf a line for the database
 * "replication".  A connection is the caller's: PQfinish().
 */
#include <stdint.h>
#include <time.h>

#include "pg/conn.h"
#include "walfile/segment.h"

struct bk_repl_server {
	char sysid[BK_WAL_SYSID];	/* the cluster's identifier */
	uint32_t timeline;
	uint64_t lsn;		/* written so far; a standby: replayed */
	uint64_t segment;	/* bytes of a WAL segment: 1 MiB to 1 GiB */
	int major;		/* PostgreSQL's */
	char host[BK_CONN_HOST];	/* bk_conn_host() */
};

/*
 * Connect to t's server for physical replication; the database that t names
 * does not matter.  NULL with *e set.
 */
PGconn *bk_repl_open(const struct bk_conn_target *t, struct bk_err *e);

/*
 * Ask the server for its identity.  0, or -1 with *e set: BK_FAIL also for a
 * server older than BK_PG_MANIFESTS or younger than BK_PG_NEWEST.
 */
int bk_repl_identify(PGconn *conn, struct bk_repl_server *out,
    struct bk_err *e);

/*
 * The server's clock, in seconds since 1970, which no command tells: it is in
 * the keepalives of WAL that is being streamed.  0 or -1.
 */
int bk_repl_clock(PGconn *conn, const struct bk_repl_server *server,
    time_t *now, struct bk_err *e);

/*
 * Run one command of the protocol.  Its result, rows or the begin of a COPY,
 * is to be cleared with PQclear(); NULL with *e set.  Of a command with several
 * results (BASE_BACKUP) it gives only one: use pg/sql.h.
 */
PGresult *bk_repl_command(PGconn *conn, const char *cmd, struct bk_err *e);

#endif
