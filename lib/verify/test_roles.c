#include "verify/test_roles.h"

#include <string.h>

#include "archive/toc_roles.h"
#include "base/majors.h"
#include "pg/server.h"
#include "pg/sql.h"

#define COMMENT "bk-verify: made for a restore test; dropped by the next " \
    "bk-verify that finds it unused"
#define LOCK "(1651209842, 0)"	/* "bkvr" */

/* Drop what is marked, unless a restore test may need it. */
static void
sweep(PGconn *conn)
{
	PGresult *res = bk_sql_exec(conn, "SELECT pg_catalog."
	    "pg_try_advisory_lock" LOCK);
	int got = PQresultStatus(res) == PGRES_TUPLES_OK &&
	    *PQgetvalue(res, 0, 0) == 't';

	PQclear(res);
	if (!got)
		return;
	/*
	 * In the server: a name may be of another database's encoding.  A role
	 * that may log in, or owns something, has been put to use since.
	 */
	PQclear(bk_sql_exec(conn, "DO $$ DECLARE role name; BEGIN FOR role IN "
	    "SELECT rolname FROM pg_catalog.pg_roles WHERE NOT rolcanlogin AND "
	    "NOT rolsuper AND pg_catalog.shobj_description(oid, 'pg_authid') = "
	    "'" COMMENT "' LOOP BEGIN EXECUTE 'DROP ROLE ' || "
	    "pg_catalog.quote_ident(role); EXCEPTION WHEN OTHERS THEN NULL; "
	    "END; END LOOP; END $$"));
	PQclear(bk_sql_exec(conn, "SELECT pg_catalog.pg_advisory_unlock"
	    LOCK));
}

struct values {
	PGconn *conn;
	struct bk_buf sql;
	size_t last;		/* where the last one begins */
};

static int
add_value(void *ctx, const struct bk_toc_role *role, struct bk_err *e)
{
	struct values *v = ctx;
	char *quoted = PQescapeLiteral(v->conn, role->name,
	    strlen(role->name));
	struct bk_buf one = {0};
	int rc;

	if (quoted == NULL)
		return bk_conn_fail(v->conn, NULL, NULL, e);
	rc = bk_buf_printf(&one, e, ", (%s, %s, %s)", quoted,
	    role->super ? "true" : "false", role->owner ? "true" : "false");
	PQfreemem(quoted);
	/* most are the one before again */
	if (rc == 0 && strcmp(v->sql.data + v->last, one.data) != 0) {
		v->last = v->sql.len;
		rc = bk_buf_add(&v->sql, one.data, one.len, e);
	}
	bk_buf_free(&one);
	return rc;
}

/*
 * Roles that toc names and the server lacks, or to which we may not give what
 * they own; whether superusers; whether they are there.
 */
static PGresult *
missing(PGconn *conn, const struct bk_toc *toc, struct bk_err *e)
{
	struct values v = { .conn = conn };
	PGresult *res = NULL;

	if (bk_buf_puts(&v.sql, "SELECT r, pg_catalog.bool_or(s), "
	    "pg_catalog.bool_or(p.oid IS NOT NULL) "
	    "FROM (VALUES (NULL, false, false)", e) == 0 &&
	    bk_toc_roles(toc, add_value, &v, e) == 0 &&
	    /* nobody can make a predefined one */
	    bk_buf_printf(&v.sql, e, ") AS v (r, s, o) LEFT JOIN "
	    "pg_catalog.pg_roles p ON p.rolname = r WHERE r NOT LIKE "
	    "'pg\\_%%' AND (p.oid IS NULL OR (o AND NOT "
	    "pg_catalog.pg_has_role(p.oid, '%s'))) GROUP BY r ORDER BY r",
	    BK_PG_MAJOR(PQserverVersion(conn)) < BK_PG_SET_ROLE ? "MEMBER" :
	    "SET") == 0)
		res = bk_conn_query(conn, v.sql.data, e);
	bk_buf_free(&v.sql);
	return res;
}

enum power { HARMLESS, POWERFUL, SUPER };

