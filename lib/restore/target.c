#include "restore/target.h"

#include <string.h>
#include <strings.h>

#include "archive/toc_settings.h"
#include "pg/server.h"
#include "pg/session.h"
#include "pg/sql.h"
#include "restore/newdb.h"
#include "restore/own_name.h"

/* From 15.4 on a server knows it by this number. */
static int
find_remainder(struct bk_target *t, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(t->conn, "SELECT 1 "
	    "FROM pg_catalog.pg_database WHERE datname = $1 "
	    "AND datconnlimit = -2", t->database.data, e);

	if (res == NULL)
		return -1;
	t->remainder = PQntuples(res) > 0;
	PQclear(res);
	return 0;
}

int
bk_target_refuse_remainder(const struct bk_target *t, struct bk_err *e)
{
	return !t->remainder ? 0 : bk_fail(e, BK_DATA, "database \"%s\": is "
	    "the remainder of an interrupted DROP DATABASE; drop it, or use "
	    "--replace %s, which does", t->database.data, t->database.data);
}

int
bk_target_open(struct bk_target *t, struct bk_err *e)
{
	if ((t->conn = bk_server_open(&t->server, t->database.data,
	    e)) == NULL ||
	    (t->admin = bk_conn_params(t->conn, e)) == NULL ||
	    (t->params = bk_conn_params(t->conn, e)) == NULL ||
	    bk_newdb_lock(t->conn, t->database.data, e) == -1 ||
	    bk_own_name_sweep(t->conn, t->database.data, e) == -1 ||
	    find_remainder(t, e) == -1)
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

/* What cannot be looked into need not be empty. */
static int
is_empty(struct bk_target *t)
{
	struct bk_err ignored = {0};
	long n;

	return bk_target_count(t, t->database.data, &n, &ignored) == 0 &&
	    n == 0;
}

int
bk_target_refuse_part(struct bk_target *t, struct bk_err *e)
{
	return is_empty(t) ? 0 : bk_fail(e, BK_DATA, "database \"%s\": the "
	    "dump is of a part of a database, and the rest would be gone; use "
	    "-t or -n to load tables or schemas of it, --into for a database "
	    "next to this one, or --part to put the part in its place",
	    t->database.data);
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
	struct bk_buf about = {0};
	int rc;

	if (is_empty(t))
		return 0;
	if ((rc = describe(t, from, &about, e)) == 0)
		rc = bk_fail(e, BK_DATA, "database \"%s\": is not empty%s; use "
		    "--replace %s to put the dump in its place, or --into for "
		    "a copy next to it", name, about.len > 0 ? about.data : "",
		    name);
	bk_buf_free(&about);
	return rc;
}

/* --- settings */

#define ROOM 6000	/* a server takes 10000 bytes from a client */

struct taking {
	PGconn *conn;			/* to the new database, to try them */
	struct bk_conn_params *params;
	size_t used;			/* of ROOM */
};

/* Of an extension or an application, or one that values depend on. */
static int
has_meaning(const char *name)
{
	static const char *const known[] = { "DateStyle",
	    "default_text_search_config", "lc_monetary", "lc_numeric",
	    "lc_time", "TimeZone", "timezone_abbreviations",
	    "transform_null_equals", "xmlbinary" };
	/* these are programs, which would run as the user who restores */
	static const char *const code[] = { "plperl.", "pltcl.", "plv8.",
	    "pljava.", "pllua.", "plr.", "session_exec." };
	size_t i;

	for (i = 0; i < sizeof(code) / sizeof(code[0]); i++)
		if (strncasecmp(name, code[i], strlen(code[i])) == 0)
			return 0;
	if (strchr(name, '.') != NULL)
		return 1;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(name, known[i]) == 0)
			return 1;
	return 0;
}

/* Can it stand in a connection's options, where no encoding holds yet? */
static int
is_ascii(const char *s)
{
	while (*s >= ' ' && *s <= '~')
		s++;
	return *s == '\0';
}

/* Append "-c name=value", in which a space and a backslash end nothing. */
static int
add_option(struct bk_conn_params *params, const char *name, const char *value,
    struct bk_err *e)
{
	struct bk_buf option = {0};
	int rc = bk_buf_printf(&option, e, "-c %s=", name);

	for (; rc == 0 && *value != '\0'; value++)
		rc = bk_buf_printf(&option, e, "%s%c", *value == ' ' ||
		    *value == '\\' ? "\\" : "", *value);
	if (rc == 0)
		rc = bk_conn_params_option(params, option.data, e);
	bk_buf_free(&option);
	return rc;
}

static int
take(void *ctx, const char *name, const char *value, struct bk_err *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	struct taking *t = ctx;
	const char *args[2] = { name, value };
	static const Oid types[2] = { 25, 25 };
	PGresult *res;
	int accepted;

	if (!has_meaning(name) || name[strspn(name, plain)] != '\0' ||
	    !is_ascii(value) ||
	    t->used + strlen(name) + 2 * strlen(value) > ROOM)
		return 0;
	res = bk_sql_params(t->conn, "SELECT pg_catalog.set_config($1, $2, "
	    "false)", 2, types, args);
	accepted = PQresultStatus(res) == PGRES_TUPLES_OK;
	PQclear(res);
	if (!accepted)
		return 0;
	t->used += strlen(name) + 2 * strlen(value) + strlen(" -c =");
	return add_option(t->params, name, value, e);
}

static int
take_old(struct taking *t, PGconn *conn, const char *old, struct bk_err *e)
{
	PGresult *res = bk_conn_query1(conn, "SELECT "
	    "pg_catalog.substr(c, 1, pg_catalog.strpos(c, '=') - 1), "
	    "pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) "
	    "FROM pg_catalog.pg_database d "
	    "JOIN pg_catalog.pg_db_role_setting s ON s.setdatabase = d.oid "
	    "AND s.setrole = 0, pg_catalog.unnest(s.setconfig) c "
	    "WHERE d.datname = $1", old, e);
	int i, rc = res == NULL ? -1 : 0;

	for (i = 0; rc == 0 && i < PQntuples(res); i++)
		rc = take(t, PQgetvalue(res, i, 0), PQgetvalue(res, i, 1), e);
	PQclear(res);
	return rc;
}

int
bk_target_settings(PGconn *conn, const char *old, const struct bk_toc *toc,
    struct bk_conn_params *params, struct bk_err *e)
{
	struct taking t = { .conn = bk_conn_again(params, e),
	    .params = params };
	int rc = t.conn == NULL ? -1 : 0;

	if (rc == 0 && toc != NULL)
		rc = bk_toc_settings(toc, take, &t, e);
	if (rc == 0 && old != NULL)
		rc = take_old(&t, conn, old, e);
	PQfinish(t.conn);
	return rc;
}
