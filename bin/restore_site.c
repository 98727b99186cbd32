/* Where bk-restore is at work, see restore.h. */
#include "restore.h"

#include <string.h>

#include "../lib/pg/newdb.h"
#include "../lib/pg/server.h"

int
site_open(struct site *s, struct bk_err *e)
{
	if ((s->conn = bk_server_open(&s->server, e)) == NULL ||
	    (s->admin = bk_conn_params(s->conn, e)) == NULL ||
	    (s->params = bk_conn_params(s->conn, e)) == NULL ||
	    bk_newdb_lock(s->conn, s->target.data, e) == -1)
		return -1;
	return bk_newdb_exists(s->conn, s->target.data, &s->exists, e);
}

void
site_close(struct site *s)
{
	PQfinish(s->conn);
	bk_conn_params_free(s->admin);
	bk_conn_params_free(s->params);
	bk_buf_free(&s->target);
}

int
site_count(struct site *s, const char *name, long *n, struct bk_err *e)
{
	PGconn *conn;
	int rc;

	if (bk_conn_params_database(s->params, name, e) == -1 ||
	    (conn = bk_conn_again(s->params, e)) == NULL)
		return -1;
	rc = bk_server_count(conn, n, e);
	PQfinish(conn);
	return rc;
}

int
site_refuse_source(struct site *s, const char *system, const char *dbname,
    struct bk_err *e)
{
	const char *target = s->target.data;
	struct bk_buf here = {0};
	int rc;

	if (*system == '\0' || dbname == NULL || strcmp(dbname, target) != 0)
		return 0;
	if ((rc = bk_server_system(s->conn, &here, e)) == 0 && here.len > 0 &&
	    strcmp(here.data, system) == 0)
		rc = bk_fail(e, BK_DATA, "database \"%s\": the dump was made "
		    "of this very database; to put the dump in its place say "
		    "--replace %s, for a copy beside it --into", target,
		    target);
	bk_buf_free(&here);
	return rc;
}
