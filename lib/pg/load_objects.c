#include "load_objects.h"

#include <arpa/inet.h>

#include <string.h>

#include "conn.h"

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

int
bk_load_put_objects(PGconn *conn, const struct bk_chunk *c, struct bk_err *e)
{
	static const Oid types[3] = { 1028, 1016, 1001 };	/* their arrays */
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
	res = PQexecParams(conn, "SELECT pg_catalog.count("
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
