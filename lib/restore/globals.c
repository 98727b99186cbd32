#include "restore/globals.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "pg/conn.h"
#include "pg/sql.h"

/* The end of the statement at s: after its ';', outside of quotes. */
static const char *
statement_end(const char *s)
{
	char quote = '\0';
	int escapes = 0;	/* within E'...' */

	for (; *s != '\0'; s++) {
		if (quote != '\0') {
			if (*s == '\\' && escapes && s[1] != '\0')
				s++;
			else if (*s == quote)
				quote = '\0';
		} else if (*s == '\'' || *s == '"') {
			quote = *s;
			escapes = s[-1] == 'E' || s[-1] == 'e';
		} else if (*s == ';') {
			return s + 1;
		}
	}
	return s;
}

static const char *
skip_comments(const char *s)
{
	for (;;) {
		s += strspn(s, " \n\t\r");
		if (strncmp(s, "--", 2) != 0 && *s != '\\')
			return s;
		s += strcspn(s, "\n");
	}
}

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

/* 1 if the identifier at s is in made, which holds "a\nb\n...". */
static int
is_made(const struct bk_buf *made, const char *s)
{
	size_t n = ident_len(s), len;
	const char *p = made->data;

	for (; p != NULL && *p != '\0'; p += len + 1) {
		len = strcspn(p, "\n");
		if (len == n && strncmp(p, s, n) == 0)
			return 1;
	}
	return 0;
}

/* The text after head, or NULL if s does not begin with head. */
static const char *
after(const char *s, const char *head)
{
	return strncmp(s, head, strlen(head)) == 0 ? s + strlen(head) : NULL;
}

/* Does the role exist whose name, as written in SQL, is the n bytes? */
static int
role_exists(PGconn *conn, const char *written, size_t n, int *exists,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	const char *arg;
	PGresult *res = NULL;
	int rc = -1;

	if (bk_buf_add(&b, written, n, e) == -1)
		return -1;
	arg = b.data;
	res = bk_sql_params(conn, "SELECT 1 FROM pg_catalog.pg_roles WHERE "
	    "rolname = (pg_catalog.parse_ident($1))[1]", 1, NULL, &arg);
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		*exists = PQntuples(res) > 0;
		rc = 0;
	} else {
		bk_conn_fail(conn, res, "roles", e);
	}
	PQclear(res);
	bk_buf_free(&b);
	return rc;
}

/* Is this statement about a role we create?  CREATE ROLE adds it to made. */
static int
is_wanted(PGconn *conn, const char *s, struct bk_buf *made, int *wanted,
    struct bk_err *e)
{
	const char *p, *to;
	int exists;

	*wanted = 0;
	if ((p = after(s, "CREATE ROLE ")) != NULL) {
		if (role_exists(conn, p, ident_len(p), &exists, e) == -1)
			return -1;
		if (exists)
			return 0;
		*wanted = 1;
		return bk_buf_printf(made, e, "%.*s\n", (int)ident_len(p), p);
	}
	if ((p = after(s, "ALTER ROLE ")) != NULL ||
	    (p = after(s, "COMMENT ON ROLE ")) != NULL)
		*wanted = is_made(made, p);
	else if ((p = after(s, "GRANT ")) != NULL &&
	    (to = after(p + ident_len(p), " TO ")) != NULL)
		*wanted = is_made(made, p) || is_made(made, to);
	return 0;
}

static int
apply_all(PGconn *conn, const char *s, struct bk_buf *made, struct bk_err *e)
{
	struct bk_buf one = {0};
	const char *end;
	int wanted, rc = 0;

	for (s = skip_comments(s); rc == 0 && *s != '\0';
	    s = skip_comments(end)) {
		end = statement_end(s);
		one.len = 0;
		if ((rc = is_wanted(conn, s, made, &wanted, e)) == -1 ||
		    !wanted)
			continue;
		if ((rc = bk_buf_add(&one, s, (size_t)(end - s), e)) == 0)
			rc = bk_conn_exec(conn, one.data, e);
	}
	bk_buf_free(&one);
	return rc;
}

int
bk_globals_apply(PGconn *conn, const char *sql, int *count, struct bk_err *e)
{
	struct bk_buf made = {0};
	const char *p;
	int rc;

	*count = 0;
	if (bk_conn_exec(conn, "BEGIN", e) == -1)
		return -1;
	rc = apply_all(conn, sql, &made, e);
	if (bk_conn_exec(conn, rc == 0 ? "COMMIT" : "ROLLBACK", e) == -1)
		rc = -1;
	for (p = made.data; rc == 0 && p != NULL && *p != '\0'; p++)
		*count += *p == '\n';
	bk_buf_free(&made);
	return rc;
}
