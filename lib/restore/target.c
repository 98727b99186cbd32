#include "restore/target.h"

#include <string.h>

#include "pg/server.h"
#include "restore/newdb.h"
#include "restore/own_name.h"

int
bk_target_open(struct bk_target *t, struct bk_err *e)
{
	if ((t->conn = bk_server_open(&t->server, e)) == NULL ||
	    (t->admin = bk_conn_params(t->conn, e)) == NULL ||
	    (t->params = bk_conn_params(t->conn, e)) == NULL ||
	    bk_newdb_lock(t->conn, t->database.data, e) == -1 ||
	    bk_own_name_sweep(t->conn, t->database.data, e) == -1)
		return -1;
	return bk_newdb_exists(t->conn, t->database.data, &t->exists, e);
}

void
bk_target_close(struct bk_target *t)
{
	PQfinish(t->conn);
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
bk_target_refuse_source(struct bk_target *t, const char *system,
    const char *dbname, struct bk_err *e)
{
	const char *target = t->database.data;
	struct bk_buf here = {0};
	int rc;

	if (*system == '\0' || dbname == NULL || strcmp(dbname, target) != 0)
		return 0;
	if ((rc = bk_server_system(t->conn, &here, e)) == 0 && here.len > 0 &&
	    strcmp(here.data, system) == 0)
		rc = bk_fail(e, BK_DATA, "database \"%s\": the dump was made "
		    "of this very database; use --replace %s to replace it, or "
		    "--into for a copy beside it", target,
		    target);
	bk_buf_free(&here);
	return rc;
}
