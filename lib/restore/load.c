#include "restore/load.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "pg/server.h"
#include "pg/sql.h"
#include "restore/script.h"

struct worker {
	struct bk_load *load;
	pthread_t tid;
	PGconn *conn;
	_Atomic int sock;	/* for another thread to shut down; -1: none */
	struct bk_restore_table *table;	/* of the current COPY, or NULL */
	struct bk_digest_state *digest;	/* of a row longer than a chunk */
	int in_row;		/* the last chunk ended within a row */
};

struct bk_load {
	const struct bk_load_options *options;
	struct bk_chunk_queue *q;
	unsigned n;
	int joined;
	struct worker worker[];
};

enum { OID_OID = 26, OID_INT8 = 20, OID_BYTEA = 17 };

static int
add32(struct bk_buf *b, uint32_t v, struct bk_err *e)
{
	v = htonl(v);
	return bk_buf_add(b, &v, sizeof(v), e);
}

/*
 * The head of a one-dimensional array in PostgreSQL's binary form: dimensions,
 * null bitmap, element type, length, lower bound.
 */
static int
add_head(struct bk_buf *b, uint32_t type, size_t n, struct bk_err *e)
{
	if (add32(b, 1, e) == -1 || add32(b, 0, e) == -1 ||
	    add32(b, type, e) == -1 || add32(b, (uint32_t)n, e) == -1)
		return -1;
	return add32(b, 1, e);
}

static int
add_piece(struct bk_buf b[3], const struct bk_chunk *c,
    const struct bk_piece *p, struct bk_err *e)
{
	if (add32(&b[0], 4, e) == -1 || add32(&b[0], p->oid, e) == -1 ||
	    add32(&b[1], 8, e) == -1 ||
	    add32(&b[1], (uint32_t)(p->at >> 32), e) == -1 ||
	    add32(&b[1], (uint32_t)p->at, e) == -1 ||
	    add32(&b[2], (uint32_t)p->len, e) == -1)
		return -1;
	return bk_buf_add(&b[2], c->data + p->from, p->len, e);
}

/* Write the pieces of c into existing objects, in one round trip. */
static int
put_objects(PGconn *conn, const struct bk_chunk *c, struct bk_err *e)
{
	static const Oid types[3] = {1028, 1016, 1001}; /* array types */
	static const int formats[3] = { 1, 1, 1 };
	struct bk_buf b[3] = {{0}, {0}, {0}};
	const char *values[3];
	int lengths[3];
	PGresult *res = NULL;
	size_t i;
	int rc = -1;

	if (add_head(&b[0], OID_OID, c->npieces, e) == -1 ||
	    add_head(&b[1], OID_INT8, c->npieces, e) == -1 ||
	    add_head(&b[2], OID_BYTEA, c->npieces, e) == -1)
		goto done;
	for (i = 0; i < c->npieces; i++)
		if (add_piece(b, c, &c->piece[i], e) == -1)
			goto done;
	for (i = 0; i < 3; i++) {
		values[i] = b[i].data;
		lengths[i] = (int)b[i].len;
	}
	res = bk_sql_binary(conn, "SELECT pg_catalog.count("
	    "pg_catalog.lo_put(o, at, data)::pg_catalog.text) FROM "
	    "ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), "
	    "pg_catalog.unnest($3)) AS u(o, at, data)",
	    3, types, values, lengths, formats, 0);
	if (PQresultStatus(res) == PGRES_TUPLES_OK)
		rc = 0;
	else
		bk_conn_fail(conn, res, "large objects", e);
 done:
	PQclear(res);
	for (i = 0; i < 3; i++)
		bk_buf_free(&b[i]);
	return rc;
}

static const char settings[] =
    "SET statement_timeout = 0; "
    "SET lock_timeout = 0; "
    "SET idle_in_transaction_session_timeout = 0; "
    "SET client_min_messages = warning; "
    "SET check_function_bodies = false; "
    "SET xmloption = content; "
    "SET row_security = off; "
    /* or each query of a table reads, and calls, its CHECKs */
    "SET constraint_exclusion = partition; "
    "SET datestyle = ISO; "
    "SET intervalstyle = postgres; "
    "SELECT pg_catalog.set_config('search_path', '', false), "
    "pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings "
    "WHERE name IN ('transaction_timeout', 'idle_session_timeout');";

int
bk_load_session(PGconn *conn, const char *role, const char *encoding,
    struct bk_err *e)
{
	struct bk_buf sql = {0};
	int rc = -1;

