#include "replication/repl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "base/num.h"
#include "pg/sql.h"

#define MIB (UINT64_C(1024) * 1024)
#define EPOCH 946684800		/* PostgreSQL's, 2000-01-01 */

/* What an administrator has to do so that the server lets us in. */
static void
add_remedy(struct bk_err *e)
{
	if (strstr(e->msg, "max_wal_senders") != NULL)
		bk_fail_add(e, "; raise it, with a wal_level of replica or "
		    "logical");
	else if (strstr(e->msg, "pg_hba.conf") != NULL)
		bk_fail_add(e, "; add a line for the database "
		    "\"replication\" to it");
	else if (strstr(e->msg, "WAL sender") != NULL ||
	    strstr(e->msg, "walsender") != NULL)
		bk_fail_add(e, "; use ALTER ROLE ... REPLICATION");
}

PGconn *
bk_repl_open(const struct bk_conn_target *t, struct bk_err *e)
{
	struct bk_conn_target target = *t;
	PGconn *conn;

	/* the name under which ~/.pgpass knows such connections */
	target.instead = "replication";
	target.replication = "true";
	if ((conn = bk_conn_open(&target, e)) == NULL)
		add_remedy(e);
	return conn;
}

PGresult *
bk_repl_command(PGconn *conn, const char *cmd, struct bk_err *e)
{
	PGresult *res = bk_sql_exec(conn, cmd);

	switch (PQresultStatus(res)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		return res;
	default:
		bk_conn_fail(conn, res, NULL, e);
		PQclear(res);
		return NULL;
	}
}

/* The result of cmd, one row of at least n columns that are not null. */
static PGresult *
one_row(PGconn *conn, const char *cmd, int n, struct bk_err *e)
{
	PGresult *res = bk_repl_command(conn, cmd, e);
	int i, good;

	if (res == NULL)
		return NULL;
	good = PQntuples(res) == 1 && PQnfields(res) >= n;
	for (i = 0; good && i < n; i++)
		good = !PQgetisnull(res, 0, i);
	if (good)
		return res;
	bk_fail(e, BK_FAIL, "server %s: no valid answer to %s", PQhost(conn),
	    cmd);
	PQclear(res);
	return NULL;
}

/* A setting like "16MB".  0 or -1. */
static int
parse_segment(const char *s, uint64_t *bytes)
{
	char *unit;
	unsigned long n = strtoul(s, &unit, 10);

	if (unit == s || n == 0 || n > 1024)
		return -1;
	if (strcmp(unit, "MB") == 0)
		*bytes = n * MIB;
	else if (strcmp(unit, "GB") == 0)
		*bytes = n * 1024 * MIB;
	else
		return -1;
	return *bytes <= 1024 * MIB && (*bytes & (*bytes - 1)) == 0 ? 0 : -1;
}

/* IDENTIFY_SYSTEM: systemid, timeline, xlogpos, dbname. */
static int
parse_system(const PGresult *res, struct bk_repl_server *out)
{
	const char *id = PQgetvalue(res, 0, 0), *tli = PQgetvalue(res, 0, 1);
	size_t n = strspn(id, "0123456789");
	struct bk_err ignored = {0};
	uint64_t timeline;

	if (n == 0 || n >= sizeof(out->sysid) || id[n] != '\0' ||
	    bk_num_parse(tli, 1, UINT32_MAX, "timeline", &timeline,
	    &ignored) == -1)
		return -1;
	memcpy(out->sysid, id, n + 1);
	out->timeline = (uint32_t)timeline;
	return bk_lsn_parse(PQgetvalue(res, 0, 2), &out->lsn) ? 0 : -1;
}

