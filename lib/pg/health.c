#include "pg/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "base/utctime.h"
#include "base/utf8.h"
#include "pg/health_queries.h"
#include "pg/sql.h"

/* How long a statement waits for a lock, so that brief ones do not matter. */
#define LOCK_WAIT "100ms"

/* A table may become locked between reading pg_locks and reading its size. */
#define TRIES 3

/* Column types: OIDs in pg_type. */
enum { TYPE_BOOL = 16, TYPE_INT8 = 20, TYPE_INT4 = 23, TYPE_FLOAT8 = 701 };

struct reading {
	PGconn *conn;
	json_t *doc, *notes;
	double end;		/* bk_monotonic() */
	char limit[16];		/* bk_health.tables */
	int sees_all;		/* the role is in pg_monitor */
};

static int
begin(PGconn *conn, double seconds, struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = -1;

	/*
	 * Local to the transaction: a pooler shares the session.  SQL_ASCII
	 * text has no encoding and might be rejected as UTF-8.
	 */
	if (bk_conn_exec(conn,
	    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", e) == 0 &&
	    bk_buf_printf(&sql, e, "SET LOCAL statement_timeout = %.0f; "
	    "SET LOCAL lock_timeout = '" LOCK_WAIT "'; "
	    "SET LOCAL max_parallel_workers_per_gather = 0; "
	    "SELECT pg_catalog.set_config('search_path', '', true); "
	    "SELECT pg_catalog.set_config('client_encoding', CASE "
	    "WHEN pg_catalog.current_setting('server_encoding') = 'SQL_ASCII' "
	    "THEN 'SQL_ASCII' ELSE 'UTF8' END, true); "
	    "SELECT pg_catalog.set_config(name, CASE name WHEN 'jit' "
	    "THEN 'off' ELSE '0' END, true) FROM pg_catalog.pg_settings "
	    "WHERE name IN ('jit', 'transaction_timeout', "
	    "'idle_in_transaction_session_timeout')",
	    seconds * 1000 < 1 ? 1 : seconds * 1000) == 0)
		rc = bk_conn_exec(conn, sql.data, e);
	bk_buf_free(&sql);
	return rc;
}

/* s as a JSON string, invalid UTF-8 bytes escaped as \xff. */
static json_t *
text(const char *s)
{
	struct bk_err ignored = {0};
	struct bk_buf b = {0};
	json_t *j = json_string(s);
	size_t n;
	int rc = 0;

	if (j != NULL)
		return j;
	for (; rc == 0 && *s != '\0'; s += n == 0 ? 1 : n) {
		n = bk_utf8_len(s);
		rc = n == 0 ? bk_buf_printf(&b, &ignored, "\\x%02x",
		    (unsigned)(unsigned char)*s) :
		    bk_buf_add(&b, s, n, &ignored);
	}
	if (rc == 0)
		j = json_string(b.data);
	bk_buf_free(&b);
	return j;
}

static json_t *
value(const PGresult *res, int row, int col)
{
	const char *s = PQgetvalue(res, row, col);

	if (PQgetisnull(res, row, col))
		return json_null();
	switch (PQftype(res, col)) {
	case TYPE_BOOL:
		return json_boolean(*s == 't');
	case TYPE_INT4:
	case TYPE_INT8:
		return json_integer(strtoll(s, NULL, 10));
	case TYPE_FLOAT8:
		return json_real(strtod(s, NULL));
	default:
		return text(s);
	}
}

/* Columns first to end - 1 of a row; NULL: memory. */
static json_t *
object(const PGresult *res, int row, int first, int end)
{
	json_t *o = json_object();
	int col;

	for (col = first; col < end; col++)
		if (json_object_set_new(o, PQfname(res, col),
		    value(res, row, col)) == -1) {
			json_decref(o);
			return NULL;
		}
	return o;
}

/* The rows from first on; NULL: memory. */
static json_t *
array(const PGresult *res, int first, int columns)
{
	json_t *a = json_array();
	int row;

	for (row = first; row < PQntuples(res); row++)
		if (json_array_append_new(a, object(res, row, 0, columns)) ==
		    -1) {
			json_decref(a);
			return NULL;
		}
	return a;
}

static json_t *
document(const struct bk_health_part *p, const PGresult *res)
{
	int columns = PQnfields(res);
	json_t *sum;

	if (p->shape == BK_HEALTH_MANY)
		return array(res, 0, columns);
	if (PQntuples(res) == 0)
		return json_null();
	if (p->shape == BK_HEALTH_ONE)
		return object(res, 0, 0, columns);
	sum = object(res, 0, 2, columns);
	if (sum != NULL && json_object_set_new(sum, "largest",
	    array(res, 1, columns - 2)) == 0)
		return sum;
	json_decref(sum);
	return NULL;
}

/*
 * Run sql in a savepoint of its own.  1 with *part; 0 if it failed, with
 * *reason; -1 with *e set.  It may take half the time left, so that some is
 * left for later queries.
 */
static int
run(struct reading *r, const struct bk_health_part *p, const char *sql,
    json_t **part, char sqlstate[6], struct bk_err *reason, struct bk_err *e)
{
	const char *limit = r->limit, *state;
	double left = (r->end - bk_monotonic()) * 1000 / 2;
	struct bk_buf before = {0};
	PGresult *res = NULL;
	int rc = -1;

	if (bk_buf_printf(&before, e, "SAVEPOINT part; "
	    "SET LOCAL statement_timeout = %.0f", left < 1 ? 1 : left) == -1 ||
	    bk_conn_exec(r->conn, before.data, e) == -1)
		goto done;
	res = bk_sql_params(r->conn, sql, p->shape == BK_HEALTH_RANKED, NULL,
	    &limit);
	if (PQresultStatus(res) == PGRES_TUPLES_OK) {
		rc = (*part = document(p, res)) == NULL ? bk_fail_memory(e) : 1;
		goto done;
	}
	state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	(void)snprintf(sqlstate, 6, "%s", state == NULL ? "" : state);
	(void)bk_conn_fail(r->conn, res, p->name, reason);
	if (PQstatus(r->conn) != CONNECTION_OK)
		bk_fail(e, reason->code, "%s", reason->msg);
	else
		rc = bk_conn_exec(r->conn, "ROLLBACK TO SAVEPOINT part", e);
 done:
	PQclear(res);
	bk_buf_free(&before);
	return rc;
}

static int
note(struct reading *r, const char *s, struct bk_err *e)
{
	return json_array_append_new(r->notes, text(s)) == -1 ?
	    bk_fail_memory(e) : 0;
}

/* The query failed, or its cheaper replacement was used (instead). */
static int
note_failure(struct reading *r, const char *sqlstate, const char *msg,
    int instead, struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc;

	/* 42501 insufficient_privilege: noted once for all */
	if (!r->sees_all && strcmp(sqlstate, "42501") == 0)
		return 0;
	rc = bk_buf_printf(&b, e, "%s; %s", msg, instead ?
	    "sizes are estimates, or left out" : "left out");
	if (rc == 0)
		rc = note(r, b.data, e);
	bk_buf_free(&b);
	return rc;
}

static int
read_part(struct reading *r, const struct bk_health_part *p, struct bk_err *e)
{
	const char *sql = p->newer != NULL &&
	    BK_PG_MAJOR(PQserverVersion(r->conn)) >= p->since ? p->newer :
	    p->sql;
	struct bk_err reason = {0}, ignored = {0};
	char sqlstate[6] = "", other[6];
	json_t *part = NULL;
	int rc = 0, i, instead;

	for (i = 0; rc == 0 && i < TRIES; i++) {
		/* 55P03 lock_not_available */
		if (i > 0 && strcmp(sqlstate, "55P03") != 0)
			break;
		reason = (struct bk_err){0};
		rc = run(r, p, sql, &part, sqlstate, &reason, e);
	}
	instead = rc == 0 && p->instead != NULL;
	if (instead)
		rc = run(r, p, p->instead, &part, other, &ignored, e);
	if (rc == -1)
		return -1;
	if (reason.code != BK_OK && note_failure(r, sqlstate, reason.msg,
	    instead && rc == 1, e) == -1) {
		json_decref(part);
		return -1;
	}
	/* which takes it, also when it fails */
	if (json_object_set_new(r->doc, p->name, part == NULL ? json_null() :
	    part) == -1)
		return bk_fail_memory(e);
	return 0;
}

/* The part "server", which must not be missing, and a note on privileges. */
static int
note_server(struct reading *r, struct bk_err *e)
{
	json_t *server = json_object_get(r->doc, "server");
	struct bk_buf b = {0};
	int rc = 0;

	if (!json_is_object(server))
		return bk_fail(e, BK_FAIL, "%s",
		    json_string_value(json_array_get(r->notes, 0)));
	if (json_object_set_new(server, "host", text(PQhost(r->conn))) == -1 ||
	    json_object_set_new(server, "port", text(PQport(r->conn))) == -1)
		return bk_fail_memory(e);
	r->sees_all = json_is_true(json_object_get(server, "sees_all"));
	if (r->sees_all)
		return 0;
	rc = bk_buf_printf(&b, e, "not visible to role \"%s\": others' "
	    "transactions, replica lag, WAL waiting to be archived; GRANT "
	    "pg_monitor TO it",
	    json_string_value(json_object_get(server, "user")));
	if (rc == 0)
		rc = note(r, b.data, e);
	bk_buf_free(&b);
	return rc;
}

json_t *
bk_health_read(PGconn *conn, const struct bk_health *o, struct bk_err *e)
{
	struct reading r = { .conn = conn, .doc = json_object(),
	    .notes = json_array(), .end = bk_monotonic() + o->seconds,
	    .sees_all = 1 };
	size_t i;

	(void)snprintf(r.limit, sizeof(r.limit), "%u", o->tables);
	if (r.doc == NULL || r.notes == NULL) {
		bk_fail_memory(e);
		goto fail;
	}
	if (begin(conn, o->seconds, e) == -1)
		goto fail;
	for (i = 0; i < bk_health_nparts; i++)
		if (read_part(&r, &bk_health_parts[i], e) == -1 ||
		    (i == 0 && note_server(&r, e) == -1))
			goto fail;
	if (bk_conn_exec(conn, "COMMIT", e) == -1)
		goto fail;
	if (json_object_set_new(r.doc, "notes", r.notes) == 0)
		return r.doc;
	r.notes = NULL;		/* json_object_set_new() has freed it */
	bk_fail_memory(e);
 fail:
	json_decref(r.notes);
	json_decref(r.doc);
	return NULL;
}