	if ((role != NULL && (bk_buf_puts(&sql, "SET ROLE ", e) == -1 ||
	    bk_conn_ident(&sql, role, e) == -1 ||
	    bk_buf_puts(&sql, "; ", e) == -1)) ||
	    bk_buf_puts(&sql, settings, e) == -1 ||
	    (encoding != NULL && bk_buf_puts(&sql, encoding, e) == -1))
		goto done;
	rc = bk_conn_exec(conn, sql.data, e);
 done:
	bk_buf_free(&sql);
	return rc;
}

static int
fail_table(struct worker *w, const struct bk_restore_table *t,
    const PGresult *res, struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	(void)bk_restore_name(t, &name, &ignored);
	bk_conn_fail(w->conn, res, name.data, e);
	bk_buf_free(&name);
	return -1;
}

/* A COPY failed: pass the table by, if that is wanted, and say so once. */
static int
copy_failed(struct worker *w, struct bk_restore_table *t, const PGresult *res,
    struct bk_err *e)
{
	struct bk_failures *f = w->load->options->failures;
	struct bk_err reason = {0};
	struct bk_buf what = {0};
	int rc = -1;

	if (f == NULL || w->load->options->conn != NULL ||
	    PQstatus(w->conn) != CONNECTION_OK)
		return fail_table(w, t, res, e);
	if (atomic_exchange(&t->failed, 1))
		return 0;
	bk_conn_fail(w->conn, res, NULL, &reason);
	if (bk_buf_printf(&what, e, "TABLE DATA %s%s%s",
	    t->te->schema == NULL ? "" : t->te->schema,
	    t->te->schema == NULL ? "" : ".", t->te->tag) == 0)
		rc = bk_failures_add(f, what.data, reason.msg, e);
	bk_buf_free(&what);
	return rc;
}

static int
begin_copy(struct worker *w, struct bk_restore_table *t, struct bk_err *e)
{
	const struct bk_load_options *o = w->load->options;
	PGresult *res;
	int rc = 0;

	if (o->before != NULL && o->before(o->ctx, t, e) == -1)
		return -1;
	res = bk_sql_exec(w->conn, t->staged != NULL ?
	    t->staged : t->te->copy);

	if (PQresultStatus(res) != PGRES_COPY_IN)
		rc = copy_failed(w, t, res, e);
	else
		w->table = t;
	PQclear(res);
	return rc;
}

/* End the current COPY, if any, and count the rows that it loaded. */
static int
end_copy(struct worker *w, struct bk_err *e)
{
	static const struct bk_content none;
	struct bk_restore_table *t = w->table;
	PGresult *res;
	int rc = 0, ended = 0;

	w->table = NULL;
	if (t == NULL)
		return 0;
	if (PQputCopyEnd(w->conn, NULL) == -1)
		return fail_table(w, t, NULL, e);
	while (ended != -1 && (res = bk_sql_result(w->conn)) != NULL) {
		ended = bk_script_end_copy(w->conn, res);
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			rc = ended == 1 ? rc : copy_failed(w, t, res, e);
		else
			bk_chunk_queue_count(w->load->q, t, &none,
			    strtoull(PQcmdTuples(res), NULL, 10));
		PQclear(res);
		if (PQstatus(w->conn) == CONNECTION_BAD)
			break;
	}
	/* without memory for a result libpq may have none to tell it by */
	return PQstatus(w->conn) == CONNECTION_BAD ?
	    fail_table(w, t, NULL, e) : rc;
}

/*
 * During a COPY the server sends only errors, which libpq reports at the end of
 * the COPY.
 */