/* What code that runs as us could do to the server and its host. */
static int
find_power(PGconn *conn, enum power *power, struct bk_err *e)
{
	PGresult *res = bk_conn_query(conn, "SELECT CASE WHEN rolsuper THEN 2 "
	    "WHEN rolcreaterole OR EXISTS (SELECT 1 FROM pg_catalog.pg_roles p "
	    "WHERE p.rolname IN ('pg_execute_server_program', "
	    "'pg_write_server_files', 'pg_read_server_files') AND "
	    "pg_catalog.pg_has_role(r.oid, p.oid, 'MEMBER')) THEN 1 ELSE 0 END "
	    "FROM pg_catalog.pg_roles r WHERE rolname = current_user", e);

	if (res == NULL)
		return -1;
	*power = PQntuples(res) == 0 ? HARMLESS :
	    (enum power)(*PQgetvalue(res, 0, 0) - '0');
	PQclear(res);
	return 0;
}

/* One role, and its mark, in a transaction. */
static int
make_role(PGconn *conn, const char *name, int super, struct bk_err *e)
{
	struct bk_buf sql = {0};
	PGresult *res = NULL;
	int rc = -1;

	if (bk_buf_puts(&sql, "CREATE ROLE ", e) == -1 ||
	    bk_conn_ident(&sql, name, e) == -1 ||
	    bk_buf_printf(&sql, e, "%s NOLOGIN; COMMENT ON ROLE ",
	    super ? " SUPERUSER" : "") == -1 ||
	    bk_conn_ident(&sql, name, e) == -1 ||
	    bk_buf_puts(&sql, " IS '" COMMENT "'", e) == -1)
		goto done;
	res = bk_sql_exec(conn, sql.data);
	/* another restore test may have been faster */
	if (PQresultStatus(res) == PGRES_COMMAND_OK ||
	    bk_conn_failed_with(res, "42710"))
		rc = 0;
	else
		bk_conn_fail(conn, res, name, e);
 done:
	PQclear(res);
	bk_buf_free(&sql);
	return rc;
}

static int
make_all(PGconn *conn, const PGresult *roles, int own_server, struct bk_err *e)
{
	int i, super;

	for (i = 0; i < PQntuples(roles); i++) {
		const char *name = PQgetvalue(roles, i, 0);

		super = *PQgetvalue(roles, i, 1) == 't';
		if (super && !own_server)
			return bk_fail(e, BK_FAIL, "role \"%s\": owns what "
			    "only a superuser may own, and it does not exist "
			    "here; create it, or verify with --scratch", name);
		if (make_role(conn, name, super, e) == -1)
			return -1;
	}
	return 0;
}

/* Make the roles of res, if it is for us to do. */
static int
make_missing(PGconn *conn, const PGresult *res, int own_server, int *leave_out,
    struct bk_err *e)
{
	enum power power = HARMLESS;

	if (find_power(conn, &power, e) == -1)
		return -1;
	if (PQntuples(res) == 0 || power == SUPER)
		return make_all(conn, res, own_server, e);
	*leave_out = 1;
	return power == HARMLESS ? 0 : bk_fail(e, BK_FAIL, "role \"%s\": %s, "
	    "so its code would run with your rights; use --scratch, or connect "
	    "as a superuser or as a role with CREATEDB only",
	    PQgetvalue(res, 0, 0), *PQgetvalue(res, 0, 2) == 't' ?
	    "you are not a member of it" : "it does not exist here");
}

int
bk_drill_roles_make(struct bk_drill_roles *r, PGconn *conn,
    const struct bk_conn_params *copy, const struct bk_toc *toc,
    int own_server, int *leave_out, struct bk_err *e)
{
	struct bk_conn_params *params = bk_conn_params(conn, e);
	const char *encoding = bk_toc_encoding(toc);
	PGconn *names = NULL;
	PGresult *res = NULL;
	int rc = -1;

	*leave_out = 0;
	if (params == NULL || (r->conn = bk_server_again(params, e)) == NULL)
		goto done;
	sweep(r->conn);
	if (bk_conn_exec(r->conn, "SELECT pg_catalog.pg_advisory_lock_shared"
	    LOCK, e) == -1 || (names = bk_server_again(copy, e)) == NULL ||
	    /* names in the archive are in its encoding */
	    (encoding != NULL && bk_conn_exec(names, encoding, e) == -1) ||
	    (res = missing(names, toc, e)) == NULL)
		goto done;
	rc = make_missing(names, res, own_server, leave_out, e);
 done:
	PQclear(res);
	PQfinish(names);
	bk_conn_params_free(params);
	return rc;
}

void
bk_drill_roles_drop(struct bk_drill_roles *r)
{
	if (r->conn == NULL)
		return;
	PQclear(bk_sql_exec(r->conn, "SELECT pg_catalog."
	    "pg_advisory_unlock_shared" LOCK));
	sweep(r->conn);
	PQfinish(r->conn);
	r->conn = NULL;
}
