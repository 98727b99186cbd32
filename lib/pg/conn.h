#ifndef BK_PG_CONN_H
#define BK_PG_CONN_H
/*
 * Connections by libpq's rules (PG* variables, service files, ~/.pgpass, URIs,
 * sslmode) and failures as one line.  A connection is the caller's: PQfinish().
 */
#include <libpq-fe.h>

#include "base/buf.h"
#include "base/err.h"

/* What the command line says; NULL: left to the environment. */
struct bk_conn_target {
	const char *db;		/* a name, a URI or key=value pairs */
	const char *host, *port, *user;
	const char *instead;	/* connect to this database, whatever db says */
	const char *app;	/* application_name if nobody sets one */
	const char *connect_timeout;	/* of each address, if db says none */
};

/*
 * What db, a URI or key=value pairs, is made of: PQconninfoFree() it.  NULL
 * with *e set: BK_USAGE it is neither; no word of it is told, as there may be
 * a password in it.
 */
PQconninfoOption *bk_conn_parse(const char *db, struct bk_err *e);

/* 1 if libpq takes db for such, 0 if for a name. */
int bk_conn_is_info(const char *db);

/*
 * Connect.  NULL with *e set, naming the server and what to do; BK_USAGE as
 * bk_conn_parse().  Never asks for a password: whoever runs a backup is not
 * there to type one.
 */
PGconn *bk_conn_open(const struct bk_conn_target *t, struct bk_err *e);

/*
 * What conn was connected with, to connect once more, from any thread, to the
 * same server and database: to its very address, where a name stands for
 * several.  Holds the password.  NULL with *e set.
 */
struct bk_conn_params;
struct bk_conn_params *bk_conn_params(PGconn *conn, struct bk_err *e);
void bk_conn_params_free(struct bk_conn_params *p);	/* NULL is fine */

/* From now on they are another database's, of the same server. */
int bk_conn_params_database(struct bk_conn_params *p, const char *db,
    struct bk_err *e);

PGconn *bk_conn_again(const struct bk_conn_params *p, struct bk_err *e);

/*
 * Environment for a client program (pg_dump) that is to connect alike: base
 * without what libpq reads from it, plus the parameters.  The password travels
 * here, never on a command line.  NULL with *e set; free with
 * bk_conn_environ_free().
 */
char **bk_conn_environ(const struct bk_conn_params *p, char *const base[],
    struct bk_err *e);
void bk_conn_environ_free(char **env);

/*
 * Append those parameters that no variable can carry (keepalives and the
 * like) as key='value' pairs, secrets left out; nothing if there are none.
 */
int bk_conn_rest(const struct bk_conn_params *p, struct bk_buf *out,
    struct bk_err *e);

/* Run SQL that gives no rows, one or more statements; 0 or -1. */
int bk_conn_exec(PGconn *conn, const char *sql, struct bk_err *e);

/* Run one SELECT; NULL with *e set; PQclear() the result. */
PGresult *bk_conn_query(PGconn *conn, const char *sql, struct bk_err *e);

/*
 * Record the failure of res (or, if it is NULL, of conn itself), as
 * "what: the server's message"; what may be NULL.  Returns -1.
 */
int bk_conn_fail(PGconn *conn, const PGresult *res, const char *what,
    struct bk_err *e);

/* 1 if res failed with this SQLSTATE. */
int bk_conn_failed_with(const PGresult *res, const char *sqlstate);

/* Append name as a quoted identifier: "na""me". */
int bk_conn_ident(struct bk_buf *b, const char *name, struct bk_err *e);

/* Append schema.name, both quoted; schema may be NULL or "". */
int bk_conn_qualified(struct bk_buf *b, const char *schema, const char *name,
    struct bk_err *e);

#endif