int
bk_repl_identify(PGconn *conn, struct bk_repl_server *out, struct bk_err *e)
{
	PGresult *res;
	int rc;

	*out = (struct bk_repl_server){
	    .major = BK_PG_MAJOR(PQserverVersion(conn)) };
	bk_conn_host(conn, out->host);
	if (out->major < BK_PG_MANIFESTS)
		return bk_fail(e, BK_FAIL, "server %s: PostgreSQL %d is too "
		    "old; %d or newer is needed", out->host, out->major,
		    BK_PG_MANIFESTS);
	if (out->major > BK_PG_NEWEST)
		return bk_fail(e, BK_FAIL, "server %s: PostgreSQL %d is "
		    BK_PG_YOUNGER, out->host, out->major, BK_PG_NEWEST);
	if ((res = one_row(conn, "IDENTIFY_SYSTEM", 3, e)) == NULL)
		return -1;
	rc = parse_system(res, out);
	PQclear(res);
	if (rc == -1)
		return bk_fail(e, BK_FAIL, "server %s: no valid answer to "
		    "IDENTIFY_SYSTEM", out->host);
	if ((res = one_row(conn, "SHOW wal_segment_size", 1, e)) == NULL)
		return -1;
	rc = parse_segment(PQgetvalue(res, 0, 0), &out->segment);
	PQclear(res);
	return rc == 0 ? 0 : bk_fail(e, BK_FAIL, "server %s: invalid "
	    "wal_segment_size", out->host);
}

/* The clock in a keepalive, 'k', LSN, microseconds, one byte; 0: no such. */
static int
parse_keepalive(const char *msg, int n, time_t *now)
{
	uint64_t t = 0;
	int i;

	if (n != 18 || msg[0] != 'k')
		return 0;
	for (i = 9; i < 17; i++)
		t = t << 8 | (unsigned char)msg[i];
	*now = (time_t)(t / 1000000) + EPOCH;
	return 1;
}

/* Read messages up to a keepalive, or to the end. */
static int
await_keepalive(PGconn *conn, time_t *now)
{
	char *msg;
	int n, found = 0;

	while (!found && (n = PQgetCopyData(conn, &msg, 0)) > 0) {
		found = parse_keepalive(msg, n, now);
		PQfreemem(msg);
	}
	return found;
}

static int
is_copy(const PGresult *res)
{
	const ExecStatusType st = PQresultStatus(res);

	return st == PGRES_COPY_BOTH || st == PGRES_COPY_IN ||
	    st == PGRES_COPY_OUT;
}

/*
 * End the COPY in both directions and take all results.  Of one that has not
 * ended, for want of memory say, libpq gives COPY as the result for ever; the
 * next command fails then.
 */
static void
end_stream(PGconn *conn)
{
	PGresult *res;
	char *msg;

	if (PQputCopyEnd(conn, NULL) == 1)
		while (PQgetCopyData(conn, &msg, 0) > 0)
			PQfreemem(msg);
	while ((res = bk_sql_result(conn)) != NULL && !is_copy(res) &&
	    PQstatus(conn) == CONNECTION_OK)
		PQclear(res);
	PQclear(res);
}

int
bk_repl_clock(PGconn *conn, const struct bk_repl_server *server, time_t *now,
    struct bk_err *e)
{
	/* a standby's status: four numbers of no interest, "answer at once" */
	char status[34] = "r", cmd[64], lsn[BK_LSN_TEXT];
	PGresult *res;
	int found;

	status[33] = 1;
	bk_lsn_format(server->lsn, lsn);
	(void)snprintf(cmd, sizeof(cmd), "START_REPLICATION PHYSICAL %s", lsn);
	if ((res = bk_repl_command(conn, cmd, e)) == NULL)
		return -1;
	found = PQresultStatus(res) == PGRES_COPY_BOTH &&
	    PQputCopyData(conn, status, sizeof(status)) == 1 &&
	    PQflush(conn) == 0 && await_keepalive(conn, now);
	PQclear(res);
	end_stream(conn);
	return found ? 0 : bk_conn_fail(conn, NULL, "the server's clock", e);
}