static int
server_has_sent(PGconn *conn)
{
	struct pollfd p = { .fd = PQsocket(conn), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Count and digest the rows of c. */
static void
count_rows(struct worker *w, const struct bk_chunk *c)
{
	struct bk_content seen = { .bytes = c->len };
	const char *p = c->data, *end = c->data + c->len, *nl;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (w->in_row) {
			bk_digest_update(w->digest, p, (size_t)(nl - p));
			bk_digest_end(w->digest, &seen.digest);
			w->in_row = 0;
		} else {
			bk_digest_item(&seen.digest, p, (size_t)(nl - p));
		}
		seen.rows++;
		p = nl + 1;
	}
	if (p < end) {		/* the chunk is partial */
		if (!w->in_row)
			bk_digest_begin(w->digest);
		w->in_row = 1;
		bk_digest_update(w->digest, p, (size_t)(end - p));
	}
	bk_chunk_queue_count(w->load->q, c->table, &seen, 0);
	if (!c->table->skip)
		atomic_fetch_add(&w->load->options->progress->rows, seen.rows);
}

static int
load_rows(struct worker *w, const struct bk_chunk *c, struct bk_err *e)
{
	int at_row = !w->in_row;	/* c begins with a new row */

	count_rows(w, c);
	if (c->table->skip)
		return 0;
	if (w->table != NULL && at_row &&
	    (w->table != c->table || server_has_sent(w->conn)) &&
	    end_copy(w, e) == -1)
		return -1;
	if (w->table == NULL && (c->table->failed ||
	    begin_copy(w, c->table, e) == -1 || w->table == NULL))
		return c->table->failed ? 0 : -1;
	if (PQputCopyData(w->conn, c->data, (int)c->len) != 1)
		return fail_table(w, c->table, NULL, e);
	return 0;
}

static int
load_objects(struct worker *w, const struct bk_chunk *c, struct bk_err *e)
{
	if (c->table->skip)
		return 0;
	if (end_copy(w, e) == -1)
		return -1;
	return put_objects(w->conn, c, e);
}

static int
join(struct worker *w, struct bk_err *e)
{
	const struct bk_load_options *o = w->load->options;

	if ((w->digest = bk_digest_new()) == NULL)
		return bk_fail_memory(e);
	if (o->conn != NULL) {
		w->conn = o->conn;
		return 0;
	}
	if ((w->conn = bk_server_again(o->params, e)) == NULL)
		return -1;
	atomic_store(&w->sock, PQsocket(w->conn));
	/* the restore ends with a synchronous commit */
	if (bk_conn_exec(w->conn, "SET synchronous_commit = off", e) == -1)
		return -1;
	return bk_load_session(w->conn, o->role, o->encoding, e);
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct bk_chunk_queue *q = w->load->q;
	struct bk_err e = {0};
	struct bk_chunk *c;
	int rc = join(w, &e);

	while (rc == 0 &&
	    (c = bk_handover_take(&q->h, BK_WAIT)) != NULL) {
		rc = c->npieces > 0 ? load_objects(w, c, &e) :
		    load_rows(w, c, &e);
		atomic_fetch_add(&w->load->options->progress->bytes, c->len);
		bk_handover_recycle(&q->h, c);
	}
	if (rc == 0 && bk_handover_over(&q->h, &e) == 1)
		rc = end_copy(w, &e);
	if (rc == -1)
		bk_handover_stop(&q->h, &e);
	return NULL;
}

struct bk_load *
bk_load_start(const struct bk_load_options *o, struct bk_chunk_queue *q,
    struct bk_err *e)
{
	unsigned jobs = o->conn != NULL ? 1 : o->jobs;
	struct bk_load *l = calloc(1, sizeof(*l) + jobs * sizeof(l->worker[0]));
	int rc = 0;

	if (l == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*l = (struct bk_load){ .options = o, .q = q };
	for (; rc == 0 && l->n < jobs; l->n += rc == 0) {
		struct worker *w = &l->worker[l->n];

		w->load = l;
		w->sock = -1;
		rc = bk_thread_start(&w->tid, run, w, e);
	}
	if (rc == 0)
		return l;
	bk_handover_stop(&q->h, e);
	bk_load_free(l);
	return NULL;
}

static void
join_all(struct bk_load *l, int cut)
{
	unsigned i;
	int fd;

	for (i = 0; !l->joined && i < l->n; i++) {
		struct worker *w = &l->worker[i];

		/* wakes up a worker that waits for the server */
		if (cut && (fd = atomic_load(&w->sock)) != -1)
			(void)shutdown(fd, SHUT_RDWR);
		pthread_join(w->tid, NULL);
		bk_digest_free(w->digest);
		if (w->conn != l->options->conn)
			PQfinish(w->conn);
	}
	l->joined = 1;
}

int
bk_load_finish(struct bk_load *l, struct bk_err *e)
{
	join_all(l, 0);
	return bk_handover_over(&l->q->h, e) == -1 ? -1 : 0;
}

void
bk_load_free(struct bk_load *l)
{
	if (l == NULL)
		return;
	bk_handover_stop(&l->q->h, NULL);
	join_all(l, 1);
	free(l);
}
