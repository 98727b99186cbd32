#include "restore/script.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "archive/sqltext.h"
#include "base/buf.h"
#include "pg/charset.h"
#include "pg/conn.h"
#include "pg/sql.h"

static const char other_database[] = "makes a database of its own or "
    "connects to another (\\connect); dump it without --create";

struct bk_script {
	PGconn *conn;
	const char *name;
	struct bk_failures *failures;
	struct bk_sqltext *text;
	struct bk_buf entry;	/* of the TOC, as the script's comment has it */
	int skip_data;		/* of a COPY that failed */
};

/* A statement failed: note it, or fail. */
static int
failed(struct bk_script *s, const PGresult *res, struct bk_err *e)
{
	struct bk_err reason = {0};

	bk_conn_fail(s->conn, res, NULL, &reason);
	/* without a connection, nothing that follows can succeed */
	if (s->failures != NULL && PQstatus(s->conn) == CONNECTION_OK)
		return bk_failures_add(s->failures, s->entry.len == 0 ?
		    "a statement" : s->entry.data, reason.msg, e);
	return bk_fail(e, reason.code, "%s: line %ju: %.800s", s->name,
	    (uintmax_t)bk_sqltext_line(s->text), reason.msg);
}

int
bk_script_end_copy(PGconn *conn, const PGresult *res)
{
	char *row;

	switch (PQresultStatus(res)) {
	case PGRES_COPY_IN:
		return PQputCopyEnd(conn, "its rows are not here") == 1 ? 1 :
		    -1;
	case PGRES_COPY_OUT:
		while (PQgetCopyData(conn, &row, 0) > 0)
			PQfreemem(row);
		return 1;
	default:
		return 0;
	}
}

/* Take results until there are no more. */
static int
take_results(struct bk_script *s, struct bk_err *e)
{
	ExecStatusType st;
	PGresult *res;
	int rc = 0, ended = 0;

	while (ended != -1 && (res = bk_sql_result(s->conn)) != NULL) {
		st = PQresultStatus(res);
		ended = bk_script_end_copy(s->conn, res);
		if (rc == 0 && ended != 1 && st != PGRES_COMMAND_OK &&
		    st != PGRES_TUPLES_OK && st != PGRES_EMPTY_QUERY)
			rc = failed(s, res, e);
		PQclear(res);
		if (PQstatus(s->conn) == CONNECTION_BAD)
			break;
	}
	return rc;
}

/* pg_dump --create: its target is its own, not the one that we made. */
static int
names_database(const char *sql)
{
	return strncasecmp(sql, "CREATE DATABASE ", 16) == 0 ||
	    strncasecmp(sql, "DROP DATABASE ", 14) == 0;
}

/* The public schema, which is in every new database. */
static int
is_there(const char *sql, const PGresult *bad)
{
	return (strcmp(sql, "CREATE SCHEMA public;") == 0 ||
	    strcmp(sql, "CREATE SCHEMA \"public\";") == 0) &&
	    bk_conn_failed_with(bad, "42P06");
}

static int
run_statement(void *ctx, const char *sql, int *copy, struct bk_err *e)
{
	struct bk_script *s = ctx;
	const int expected = *copy;
	PGresult *res;
	int rc;

	if (strcmp(sql, ";") == 0)
		return 0;
	if (names_database(sql))
		return bk_sqltext_fail(s->text, other_database, e);
	if (!bk_sql_send(s->conn, sql))
		return failed(s, NULL, e);
	res = bk_sql_result(s->conn);
	if (PQresultStatus(res) == PGRES_COPY_IN) {
		PQclear(res);
		*copy = 1;
		s->skip_data = 0;
		return 0;
	}
	s->skip_data = 1;
	switch (PQresultStatus(res)) {
	case PGRES_COPY_OUT:
		(void)bk_script_end_copy(s->conn, res);
		rc = 0;
		break;
	case PGRES_COMMAND_OK: case PGRES_TUPLES_OK: case PGRES_EMPTY_QUERY:
		*copy = 0;
		rc = 0;
		break;
	default:
		rc = is_there(sql, res) ? 0 : failed(s, res, e);
		*copy = expected;
	}
	PQclear(res);
	return rc == -1 ? -1 : take_results(s, e);
}

static int
put_data(void *ctx, const char *p, size_t n, struct bk_err *e)
{
	struct bk_script *s = ctx;

	if (s->skip_data || PQputCopyData(s->conn, p, (int)n) == 1)
		return 0;
	return failed(s, NULL, e);
}

