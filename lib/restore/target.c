#include "restore/target.h"

#include <string.h>

#include "pg/server.h"
#include "pg/session.h"
#include "restore/newdb.h"
#include "restore/own_name.h"

int
bk_target_open(struct bk_target *t, struct bk_err *e)
{
	if ((t->conn = bk_server_open(&t->server, t->database.data,
	    e)) == NULL ||
	    (t->admin = bk_conn_params(t->conn, e)) == NULL ||
	    (t->params = bk_conn_params(t->conn, e)) == NULL ||
	    bk_newdb_lock(t->conn, t->database.data, e) == -1 ||
	    bk_own_name_sweep(t->conn, t->database.data, e) == -1)
		return -1;
	return bk_newdb_exists(t->conn, t->database.data, &t->exists, e);
}

void
bk_target_close(struct bk_target *t, int failed)
{
	bk_session_end(t->conn, failed);
	bk_conn_params_free(t->admin);
	bk_conn_params_free(t->params);
	bk_buf_free(&t->database);
}

int
bk_target_count(struct bk_target *t, const char *name, long *n,
    struct bk_err *e)
{
	PGconn *conn;
	int rc;

	if (bk_conn_params_database(t->params, name, e) == -1 ||
	    (conn = bk_conn_again(t->params, e)) == NULL)
		return -1;
	rc = bk_server_count(conn, n, e);
	PQfinish(conn);
	return rc;
}

int
bk_target_is_other(const struct bk_target *t,
    const struct bk_target_source *from)
{
	return from->database != NULL &&
	    strcmp(from->database, t->database.data) != 0;
}

/* Append what is known of the dump. */
static int
describe(struct bk_target *t, const struct bk_target_source *from,
    struct bk_buf *out, struct bk_err *e)
{
	struct bk_buf here = {0};
	int rc = 0;

	if (bk_target_is_other(t, from))
		return bk_buf_printf(out, e, ", and the dump is of database "
		    "\"%s\"", from->database);
	if (from->database != NULL && *from->system != '\0' &&
	    (rc = bk_server_system(t->conn, &here, e)) == 0 && here.len > 0 &&
	    strcmp(here.data, from->system) == 0)
		rc = bk_buf_puts(out, ", and the dump was made of this very "
		    "database", e);
	bk_buf_free(&here);
	return rc;
}

int
bk_target_refuse(struct bk_target *t, const struct bk_target_source *from,
    struct bk_err *e)
{
	const char *name = t->database.data;
	struct bk_err ignored = {0};
	struct bk_buf about = {0};
	long n;
	int rc;

	/* what cannot be looked into need not be empty */
	if (bk_target_count(t, name, &n, &ignored) == 0 && n == 0)
		return 0;
	if ((rc = describe(t, from, &about, e)) == 0)
		rc = bk_fail(e, BK_DATA, "database \"%s\": is not empty%s; use "
		    "--replace %s to put the dump in its place, or --into for "
		    "a copy beside it", name, about.len > 0 ? about.data : "",
		    name);
	bk_buf_free(&about);
	return rc;
}
