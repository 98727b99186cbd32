#include "dump/workers.h"

#include <sys/socket.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "pg/sql.h"

struct worker {
	struct bk_dump_workers *workers;
	pthread_t tid;
	PGconn *conn;
	_Atomic int sock;	/* for another thread to shut down; -1: none */
	int in_transaction;
	struct bk_digest_state *digest;
	struct bk_qbuf *buf;	/* being filled */
};

struct bk_dump_workers {
	const struct bk_conn_params *params;
	PGconn *leader;
	int leader_sock;
	struct bk_task_queue *q;
	const struct bk_dump_workers_options *options;
	struct bk_progress *progress;
	unsigned wanted, n;	/* workers: to start, started */
	struct worker worker[];
};

enum outcome { DONE, LOCKED, OVER, FAILED };

/* Put the buffer being filled into the queue. */
static enum outcome
flush(struct worker *w, struct bk_slot *s)
{
	struct bk_qbuf *b = w->buf;

	w->buf = NULL;		/* the queue's now */
	return b != NULL && bk_task_queue_put(w->workers->q, s, b) == -1 ?
	    OVER : DONE;
}

static enum outcome
put(struct worker *w, struct bk_slot *s, const void *data, size_t n,
    struct bk_err *e)
{
	const uint8_t *p = data;
	size_t m;

	while (n > 0) {
		if (w->buf != NULL && w->buf->len == BK_TASK_QUEUE_BUF &&
		    flush(w, s) == OVER)
			return OVER;
		if (w->buf == NULL &&
		    (w->buf = bk_task_queue_buf(w->workers->q, e)) == NULL)
			return FAILED;
		m = BK_TASK_QUEUE_BUF - w->buf->len;
		if (m > n)
			m = n;
		memcpy(w->buf->data + w->buf->len, p, m);
		w->buf->len += m;
		p += m;
		n -= m;
	}
	return DONE;
}

static enum outcome
fail_task(const struct bk_slot *s, PGconn *conn, const PGresult *res,
    struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	(void)bk_dump_item_name(s->task.item, &name, &ignored);
	bk_conn_fail(conn, res, name.data, e);
	bk_buf_free(&name);
	return FAILED;
}

/* The leader, too: it holds the table's lock, but not its indexes'. */
static enum outcome
fail_locked(const struct bk_slot *s, struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	(void)bk_dump_item_name(s->task.item, &name, &ignored);
	bk_fail(e, BK_FAIL, "%s: an index on it is locked (being rebuilt?); "
	    "try again later, or raise --lock-wait-timeout",
	    name.data == NULL ? "a table" : name.data);
	bk_buf_free(&name);
	return FAILED;
}

static enum outcome
copy_rows(struct worker *w, PGconn *conn, struct bk_slot *s, struct bk_err *e)
{
	enum outcome o = DONE;
	char *row;
	int n;

	while (o == DONE && (n = PQgetCopyData(conn, &row, 0)) > 0) {
		s->rows++;
		s->bytes += (size_t)n;
		bk_digest_item(&s->digest, row, (size_t)n - 1);
		o = put(w, s, row, (size_t)n, e);
		PQfreemem(row);
	}
	if (o != DONE)
		return o;
	if (n == -2)
		return fail_task(s, conn, NULL, e);
	return flush(w, s);
}

/* The task's query failed before any row: LOCKED, or why. */
static enum outcome
fail_first(const struct bk_slot *s, PGconn *conn, const PGresult *res,
    struct bk_err *e)
{
	struct bk_buf name = {0};
	struct bk_err ignored = {0};

	if (bk_conn_failed_with(res, "55P03"))
		return LOCKED;
	if (strstr(PQresultErrorMessage(res), BK_TASK_MOVED) == NULL)
		return fail_task(s, conn, res, e);
	(void)bk_dump_item_name(s->task.item, &name, &ignored);
	bk_fail(e, BK_BUSY, "%s: renamed or moved while it was dumped; try "
	    "again", name.data == NULL ? "a table" : name.data);
	bk_buf_free(&name);
	return FAILED;
}

/* Run the task's query on conn.  LOCKED: nothing was read. */
static enum outcome
copy_table(struct worker *w, PGconn *conn, struct bk_slot *s, const char *sql,
    struct bk_err *e)
{
	enum outcome o = DONE;
	PGresult *res;

	if (!bk_sql_send(conn, sql))
		return fail_task(s, conn, NULL, e);
	/* after OVER and FAILED the connection is not used again */
	while ((o == DONE || o == LOCKED) &&
	    (res = bk_sql_result(conn)) != NULL) {
		switch (PQresultStatus(res)) {
		case PGRES_COMMAND_OK:
		case PGRES_TUPLES_OK:
			break;
		case PGRES_COPY_OUT:
			o = copy_rows(w, conn, s, e);
			break;
		default:
			o = s->rows == 0 ? fail_first(s, conn, res, e) :
			    fail_task(s, conn, res, e);
		}
		PQclear(res);
	}
	return o;
}

