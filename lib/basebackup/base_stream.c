#include "basebackup/base_stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/majors.h"
#include "base/num.h"
#include "pg/conn.h"
#include "pg/sql.h"

#define END_LEN 1024		/* of a tar: two blocks of zeros */
#define DATA_CORRUPTED "XX001"	/* SQLSTATE */

struct tablespace {
	uint32_t oid;		/* 0: the data directory */
	char *location;
};

struct bk_base_stream {
	PGconn *conn;
	int one_copy;
	struct tablespace *space;	/* in the order in which they come */
	size_t n, sent;		/* of them; archives begun, manifest too */
	PGresult *res;		/* the one that is next */
	char *msg;		/* of libpq's */
	size_t at, len;		/* within msg */
	int in_copy;
	int peeked;		/* res has not been looked at yet */
	int open;		/* an archive's data is being read */
	size_t zeros;		/* to be added at its end */
};

static int
odd(const char *what, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "server: unexpected answer to BASE_BACKUP: "
	    "%s", what);
}

/* Get the next result; -1 with *e set if it is a failure or missing. */
static int
next_result(struct bk_base_stream *s, ExecStatusType want, struct bk_err *e)
{
	if (!s->peeked) {
		PQclear(s->res);
		s->res = bk_sql_result(s->conn);
	}
	s->peeked = 0;
	if (s->res != NULL && PQresultStatus(s->res) == want)
		return 0;
	if (s->res == NULL || PQresultStatus(s->res) == PGRES_FATAL_ERROR ||
	    PQresultStatus(s->res) == PGRES_BAD_RESPONSE)
		return bk_conn_fail(s->conn, s->res, "base backup", e);
	return odd(PQresStatus(PQresultStatus(s->res)), e);
}

/* A row of recptr and tli. */
static int
parse_position(const PGresult *res, uint64_t *lsn, uint32_t *timeline)
{
	struct bk_err ignored = {0};
	uint64_t tli;

	if (PQntuples(res) != 1 || PQnfields(res) < 2 ||
	    !bk_lsn_parse(PQgetvalue(res, 0, 0), lsn) ||
	    bk_num_parse(PQgetvalue(res, 0, 1), 1, UINT32_MAX, "timeline",
	    &tli, &ignored) == -1)
		return -1;
	*timeline = (uint32_t)tli;
	return 0;
}

static int
parse_number(const PGresult *res, int row, int column, uint64_t max,
    uint64_t *out)
{
	struct bk_err ignored = {0};

	*out = 0;
	if (PQgetisnull(res, row, column))
		return 0;
	return bk_num_parse(PQgetvalue(res, row, column), 0, max, "number",
	    out, &ignored);
}

/* Rows of spcoid, spclocation and size in KiB; no OID: the main archive. */
static int
parse_tablespaces(struct bk_base_stream *s, uint64_t *bytes, struct bk_err *e)
{
	int i, mains = 0, rows = PQntuples(s->res);
	uint64_t oid, size;

	if (rows < 1 || PQnfields(s->res) < 3)
		return odd("no tablespaces", e);
	s->space = calloc((size_t)rows, sizeof(*s->space));
	if (s->space == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < rows; i++) {
		if (parse_number(s->res, i, 0, UINT32_MAX, &oid) == -1 ||
		    parse_number(s->res, i, 2, INT64_MAX / 1024, &size) == -1)
			return odd("a malformed tablespace", e);
		s->space[s->n].oid = (uint32_t)oid;
		s->space[s->n].location = strdup(PQgetvalue(s->res, i, 1));
		if (s->space[s->n++].location == NULL)
			return bk_fail_memory(e);
		mains += oid == 0;
		*bytes = *bytes > UINT64_MAX - size * 1024 ? UINT64_MAX :
		    *bytes + size * 1024;
	}
	return mains == 1 && s->space[s->n - 1].oid == 0 ? 0 :
	    odd("the data directory is not the last tablespace", e);
}

static int
read_start(struct bk_base_stream *s, struct bk_base_start *start,
    struct bk_err *e)
{
	if (next_result(s, PGRES_TUPLES_OK, e) == -1)
		return -1;
	if (parse_position(s->res, &start->lsn, &start->timeline) == -1)
		return odd("no start of the WAL", e);
	start->bytes = 0;
	if (next_result(s, PGRES_TUPLES_OK, e) == -1)
		return -1;
	return parse_tablespaces(s, &start->bytes, e);
}

struct bk_base_stream *
bk_base_stream_open(PGconn *conn, const char *command,
    struct bk_base_start *start, struct bk_err *e)
{
	struct bk_base_stream *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	s->conn = conn;
	s->one_copy = BK_PG_MAJOR(PQserverVersion(conn)) >=
	    BK_PG_BASE_OPTIONS;
	if (!bk_sql_send(conn, command))
		bk_conn_fail(conn, NULL, "base backup", e);
	else if (read_start(s, start, e) == 0)
		return s;
	bk_base_stream_free(s);
	return NULL;
}

/* The next message of the COPY: 1; 0 at its end; -1 with *e set. */
static int
next_message(struct bk_base_stream *s, struct bk_err *e)
{
	int n;

	PQfreemem(s->msg);
	s->msg = NULL;
	s->at = s->len = 0;
	n = PQgetCopyData(s->conn, &s->msg, 0);
	if (n > 0) {
		s->len = (size_t)n;
		return 1;
	}
	s->in_copy = 0;
	if (n != -1)
		return bk_conn_fail(s->conn, NULL, "base backup", e);
	/* an error of the server's ends a COPY just as well */
	PQclear(s->res);
	s->res = bk_sql_result(s->conn);
	s->peeked = 1;
	if (PQresultStatus(s->res) == PGRES_FATAL_ERROR)
		return bk_conn_fail(s->conn, s->res, "base backup", e);
	return 0;
}

