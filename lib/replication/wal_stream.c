#include "replication/wal_stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "pg/conn.h"
#include "pg/sql.h"
#include "replication/repl.h"

#define EPOCH 946684800		/* 2000-01-01, the server's */
#define SECOND 1000000		/* its clock counts microseconds */
#define WAL_HEAD (1 + 8 + 8 + 8)	/* of 'w': start, end, clock */
#define ALIVE_LEN (1 + 8 + 8 + 1)	/* of 'k': end, clock, reply */
#define STATUS_LEN (1 + 4 * 8 + 1)	/* of 'r' */

static uint64_t
get64(const uint8_t *p)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
put64(uint8_t *p, uint64_t v)
{
	int i;

	for (i = 7; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static time_t
server_time(const uint8_t *p)
{
	return (time_t)((int64_t)get64(p) / SECOND + EPOCH);
}

/*
 * The failure of res.  Told by SQLSTATE, as the text may be in any language:
 * a WAL file that is gone, and a slot that is no longer good for anything.
 */
static int
fail_result(PGconn *conn, const PGresult *res, struct bk_err *e)
{
	struct bk_err why = {0};
	int gone = bk_conn_failed_with(res, "58P01");
	int lost = bk_conn_failed_with(res, "55000");

	bk_conn_fail(conn, res, NULL, &why);
	if (!gone && !lost)
		return bk_fail(e, BK_FAIL, "%s", why.msg);
	return bk_fail(e, BK_DATA, "%s; take a new base backup, begin with a "
	    "new slot and an empty spool", why.msg);
}

/* A row of the next timeline and where it begins. */
static int
parse_next(const PGresult *res, struct bk_stream_next *next, struct bk_err *e)
{
	struct bk_err ignored = {0};
	uint64_t timeline;

	if (PQntuples(res) != 1 || PQnfields(res) < 2 ||
	    bk_num_parse(PQgetvalue(res, 0, 0), 1, UINT32_MAX, "timeline",
	    &timeline, &ignored) == -1 ||
	    !bk_lsn_parse(PQgetvalue(res, 0, 1), &next->lsn))
		return bk_fail(e, BK_FAIL, "the server did not say which "
		    "timeline comes next");
	next->timeline = (uint32_t)timeline;
	return 0;
}

int
bk_stream_finish(PGconn *conn, struct bk_stream_next *next, struct bk_err *e)
{
	PGresult *res;
	int rc = 1, done = 0;

	/* of a connection that was lost there is a result, too */
	(void)PQputCopyEnd(conn, NULL);
	(void)PQsetnonblocking(conn, 0);
	while ((res = bk_sql_result(conn)) != NULL) {
		ExecStatusType st = PQresultStatus(res);

		if (st == PGRES_TUPLES_OK && rc == 1)
			rc = parse_next(res, next, e);
		else if (st == PGRES_COPY_BOTH || st == PGRES_COPY_IN)
			(void)PQputCopyEnd(conn, NULL);
		else if (st == PGRES_COMMAND_OK)
			done = 1;
		/* one that shuts down says so, and hangs up */
		else if (st != PGRES_TUPLES_OK && (!done ||
		    PQstatus(conn) != CONNECTION_BAD))
			rc = fail_result(conn, res, e);
		PQclear(res);
		if (PQstatus(conn) == CONNECTION_BAD)
			break;
	}
	return rc == 1 ? bk_fail(e, BK_FAIL, "the server has ended the stream; "
	    "it may be shutting down") : rc;
}

int
bk_stream_start(PGconn *conn, const char *slot, uint64_t lsn,
    uint32_t timeline, struct bk_stream_next *next, struct bk_err *e)
{
	char cmd[160], at[BK_LSN_TEXT];
	PGresult *res;
	int rc;

	bk_lsn_format(lsn, at);
	(void)snprintf(cmd, sizeof(cmd), "START_REPLICATION %s%s%s PHYSICAL %s "
	    "TIMELINE %" PRIu32, slot != NULL ? "SLOT \"" : "",
	    slot != NULL ? slot : "", slot != NULL ? "\"" : "", at, timeline);
	res = bk_sql_exec(conn, cmd);
	switch (PQresultStatus(res)) {
	case PGRES_COPY_BOTH:
		rc = PQsetnonblocking(conn, 1) == 0 ? 0 :
		    bk_conn_fail(conn, NULL, NULL, e);
		break;
	case PGRES_TUPLES_OK:
		rc = parse_next(res, next, e) == 0 ? 1 : -1;
		break;
	default:
		rc = fail_result(conn, res, e);
	}
	PQclear(res);
	return rc;
}

/* The n bytes at m->memory. */
static int
parse(struct bk_stream_message *m, size_t n, struct bk_err *e)
{
	const uint8_t *p = (const uint8_t *)m->memory;

	if (n >= WAL_HEAD && *p == 'w') {
		m->kind = BK_STREAM_WAL;
		m->start = get64(p + 1);
		m->end = get64(p + 9);
		m->sent = server_time(p + 17);
		m->data = p + WAL_HEAD;
		m->len = n - WAL_HEAD;
	} else if (n >= ALIVE_LEN && *p == 'k') {
		m->kind = BK_STREAM_ALIVE;
		m->end = get64(p + 1);
		m->sent = server_time(p + 9);
		m->reply = p[17];
	} else
		return bk_fail(e, BK_FAIL, "the server sent a message of an "
		    "unknown kind");
	return 0;
}

int
bk_stream_read(PGconn *conn, struct bk_stream_message *m, struct bk_err *e)
{
	int n;

	*m = (struct bk_stream_message){ .kind = BK_STREAM_NOTHING };
	if ((n = PQgetCopyData(conn, &m->memory, 1)) == 0) {
		if (PQconsumeInput(conn) == 0)
			return bk_conn_fail(conn, NULL, NULL, e);
		n = PQgetCopyData(conn, &m->memory, 1);
	}
	if (n > 0)
		return parse(m, (size_t)n, e);
	/* -2: the result tells more than the connection does */
	if (n < 0)
		m->kind = BK_STREAM_ENDED;
	return 0;
}

void
bk_stream_free(struct bk_stream_message *m)
{
	PQfreemem(m->memory);
	*m = (struct bk_stream_message){ .kind = BK_STREAM_NOTHING };
}

int
bk_stream_status(PGconn *conn, uint64_t written, uint64_t flushed, int ask,
    struct bk_err *e)
{
	uint8_t msg[STATUS_LEN] = { 'r' };
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	put64(msg + 1, written);
	put64(msg + 9, flushed);
	/* nothing is applied here: 17 to 24 stay 0 */
	put64(msg + 25, (uint64_t)(((int64_t)now.tv_sec - EPOCH) * SECOND +
	    now.tv_nsec / 1000));
	msg[33] = ask != 0;
	if (PQputCopyData(conn, (const char *)msg, STATUS_LEN) == -1 ||
	    PQflush(conn) == -1)
		return bk_conn_fail(conn, NULL, NULL, e);
	return 0;
}

int
bk_stream_history(PGconn *conn, uint32_t timeline, struct bk_buf *out,
    struct bk_err *e)
{
	char cmd[64];
	PGresult *res;
	int rc;

	(void)snprintf(cmd, sizeof(cmd), "TIMELINE_HISTORY %" PRIu32, timeline);
	if ((res = bk_repl_command(conn, cmd, e)) == NULL)
		return -1;
	if (PQntuples(res) != 1 || PQnfields(res) < 2)
		rc = bk_fail(e, BK_FAIL, "no valid answer to %s", cmd);
	else
		rc = bk_buf_add(out, PQgetvalue(res, 0, 1),
		    (size_t)PQgetlength(res, 0, 1), e);
	PQclear(res);
	return rc;
}
