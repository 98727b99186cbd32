#ifndef BK_PG_SESSION_H
#define BK_PG_SESSION_H
/*
 * A session that reads like pg_dump: with its settings, so that values have the
 * same text, and on one snapshot shared by all.
 */
#include <libpq-fe.h>

#include "base/err.h"

struct bk_session {		/* options of pg_dump that sessions share */
	const char *role;	/* --role; or NULL */
	const char *float_digits;	/* --extra-float-digits; or NULL */
	int row_security;	/* --enable-row-security */
	int deferrable;		/* --serializable-deferrable */
	int foreign;		/* foreign tables are read too */
};

/* Give conn pg_dump's settings.  0 or -1. */
int bk_session_set(PGconn *conn, const struct bk_session *s, struct bk_err *e);

/* Set lock_timeout: PostgreSQL's syntax, "0" for no limit. */
int bk_session_lock_timeout(PGconn *conn, const char *timeout,
    struct bk_err *e);

/*
 * Begin the leader's transaction and export its snapshot; *id is a result whose
 * only value is the snapshot's name; PQclear() it.
 */
int bk_session_export(PGconn *conn, const struct bk_session *s, PGresult **id,
    struct bk_err *e);

/* Begin a worker's transaction on that snapshot. */
int bk_session_import(PGconn *conn, const char *id, struct bk_err *e);

/*
 * BK_FAIL if there is a pooler between us and the server that runs one
 * connection's statements in several sessions, which cannot share a snapshot.
 */
int bk_session_refuse_pooler(PGconn *conn, struct bk_err *e);

/*
 * Close conn, once the server has released its advisory locks: after a mere
 * close it does so some time later, and the next session would find them held.
 * A session that has failed is not asked.  NULL is fine.
 */
void bk_session_end(PGconn *conn, int failed);

#endif