static enum outcome
do_table(struct worker *w, struct bk_slot *s, struct bk_err *e)
{
	struct bk_dump_workers *c = w->workers;
	struct bk_buf sql = {0};
	enum outcome o = FAILED;

	if (bk_task_sql(&s->task, &sql, e) == 0)
		o = copy_table(w, w->conn, s, sql.data, e);
	if (o == LOCKED) {
		w->in_transaction = 0;
		if (bk_task_queue_await(c->q, s) == -1)
			o = OVER;
		else if (bk_conn_exec(w->conn, "ROLLBACK", e) == -1)
			o = FAILED;
		else
			o = copy_table(w, c->leader, s, sql.data, e);
		if (o == LOCKED)
			o = fail_locked(s, e);
	}
	bk_buf_free(&sql);
	return o;
}

#define FIRST (64 * 1024)	/* bytes of each object in a batch's query */
#define PIECE (1024 * 1024)	/* bytes per query of a longer object */

static enum outcome
query_objects(struct worker *w, struct bk_slot *s, struct bk_buf *sql,
    PGresult **res, struct bk_err *e)
{
	*res = bk_sql_binary(w->conn, sql->data, 0, NULL, NULL, NULL, NULL, 1);
	if (PQresultStatus(*res) == PGRES_TUPLES_OK)
		return DONE;
	return fail_task(s, w->conn, *res, e);
}

/* One chunk of an object's data. */
static enum outcome
put_part(struct worker *w, struct bk_slot *s, const char *p, size_t n,
    struct bk_err *e)
{
	uint8_t len[BK_INT_LEN];
	enum outcome o;

	if (n == 0)		/* would mark the object's end */
		return DONE;
	bk_digest_update(w->digest, p, n);
	s->bytes += n;
	bk_archive_put_int(len, (int32_t)n);
	if ((o = put(w, s, len, sizeof(len), e)) == DONE)
		o = put(w, s, p, n, e);
	return o;
}

/* The rest of an object, after FIRST bytes. */
static enum outcome
put_long(struct worker *w, struct bk_slot *s, uint32_t oid, struct bk_err *e)
{
	struct bk_buf sql = {0};
	enum outcome o = DONE;
	PGresult *res = NULL;
	uint64_t at = FIRST;
	size_t n = PIECE;

	while (o == DONE && n == PIECE) {
		sql.len = 0;
		o = FAILED;
		if (bk_buf_printf(&sql, e, "SELECT pg_catalog.lo_get(%lu, %llu,"
		    " %d)", (unsigned long)oid, (unsigned long long)at,
		    PIECE) == 0)
			o = query_objects(w, s, &sql, &res, e);
		if (o == DONE) {
			n = (size_t)PQgetlength(res, 0, 0);
			o = put_part(w, s, PQgetvalue(res, 0, 0), n, e);
			at += n;
		}
		PQclear(res);
		res = NULL;
	}
	bk_buf_free(&sql);
	return o;
}

static enum outcome
put_object(struct worker *w, struct bk_slot *s, uint32_t oid, const char *p,
    size_t n, struct bk_err *e)
{
	uint8_t head[BK_INT_LEN];
	enum outcome o;

	s->rows++;
	bk_digest_begin_object(w->digest, oid);
	bk_archive_put_int(head, (int32_t)oid);
	if ((o = put(w, s, head, sizeof(head), e)) == DONE)
		o = put_part(w, s, p, n, e);
	if (o == DONE && n == FIRST)
		o = put_long(w, s, oid, e);
	bk_digest_end(w->digest, &s->digest);
	bk_archive_put_int(head, 0);
	return o == DONE ? put(w, s, head, sizeof(head), e) : o;
}

static enum outcome
do_blobs(struct worker *w, struct bk_slot *s, struct bk_err *e)
{
	const struct bk_task *t = &s->task;
	struct bk_buf sql = {0};
	PGresult *res = NULL;
	enum outcome o = FAILED;
	uint64_t i;
	int row = 0;

	if (bk_buf_puts(&sql, "SELECT pg_catalog.lo_get(o, 0, 65536) FROM "
	    "pg_catalog.unnest('{", e) == -1)
		goto done;
	for (i = t->from; i < t->to; i++)
		if (bk_buf_printf(&sql, e, "%s%lu", i == t->from ? "" : ",",
		    (unsigned long)t->item->oid[i]) == -1)
			goto done;
	if (bk_buf_puts(&sql, "}'::pg_catalog.oid[]) WITH ORDINALITY AS u(o, n)"
	    " ORDER BY n", e) == -1)
		goto done;
	o = query_objects(w, s, &sql, &res, e);
	for (i = t->from; o == DONE && i < t->to; i++, row++)
		o = put_object(w, s, t->item->oid[i],
		    PQgetvalue(res, row, 0), (size_t)PQgetlength(res, row, 0),
		    e);
	if (o == DONE)
		o = flush(w, s);
 done:
	PQclear(res);
	bk_buf_free(&sql);
	return o;
}

