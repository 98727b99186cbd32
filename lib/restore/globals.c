#include "restore/globals.h"

#include <stdlib.h>
#include <string.h>

#include "archive/sqltext.h"
#include "base/buf.h"
#include "base/majors.h"
#include "pg/charset.h"
#include "pg/conn.h"
#include "pg/sql.h"

struct globals {
	PGconn *conn;
	int encoding;		/* of the script (charset.h) */
	/* made: names as written, each with a NUL, which no name has */
	struct bk_buf roles, tablespaces;
};

/* Length of the identifier at s as written, quotes included. */
static size_t
ident_len(const char *s)
{
	size_t n;

	if (*s != '"')
		return strcspn(s, " ;,\n");
	for (n = 1; s[n] != '\0'; n++)
		if (s[n] == '"' && s[++n] != '"')
			break;
	return n;
}

/* 1 if the identifier at s is in made. */
static int
is_made(const struct bk_buf *made, const char *s)
{
	size_t n = ident_len(s), at, len;

	for (at = 0; at < made->len; at += len + 1) {
		len = strlen(made->data + at);
		if (len == n && memcmp(made->data + at, s, n) == 0)
			return 1;
	}
	return 0;
}

/* Add the identifier at s to made. */
static int
add_made(struct bk_buf *made, const char *s, struct bk_err *e)
{
	if (bk_buf_add(made, s, ident_len(s), e) == -1)
		return -1;
	return bk_buf_add(made, "", 1, e);
}

/* The text after head, or NULL if s does not begin with head. */
static const char *
after(const char *s, const char *head)
{
	return strncmp(s, head, strlen(head)) == 0 ? s + strlen(head) : NULL;
}

/* Has sql, whose $1 is the identifier at written, a row? */
static int
exists(PGconn *conn, const char *sql, const char *written, int *there,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	const char *arg;
	PGresult *res = NULL;
	int rc = -1;

	if (bk_buf_add(&b, written, ident_len(written), e) == -1)
		return -1;
	arg = b.data;
	res = bk_sql_params(conn, sql, 1, NULL, &arg);
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		*there = PQntuples(res) > 0;
		rc = 0;
	} else {
		bk_conn_fail(conn, res, "roles", e);
	}
	PQclear(res);
	bk_buf_free(&b);
	return rc;
}

/*
 * GRANT and REVOKE ... ON object (" ON TABLESPACE "): what follows; NULL:
 * another statement.
 */
static const char *
privilege_on(const char *s, const char *object)
{
	const char *p = strstr(s, object);

	if (p == NULL || (after(s, "GRANT ") == NULL &&
	    after(s, "REVOKE ") == NULL) ||
	    memchr(s, '"', (size_t)(p - s)) != NULL)
		return NULL;
	return p + strlen(object);
}

/* The right to set a parameter, which servers have from 15 on: who gets it? */
static const char *
parameter_to(const struct globals *g, const char *s)
{
	const char *p = privilege_on(s, " ON PARAMETER ");

	return p == NULL || BK_PG_MAJOR(PQserverVersion(g->conn)) <
	    BK_PG_PARAMETERS ? NULL :
	    after(p + ident_len(p), " TO ");
}

/* Is this statement about a role we create?  CREATE ROLE adds it to roles. */
static int
is_wanted_role(struct globals *g, const char *s, int *wanted, struct bk_err *e)
{
	const char *p, *to;
	int there;

	*wanted = 0;
	if ((p = after(s, "CREATE ROLE ")) != NULL) {
		if (exists(g->conn, "SELECT 1 FROM pg_catalog.pg_roles WHERE "
		    "rolname = (pg_catalog.parse_ident($1))[1]", p,
		    &there, e) == -1)
			return -1;
		if (there)
			return 0;
		*wanted = 1;
		return add_made(&g->roles, p, e);
	}
	if ((p = after(s, "ALTER ROLE ")) != NULL ||
	    (p = after(s, "COMMENT ON ROLE ")) != NULL)
		*wanted = is_made(&g->roles, p);
	else if ((to = parameter_to(g, s)) != NULL)
		*wanted = is_made(&g->roles, to);
	else if ((p = after(s, "GRANT ")) != NULL &&
	    (to = after(p + ident_len(p), " TO ")) != NULL)
		*wanted = is_made(&g->roles, p) || is_made(&g->roles, to);
	return 0;
}

