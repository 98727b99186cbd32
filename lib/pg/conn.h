#ifndef BK_PG_CONN_H
#define BK_PG_CONN_H
/*
 * Connections by libpq's rules (PG* variables, service files, ~/.pgpass, URIs,
 * sslmode) and failures as one line.  A connection is the caller's: PQfinish().
 */
#include <time.h>

#include <libpq-fe.h>

#include "base/buf.h"
#include "base/err.h"

/* From the command line; NULL: left to the environment. */
struct bk_conn_target {
	const char *db;		/* a name, a URI or key=value pairs */
	const char *url;	/* if db is a name: one for all but that */
	const char *host, *port, *user;
	const char *instead;	/* connect to this database, not to db's */
	const char *app;	/* application_name if nobody sets one */
	const char *connect_timeout;	/* per address, unless db has one */
	const char *replication;	/* "true": physical */
	const char *ca_file;	/* for sslmode=verify-full without sslrootcert;
				 * NULL: libpq's ~/.postgresql/root.crt */
	int shared;		/* a pooler may hand the session on: nothing is
				 * set in it, search_path neither */
};

/*
 * Parse db, a URI or key=value pairs; PQconninfoFree() the result.  NULL with
 * *e set: BK_USAGE if it is neither; the message does not quote db, which may
 * contain a password.
 */
PQconninfoOption *bk_conn_parse(const char *db, struct bk_err *e);

/* 1 if libpq takes db for a URI or key=value pairs, 0 if for a name. */
int bk_conn_is_info(const char *db);

/*
 * Connect, with an empty search_path.  NULL with *e set, naming the server and
 * the remedy; BK_USAGE as bk_conn_parse().  Never prompts for a password:
 * backups run unattended.
 */
PGconn *bk_conn_open(const struct bk_conn_target *t, struct bk_err *e);

/*
 * conn's parameters, for further connections, from any thread, to the same
 * server and database: to the same address if the host name has several.  Holds
 * the password.  NULL with *e set.
 */
struct bk_conn_params;
struct bk_conn_params *bk_conn_params(PGconn *conn, struct bk_err *e);
struct bk_conn_params *bk_conn_params_copy(const struct bk_conn_params *p,
    struct bk_err *e);
void bk_conn_params_free(struct bk_conn_params *p);	/* NULL is fine */

/* Change the database to db, on the same server. */
int bk_conn_params_database(struct bk_conn_params *p, const char *db,
    struct bk_err *e);

/* Have further sessions start with option ("-c NAME=VALUE"), too. */
int bk_conn_params_option(struct bk_conn_params *p, const char *option,
    struct bk_err *e);

/* Connect with p, to its database, likewise.  NULL with *e set. */
PGconn *bk_conn_again(const struct bk_conn_params *p, struct bk_err *e);

/*
 * Environment for a client program (pg_dump) to connect with p: base without
 * the variables that libpq reads, plus the parameters.  The password is passed
 * here, never on a command line.  NULL with *e set; free with
 * bk_conn_environ_free().
 */
char **bk_conn_environ(const struct bk_conn_params *p, char *const base[],
    struct bk_err *e);
void bk_conn_environ_free(char **env);

/*
 * Append the parameters that have no environment variable (keepalives and the
 * like) as key='value' pairs, without secrets; nothing if there are none.
 */
int bk_conn_rest(const struct bk_conn_params *p, struct bk_buf *out,
    struct bk_err *e);

/*
 * The name of the server's host, for a label: the one that conn was made with,
 * or this host's if that is a socket, localhost or a loopback address.
 * Letters, digits and "._-"; other characters become '-'.
 */
#define BK_CONN_HOST 65
void bk_conn_host(PGconn *conn, char host[BK_CONN_HOST]);

/*
 * 0 if the server's clock, now in seconds since 1970, is within 15 minutes of
 * this host's; else -1 with *e set, naming the server as what says.
 */
int bk_conn_check_clock(const char *what, time_t now, struct bk_err *e);

/* Run one or more SQL statements; rows are discarded.  0 or -1. */
int bk_conn_exec(PGconn *conn, const char *sql, struct bk_err *e);

/* Run one SELECT; NULL with *e set; PQclear() the result. */
PGresult *bk_conn_query(PGconn *conn, const char *sql, struct bk_err *e);

/* The same with arg, or NULL, as $1. */
PGresult *bk_conn_query1(PGconn *conn, const char *sql, const char *arg,
    struct bk_err *e);

/*
 * Set *e to the failure of res (or of conn if that is NULL), as "label: the
 * server's message"; label may be NULL.  Returns -1.
 */
int bk_conn_fail(PGconn *conn, const PGresult *res, const char *label,
    struct bk_err *e);

/* 1 if res failed with this SQLSTATE. */
int bk_conn_failed_with(const PGresult *res, const char *sqlstate);

/* Append name as a quoted identifier: "na""me". */
int bk_conn_ident(struct bk_buf *b, const char *name, struct bk_err *e);

/* 1 if conn's current role is a superuser. */
int bk_conn_is_super(PGconn *conn);

/* Append schema.name, both quoted; schema may be NULL or "". */
int bk_conn_qualified(struct bk_buf *b, const char *schema, const char *name,
    struct bk_err *e);

#endif