/* Connect.  The leader could: the likely cause of failure is the number. */
static int
join(struct worker *w, struct bk_err *e)
{
	unsigned n = w->workers->wanted;
	struct bk_err failure = {0};

	if ((w->conn = bk_conn_again(w->workers->params, &failure)) == NULL)
		return bk_fail(e, failure.code, "%s; -j%u needs %u "
		    "connections, including pg_dump's", failure.msg, n, n + 2);
	atomic_store(&w->sock, PQsocket(w->conn));
	/* it is idle until pg_dump has read the catalog */
	if (bk_conn_exec(w->conn, "SELECT pg_catalog.set_config(name, '0', "
	    "false) FROM pg_catalog.pg_settings WHERE name = "
	    "'idle_session_timeout'", e) == -1)
		return -1;
	if ((w->digest = bk_digest_new()) == NULL)
		return bk_fail_memory(e);
	return 0;
}

/* Set up the session; after 10 ms a lock counts as not available. */
static int
begin(struct worker *w, struct bk_err *e)
{
	const struct bk_dump_workers_options *o = w->workers->options;

	if (w->in_transaction)
		return 0;
	if (bk_session_set(w->conn, &o->session, e) == -1 ||
	    bk_session_lock_timeout(w->conn, "10ms", e) == -1 ||
	    bk_conn_exec(w->conn, o->encoding, e) == -1 ||
	    bk_session_import(w->conn, o->snapshot, e) == -1)
		return -1;
	w->in_transaction = 1;
	return 0;
}

static void
count(struct bk_progress *p, const struct bk_task *t)
{
	uint64_t bytes = t->item->bytes;

	if (t->kind == BK_TASK_RANGE)
		bytes = (uint64_t)((double)bytes / t->item->pages *
		    (double)(t->to - t->from));
	atomic_fetch_add(&p->bytes, bytes);
	if (t->last)
		atomic_fetch_add(&p->items, 1);
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct bk_task_queue *q = w->workers->q;
	struct bk_err e = {0};
	struct bk_slot *s;
	enum outcome o = DONE;

	if (join(w, &e) == -1)
		o = FAILED;
	while (o == DONE && (s = bk_task_queue_take(q)) != NULL) {
		if (begin(w, &e) == -1)
			o = FAILED;
		else if (s->task.kind == BK_TASK_BLOBS)
			o = do_blobs(w, s, &e);
		else
			o = do_table(w, s, &e);
		if (o == DONE) {
			count(w->workers->progress, &s->task);
			bk_task_queue_finish(q, s);
		}
	}
	if (o == FAILED)
		bk_task_queue_fail(q, &e);
	return NULL;
}

struct bk_dump_workers *
bk_dump_workers_start(unsigned n, const struct bk_conn_params *params,
    PGconn *leader, struct bk_task_queue *q,
    const struct bk_dump_workers_options *o, struct bk_progress *progress,
    struct bk_err *e)
{
	struct bk_dump_workers *c = calloc(1,
	    sizeof(*c) + n * sizeof(c->worker[0]));
	int rc = 0;

	if (c == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*c = (struct bk_dump_workers){ .params = params, .leader = leader,
	    .leader_sock = PQsocket(leader), .q = q,
	    .options = o, .progress = progress, .wanted = n };
	for (; rc == 0 && c->n < n; c->n += rc == 0) {
		struct worker *w = &c->worker[c->n];

		w->workers = c;
		w->sock = -1;
		rc = bk_thread_start(&w->tid, run, w, e);
	}
	if (rc == 0)
		return c;
	bk_task_queue_fail(q, e);
	bk_dump_workers_end(c, 1);
	return NULL;
}

void
bk_dump_workers_end(struct bk_dump_workers *c, int cut)
{
	unsigned i;
	int fd;

	if (c == NULL)
		return;
	if (cut)
		(void)shutdown(c->leader_sock, SHUT_RDWR);
	for (i = 0; i < c->n; i++) {
		struct worker *w = &c->worker[i];

		if (cut && (fd = atomic_load(&w->sock)) != -1)
			(void)shutdown(fd, SHUT_RDWR);
		pthread_join(w->tid, NULL);
		PQfinish(w->conn);
		bk_digest_free(w->digest);
		free(w->buf);
	}
	free(c);
}