/*
 * One statement, even if s should be more than one to the server: the extended
 * protocol takes no more.
 */
static int
run(PGconn *conn, const char *s, const char *label, struct bk_err *e)
{
	PGresult *res = bk_sql_params(conn, s, 0, NULL, NULL);
	int rc = 0;

	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		rc = bk_conn_fail(conn, res, label, e);
	PQclear(res);
	return rc;
}

static int
take_role(void *ctx, const char *sql, int *copy, struct bk_err *e)
{
	struct globals *g = ctx;
	int wanted;

	*copy = 0;
	if (is_wanted_role(g, sql, &wanted, e) == -1)
		return -1;
	return wanted ? run(g->conn, sql, NULL, e) : 0;
}

static int
make_tablespace(struct globals *g, const char *sql, const char *name,
    struct bk_err *e)
{
	const int n = (int)ident_len(name);
	struct bk_err reason = {0};
	int there;

	if (exists(g->conn, "SELECT 1 FROM pg_catalog.pg_tablespace WHERE "
	    "spcname = (pg_catalog.parse_ident($1))[1]", name, &there,
	    e) == -1)
		return -1;
	if (there)
		return 0;
	if (run(g->conn, sql, NULL, &reason) == 0)
		return add_made(&g->tablespaces, name, e);
	return bk_fail(e, reason.code, "tablespace %.*s: %.600s; create the "
	    "directory on the server, owned by the server's user, or create "
	    "the tablespace elsewhere (CREATE TABLESPACE %.*s LOCATION '...'), "
	    "or use --no-tablespaces", n, name, reason.msg, n, name);
}

static int
take_tablespace(void *ctx, const char *sql, int *copy, struct bk_err *e)
{
	struct globals *g = ctx;
	const char *p;

	*copy = 0;
	if ((p = after(sql, "CREATE TABLESPACE ")) != NULL)
		return make_tablespace(g, sql, p, e);
	if ((p = after(sql, "ALTER TABLESPACE ")) == NULL &&
	    (p = after(sql, "COMMENT ON TABLESPACE ")) == NULL &&
	    (p = privilege_on(sql, " ON TABLESPACE ")) == NULL)
		return 0;
	return is_made(&g->tablespaces, p) ? run(g->conn, sql, NULL, e) : 0;
}

static int
take_encoding(void *ctx, const char *name, struct bk_err *e)
{
	struct globals *g = ctx;

	if ((g->encoding = bk_charset_named(name)) != -1)
		return 0;
	return bk_fail(e, BK_DATA, "the dump's roles: encoding %.60s is not "
	    "known", name);
}

static int
length(void *ctx, const char *s)
{
	return bk_charset_length(((struct globals *)ctx)->encoding, s);
}

static int
apply(struct globals *g, const char *sql,
    int (*take)(void *, const char *, int *, struct bk_err *),
    struct bk_err *e)
{
	const struct bk_sqltext_events events = { .statement = take,
	    .encoding = take_encoding, .length = length };
	struct bk_sqltext *t = bk_sqltext_new("the dump's roles", 1, &events, g,
	    e);
	int rc = -1;

	if (t != NULL && bk_sqltext_feed(t, sql, strlen(sql), e) == 0)
		rc = bk_sqltext_end(t, e);
	bk_sqltext_free(t);
	return rc;
}

static int
make_roles(struct globals *g, const char *sql, struct bk_err *e)
{
	int rc;

	if (bk_conn_exec(g->conn, "BEGIN", e) == -1)
		return -1;
	rc = apply(g, sql, take_role, e);
	if (bk_conn_exec(g->conn, rc == 0 ? "COMMIT" : "ROLLBACK", e) == -1)
		rc = -1;
	return rc;
}

int
bk_globals_apply(PGconn *conn, const char *sql, int tablespaces,
    struct bk_err *e)
{
	struct globals g = { .conn = conn, .encoding = -1 };
	int rc = make_roles(&g, sql, e);

	/* not in a transaction: the server allows none */
	if (rc == 0 && tablespaces)
		rc = apply(&g, sql, take_tablespace, e);
	bk_buf_free(&g.roles);
	bk_buf_free(&g.tablespaces);
	return rc;
}
