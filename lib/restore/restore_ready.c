#include "restore/restore_ready.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/majors.h"
#include "pg/server.h"

struct ready {
	void (*report)(enum bk_ready how, const char *text);
	PGconn *conn;
};

__attribute__((format(printf, 3, 4))) static void
report(const struct ready *r, enum bk_ready how, const char *fmt, ...)
{
	char text[1200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->report(how, text);
}

static void
check_rights(const struct ready *r)
{
	struct bk_err e = {0};
	PGresult *res = bk_conn_query(r->conn, "SELECT rolcreatedb OR rolsuper"
	    " FROM pg_catalog.pg_roles WHERE rolname = current_user", &e);

	if (res == NULL)
		report(r, BK_READY_UNKNOWN, "rights: %s", e.msg);
	else if (PQntuples(res) == 1 && *PQgetvalue(res, 0, 0) == 't')
		report(r, BK_READY_OK, "rights: user %s may make databases",
		    PQuser(r->conn));
	else
		report(r, BK_READY_PROBLEM, "rights: user %s may not make "
		    "databases; ALTER ROLE ... CREATEDB", PQuser(r->conn));
	PQclear(res);
}

int
bk_restore_ready(const struct bk_conn_target *t, const struct bk_bindir *b,
    void (*print)(enum bk_ready how, const char *text), struct bk_err *e)
{
	struct ready r = { .report = print };
	struct bk_buf program = {0};
	int rc;

	if ((r.conn = bk_server_open(t, NULL, e)) == NULL)
		return -1;
	report(&r, BK_READY_OK, "connection: PostgreSQL %s, as %s, without a "
	    "prompt", PQparameterStatus(r.conn, "server_version"),
	    PQuser(r.conn));
	check_rights(&r);
	rc = bk_bindir_find(b, "pg_restore",
	    BK_PG_MAJOR(PQserverVersion(r.conn)), &program, e);
	if (rc == 0)
		report(&r, BK_READY_OK, "pg_restore: %s", program.data);
	bk_buf_free(&program);
	PQfinish(r.conn);
	return rc;
}