/* A message at a time, up to data or to an archive's begin or the end. */
static int
next_data(struct bk_base_stream *s, struct bk_err *e)
{
	int r;

	while ((r = next_message(s, e)) == 1) {
		if (!s->one_copy)
			return 1;
		switch (s->msg[0]) {
		case 'd':
			s->at = 1;
			return 1;
		case 'p':
			break;
		case 'n':
		case 'm':
			return 0;
		default:
			return odd("a message of an unknown kind", e);
		}
	}
	return r;
}

ssize_t
bk_base_stream_read(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct bk_base_stream *s = ctx;
	int r;

	while (s->open && s->at == s->len) {
		if ((r = next_data(s, e)) == -1)
			return -1;
		s->open = r;
	}
	if (!s->open) {		/* 13 and 14 leave out the end marker */
		if (n > s->zeros)
			n = s->zeros;
		memset(buf, 0, n);
		s->zeros -= n;
		return (ssize_t)n;
	}
	if (n > s->len - s->at)
		n = s->len - s->at;
	memcpy(buf, s->msg + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

/* "16384.tar", or "base.tar" for the data directory.  0 or -1. */
static int
parse_name(const char *msg, size_t len, uint64_t *oid)
{
	struct bk_err ignored = {0};
	char name[32];
	const char *end = memchr(msg, '\0', len);
	size_t n = end == NULL ? 0 : (size_t)(end - msg);

	*oid = 0;
	if (n < 5 || n >= sizeof(name) || memcmp(end - 4, ".tar", 4) != 0)
		return -1;
	memcpy(name, msg, n - 4);
	name[n - 4] = '\0';
	return strcmp(name, "base") == 0 ? 0 :
	    bk_num_parse(name, 1, UINT32_MAX, "oid", oid, &ignored);
}

/* An archive of tablespace oid begins; it must have been announced. */
static int
begin_archive(struct bk_base_stream *s, uint64_t oid,
    struct bk_base_archive *a, struct bk_err *e)
{
	if (s->sent >= s->n || s->space[s->sent].oid != oid)
		return odd("an archive that was not announced", e);
	a->location = s->space[s->sent++].location;
	a->kind = oid == 0 ? BK_BASE_MAIN : BK_BASE_TABLESPACE;
	a->oid = (uint32_t)oid;
	s->zeros = s->one_copy ? 0 : END_LEN;
	s->open = 1;
	return 1;
}

static int
begin_manifest(struct bk_base_stream *s, struct bk_base_archive *a,
    struct bk_err *e)
{
	if (s->sent != s->n)
		return odd("a manifest before the last archive", e);
	s->sent++;
	a->kind = BK_BASE_MANIFEST;
	s->zeros = 0;
	s->open = 1;
	return 1;
}

/* All of the archives and the manifest are there: 0; else -1. */
static int
complete(const struct bk_base_stream *s, struct bk_err *e)
{
	return s->sent == s->n + 1 ? 0 : odd("an archive is missing", e);
}

/* From 15 on: msg is the message that begins the next archive, or none is. */
static int
next_in_copy(struct bk_base_stream *s, struct bk_base_archive *a,
    struct bk_err *e)
{
	uint64_t oid;
	char kind;

	if (s->sent == 0) {
		if (next_result(s, PGRES_COPY_OUT, e) == -1)
			return -1;
		s->in_copy = 1;
		if (next_data(s, e) == -1)
			return -1;
	}
	if (!s->in_copy)
		return complete(s, e);
	kind = s->msg[0];
	s->at = s->len;		/* the message is no data */
	if (kind == 'm')
		return begin_manifest(s, a, e);
	if (kind != 'n' || parse_name(s->msg + 1, s->len - 1, &oid) == -1)
		return odd("an archive without a name", e);
	return begin_archive(s, oid, a, e);
}

/* 13 and 14: the next COPY; the manifest's is the last. */
static int
next_copy(struct bk_base_stream *s, struct bk_base_archive *a,
    struct bk_err *e)
{
	if (s->sent > s->n)
		return complete(s, e);
	if (next_result(s, PGRES_COPY_OUT, e) == -1)
		return -1;
	s->in_copy = 1;
	s->at = s->len;
	return s->sent == s->n ? begin_manifest(s, a, e) :
	    begin_archive(s, s->space[s->sent].oid, a, e);
}

int
bk_base_stream_next(struct bk_base_stream *s, struct bk_base_archive *a,
    struct bk_err *e)
{
	*a = (struct bk_base_archive){0};
	return s->one_copy ? next_in_copy(s, a, e) : next_copy(s, a, e);
}

int
bk_base_stream_end(struct bk_base_stream *s, uint64_t *lsn, struct bk_err *e)
{
	uint32_t timeline;
	struct bk_err last = {0};

	if (next_result(s, PGRES_TUPLES_OK, e) == -1)
		return -1;
	if (parse_position(s->res, lsn, &timeline) == -1)
		return odd("no end of the WAL", e);
	if (next_result(s, PGRES_COMMAND_OK, &last) == 0)
		return 1;
	if (bk_conn_failed_with(s->res, DATA_CORRUPTED))
		return 0;
	*e = last;
	return -1;
}

void
bk_base_stream_free(struct bk_base_stream *s)
{
	size_t i;

	if (s == NULL)
		return;
	PQclear(s->res);
	PQfreemem(s->msg);
	for (i = 0; i < s->n; i++)
		free(s->space[i].location);
	free(s->space);
	free(s);
}