static int
end_data(void *ctx, struct bk_err *e)
{
	struct bk_script *s = ctx;

	if (s->skip_data)
		return 0;
	if (PQputCopyEnd(s->conn, NULL) == -1)
		return failed(s, NULL, e);
	return take_results(s, e);
}

/*
 * "-- Name: orders; Type: TABLE; Schema: public; Owner: joe" tells which entry
 * of an archive the next statements are of.
 */
static int
take_comment(void *ctx, const char *text, struct bk_err *e)
{
	struct bk_script *s = ctx;
	const char *name = strstr(text, "Name: "), *type, *schema;

	if (name == NULL || (type = strstr(name, "; Type: ")) == NULL ||
	    (schema = strstr(type, "; Schema: ")) == NULL)
		return 0;
	name += strlen("Name: ");
	s->entry.len = 0;
	if (bk_buf_add(&s->entry, type + 8, (size_t)(schema - type) - 8,
	    e) == -1 || bk_buf_puts(&s->entry, " ", e) == -1)
		return -1;
	schema += strlen("; Schema: ");
	if (strncmp(schema, "-;", 2) != 0 &&
	    (bk_buf_add(&s->entry, schema, strcspn(schema, ";"), e) == -1 ||
	    bk_buf_puts(&s->entry, ".", e) == -1))
		return -1;
	return bk_buf_add(&s->entry, name, (size_t)(type - name), e);
}

static int
is_command(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strncmp(text, name, n) == 0 && strchr(" \t\r", text[n]) != NULL;
}

/* What a script of pg_dump has is known; no other command is obeyed. */
static int
refuse_command(void *ctx, const char *text, struct bk_err *e)
{
	struct bk_script *s = ctx;
	struct bk_buf problem = {0};

	if (is_command(text, "\\restrict") ||
	    is_command(text, "\\unrestrict") || is_command(text, "\\."))
		return 0;
	if (is_command(text, "\\connect") || is_command(text, "\\c"))
		return bk_sqltext_fail(s->text, other_database, e);
	if (bk_buf_printf(&problem, e, "a command of psql, %.*s, which is not "
	    "obeyed: it could run programs here; only SQL is loaded",
	    (int)strcspn(text, " \t\r|"), text) == 0)
		bk_sqltext_fail(s->text, problem.data, e);
	bk_buf_free(&problem);
	return -1;
}

/* As the server reads what is sent to it from now on. */
static int
length(void *ctx, const char *p)
{
	const struct bk_script *s = ctx;

	return bk_charset_length(PQclientEncoding(s->conn), p);
}

static int
escapes(void *ctx)
{
	const struct bk_script *s = ctx;
	const char *conforming = PQparameterStatus(s->conn,
	    "standard_conforming_strings");

	return conforming != NULL && strcmp(conforming, "off") == 0;
}

static const struct bk_sqltext_events events = { .statement = run_statement,
	.comment = take_comment, .command = refuse_command, .data = put_data,
	.data_end = end_data, .length = length, .escapes = escapes };

struct bk_script *
bk_script_open(PGconn *conn, const char *name, struct bk_failures *failures,
    struct bk_err *e)
{
	struct bk_script *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*s = (struct bk_script){ .conn = conn, .name = name,
	    .failures = failures };
	if ((s->text = bk_sqltext_new(name, 1, &events, s, e)) != NULL)
		return s;
	bk_script_free(s);
	return NULL;
}

void
bk_script_free(struct bk_script *s)
{
	if (s == NULL)
		return;
	bk_sqltext_free(s->text);
	bk_buf_free(&s->entry);
	free(s);
}

int
bk_script_feed(struct bk_script *s, const char *p, size_t n, struct bk_err *e)
{
	return bk_sqltext_feed(s->text, p, n, e);
}

int
bk_script_finish(struct bk_script *s, struct bk_err *e)
{
	return bk_sqltext_end(s->text, e);
}

int
bk_script_run(PGconn *conn, const char *name, const char *sql,
    struct bk_failures *failures, struct bk_err *e)
{
	struct bk_script *s = bk_script_open(conn, name, failures, e);
	int rc = -1;

	if (s != NULL && bk_script_feed(s, sql, strlen(sql), e) == 0)
		rc = bk_script_finish(s, e);
	bk_script_free(s);
	return rc;
}
