#include "restore/restore.h"

#include <string.h>

#include "base/majors.h"
#include "base/utctime.h"
#include "pg/server.h"
#include "pg/sql.h"
#include "restore/analyze.h"
#include "restore/ddl.h"
#include "restore/guard.h"
#include "restore/load.h"
#include "restore/restore_in.h"

/* The end marker of COPY text in an archive, as pg_dump writes it. */
static const char copy_end[] = "\\.\n\n\n";
#define COPY_END (sizeof(copy_end) - 1)

#define PIECE (32 * 1024)	/* a multiple of a large object's page size */

/* Fill c from the archive; 1 if the block ended before it was full. */
static int
fill_chunk(struct bk_restore *r, struct bk_chunk *c, struct bk_err *e)
{
	ssize_t n;

	while (c->len < sizeof(c->data)) {
		n = bk_archive_data(r->archive, c->data + c->len,
		    sizeof(c->data) - c->len, e);
		if (n == -1)
			return -1;
		if (n == 0)
			return 1;
		c->len += (size_t)n;
	}
	return 0;
}

static int
is_desc(const struct bk_toc_entry *te, const char *desc)
{
	return te->desc != NULL && strcmp(te->desc, desc) == 0;
}

/* End of the last complete row before any end marker in c; 0: none. */
static size_t
find_cut(const struct bk_chunk *c)
{
	size_t i = c->len - COPY_END;

	while (i > 0 && c->data[i - 1] != '\n')
		i--;
	return i;
}

/*
 * Strip the end marker from a table's last chunk; in_row: the chunk began
 * within a row.
 */
static int
strip_end(struct bk_restore *r, struct bk_chunk *c, int in_row,
    struct bk_err *e)
{
	size_t at = c->len < COPY_END ? 0 : c->len - COPY_END;

	if (c->len < COPY_END ||
	    memcmp(c->data + at, copy_end, COPY_END) != 0 ||
	    (at == 0 ? in_row : c->data[at - 1] != '\n'))
		return bk_restore_damaged(r, c->table, "its rows have no end "
		    "marker",
		    e);
	c->len = at;
	return 0;
}

/*
 * Cut a table's rows into chunks.  A chunk is filled before it is put, so the
 * bytes after its last row move to the next one.
 */
static int
read_rows(struct bk_restore *r, struct bk_chunk_queue *q,
    struct bk_restore_table *t, struct bk_err *e)
{
	struct bk_chunk *c = bk_chunk_queue_get(q, e), *next;
	int rc, in_row = 0;
	size_t cut;

	if (c == NULL)
		return -1;
	c->table = t;
	while ((rc = fill_chunk(r, c, e)) == 0) {
		if ((next = bk_chunk_queue_get(q, e)) == NULL) {
			rc = -1;
			break;
		}
		if ((c->link.more = (cut = find_cut(c)) == 0))
			cut = c->len - COPY_END;
		in_row = c->link.more;
		next->table = t;
		next->len = c->len - cut;
		memcpy(next->data, c->data + cut, next->len);
		c->len = cut;
		bk_handover_put(&q->h, c);
		c = next;
	}
	if (rc == 1 && (rc = strip_end(r, c, in_row, e)) == 0 && c->len > 0) {
		bk_handover_put(&q->h, c);
		return 0;
	}
	bk_handover_recycle(&q->h, c);
	return rc;
}

/* Make room for a piece in *c, if need be a new chunk. */
static int
make_room(struct bk_chunk_queue *q, struct bk_chunk **c, struct bk_err *e)
{
	struct bk_restore_table *t = (*c)->table;

	if (sizeof((*c)->data) - (*c)->len >= PIECE &&
	    (*c)->npieces < BK_CHUNK_PIECES)
		return 0;
	bk_handover_put(&q->h, *c);
	if ((*c = bk_chunk_queue_get(q, e)) == NULL)
		return -1;
	(*c)->table = t;
	return 0;
}

/* Read at most max bytes of p's object into p; 1 at the object's end. */
static int
read_piece(struct bk_restore *r, struct bk_chunk *c, struct bk_piece *p,
    size_t max, struct bk_digest_state *digest, struct bk_err *e)
{
	ssize_t n;

	while (p->len < max) {
		n = bk_archive_data(r->archive, c->data + c->len,
		    max - p->len, e);
		if (n <= 0)
			return n == 0 ? 1 : -1;
		bk_digest_update(digest, c->data + c->len, (size_t)n);
		c->len += (size_t)n;
		p->len += (size_t)n;
	}
	return 0;
}

/*
 * One large object, in pieces; *c is the chunk to fill.  Two workers must not
 * write to the same page of an object, so it is cut only between pages of any
 * size.
 */
static int
read_object(struct bk_restore *r, struct bk_chunk_queue *q,
    struct bk_chunk **c, uint32_t oid, struct bk_digest_state *digest,
    struct bk_err *e)
{
	struct bk_content seen = { .rows = 1 };
	struct bk_restore_table *t = (*c)->table;
	struct bk_piece *p;
	size_t room;
	int rc;

	bk_digest_begin_object(digest, oid);
	do {
		if (make_room(q, c, e) == -1)
			return -1;
		room = sizeof((*c)->data) - (*c)->len;
		p = &(*c)->piece[(*c)->npieces];
		*p = (struct bk_piece){ .oid = oid, .at = seen.bytes,
		    .from = (*c)->len };
		rc = read_piece(r, *c, p, room - room % PIECE, digest, e);
		(*c)->npieces += p->len > 0;
		seen.bytes += p->len;
	} while (rc == 0);
	bk_digest_end(digest, &seen.digest);
	bk_chunk_queue_count(q, t, &seen, 0);
	return rc == 1 ? 0 : -1;
}

static int
read_objects(struct bk_restore *r, struct bk_chunk_queue *q,
    struct bk_restore_table *t, struct bk_err *e)
{
	struct bk_digest_state *digest = bk_digest_new();
	struct bk_chunk *c = bk_chunk_queue_get(q, e);
	uint32_t oid;
	int rc = -1;

	if (digest == NULL)
		bk_fail_memory(e);
	if (digest == NULL || c == NULL)
		goto done;
	c->table = t;
	while ((rc = bk_archive_object(r->archive, &oid, e)) == 1)
		if ((rc = read_object(r, q, &c, oid, digest, e)) == -1)
			break;
	if (rc == 0 && c->npieces > 0) {
		bk_handover_put(&q->h, c);
		c = NULL;
	}
 done:
	if (c != NULL)
		bk_handover_recycle(&q->h, c);
	bk_digest_free(digest);
	return rc;
}

/* Pass everything up to the end of the stream to the workers. */
static int
read_all(struct bk_restore *r, struct bk_chunk_queue *q,
    struct bk_progress *progress, struct bk_err *e)
{
	struct bk_restore_table *t;
	int rc;

	while ((rc = bk_restore_block(r, &t, e)) == 1) {
		rc = t->blobs ? read_objects(r, q, t, e) :
		    read_rows(r, q, t, e);
		if (rc == -1)
			break;
		atomic_fetch_add(&progress->items, 1);
	}
	if (rc == 0)
		bk_handover_end(&q->h);
	return rc;
}

int
bk_restore_rows(struct bk_restore *r, const struct bk_load_options *options,
    struct bk_err *e)
{
	unsigned jobs = options->conn != NULL ? 1 : options->jobs;
	struct bk_chunk_queue *q = bk_chunk_queue_new(4 * jobs + 2, e);
	struct bk_load *l = NULL;
	int rc = -1;

	if (q == NULL || (l = bk_load_start(options, q, e)) == NULL)
		goto done;
	if ((rc = read_all(r, q, options->progress, e)) == 0)
		rc = bk_load_finish(l, e);
 done:
	bk_load_free(l);
	bk_chunk_queue_free(q);
	return rc;
}

void
bk_restore_report(const struct bk_restore *r, struct bk_restore_report *report)
{
	size_t i;

	report->table = r->table;
	report->n = r->n;
	report->manifest = &r->manifest;
	report->notes = r->notes.data;
	report->trusted = r->trusted;
	for (i = 0; i < r->n; i++) {
		const struct bk_restore_table *t = &r->table[i];

		report->bytes += t->seen.bytes;
		report->blobs += t->blobs && !t->skip ? t->seen.rows : 0;
		report->tables += !t->blobs && !t->skip;
		report->rows += t->loaded;
	}
}

int
bk_restore_use_list(struct bk_restore *r, const char *list, struct bk_err *e)
{
	struct bk_restore_table *t;
	size_t i;

	if (bk_restore_list_read(&r->list, &r->toc, list, e) == -1)
		return -1;
	for (i = 0; i < r->toc.n; i++)
		if (!bk_restore_list_has(&r->list, i) &&
		    (t = bk_restore_find(r, r->toc.entry[i].id)) != NULL)
			t->skip |= 2;
	return 0;
}

/*
 * A table that did not load is left empty, as by pg_restore: other workers may
 * have loaded some of its rows.
 */
static int
empty_failed(const struct bk_restore *r, const struct bk_restore_options *o,
    struct bk_err *e)
{
	struct bk_buf sql = {0};
	PGconn *conn = NULL;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < r->n; i++) {
		const struct bk_restore_table *t = &r->table[i];

		if (!t->failed)
			continue;
		sql.len = 0;
		if (bk_buf_puts(&sql, "TRUNCATE ONLY ", e) == 0 &&
		    bk_conn_qualified(&sql, t->te->schema, t->te->tag,
		    e) == 0 && (conn != NULL ||
		    (conn = bk_conn_again(o->params, e)) != NULL))
			PQclear(bk_sql_exec(conn, sql.data)); /* if it exists */
		else
			rc = -1;
	}
	PQfinish(conn);
	bk_buf_free(&sql);
	return rc;
}

int
bk_restore_tell_rights(struct bk_restore *r, const struct bk_rights *found,
    struct bk_err *e)
{
	r->trusted += found->n + found->functions;
	return bk_rights_note(found, &r->notes, e);
}

/* Privileges, which some code of the dump needs: they come again, last. */
static void
grant(void *ctx, PGconn *conn)
{
	const struct bk_restore *r = ctx;
	size_t i;

	for (i = 0; i < r->toc.n; i++) {
		const struct bk_toc_entry *te = &r->toc.entry[i];

		if (is_desc(te, "ACL") && te->defn != NULL &&
		    te->tag != NULL && strncmp(te->tag, "DATABASE ", 9) != 0 &&
		    bk_restore_list_has(&r->list, i))
			PQclear(bk_sql_exec(conn, te->defn));
	}
}

/* The rows, those that run code of the dump last and as its owner. */
static int
load_rows(struct bk_restore *r, const struct bk_restore_options *o,
    const char *settings, struct bk_err *e)
{
	struct bk_load_options options = { .params = o->params, .jobs = o->jobs,
	    .role = o->role, .progress = o->progress,
	    .encoding = settings, .failures = o->failures };
	PGconn *conn = bk_server_again(o->params, e);
	struct bk_guard guard = {0};
	int rc = -1;

	if (conn == NULL ||
	    bk_load_session(conn, o->role, settings, e) == -1 ||
	    bk_guard_open(&guard, conn, r->table, r->n, e) == -1 ||
	    bk_rights_refuse(r->name, o, conn, &guard.trusted, e) == -1 ||
	    bk_restore_tell_rights(r, &guard.trusted, e) == -1 ||
	    bk_restore_rows(r, &options, e) == -1 ||
	    bk_restore_check(r, e) == -1 || empty_failed(r, o, e) == -1 ||
	    bk_guard_move(&guard, o->failures, o->no_acl ? NULL : grant, r,
	    e) == -1)
		goto done;
	rc = bk_guard_close(&guard, e);
 done:
	bk_guard_free(&guard);
	PQfinish(conn);
	return rc;
}

/*
 * Before anything is made: which code runs with our rights?  *quiet:
 * for sessions that come when the dump's event triggers are there.
 */
static int
judge_definitions(struct bk_restore *r, const struct bk_restore_options *o,
    int *major, struct bk_conn_params **quiet, struct bk_err *e)
{
	struct bk_rights found = {0};
	PGconn *conn = bk_server_again(o->params, e);
	int rc = -1;

	if (conn == NULL)
		return -1;
	*major = BK_PG_MAJOR(PQserverVersion(conn));
	bk_rights_definitions(&r->toc, &r->list, NULL, r->opaque, &found);
	if (bk_rights_functions(conn, &r->toc, &r->list, NULL, &found,
	    e) == 0 && bk_rights_refuse(r->name, o, conn, &found, e) == 0 &&
	    bk_restore_tell_rights(r, &found, e) == 0 &&
	    (*quiet = bk_conn_params(conn, e)) != NULL)
		rc = bk_server_quiet(conn, *quiet, e);
	PQfinish(conn);
	return rc;
}

int
bk_restore_load(struct bk_restore *r, const struct bk_restore_options *o,
    struct bk_restore_report *report, struct bk_err *e)
{
	const double started = bk_monotonic();
	struct bk_restore_ddl ddl = {0};
	struct bk_conn_params *quiet = NULL;
	struct bk_buf settings = {0};
	int major, rc = -1;

	*report = (struct bk_restore_report){0};
	atomic_store(&o->progress->items_total, r->n);
	if (judge_definitions(r, o, &major, &quiet, e) == -1 ||
	    bk_restore_ddl_open(&ddl, &r->toc, &r->list, o, major,
	    e) == -1 ||
	    bk_restore_ddl_pre(&ddl, e) == -1 ||
	    bk_entry_settings(&r->toc, &settings, e) == -1 ||
	    load_rows(r, o, settings.data, e) == -1 ||
	    bk_restore_ddl_post(&ddl, e) == -1)
		goto done;
	rc = bk_restore_analyze(quiet, o->jobs, &r->notes, e);
 done:
	bk_conn_params_free(quiet);
	bk_restore_report(r, report);
	report->seconds = bk_monotonic() - started;
	bk_restore_ddl_close(&ddl);
	bk_buf_free(&settings);
	return rc;
}

/* Is this ALTER DATABASE, or a privilege, comment or label of the database? */
static int
is_database(const struct bk_toc_entry *te, int no_acl)
{
	const char *desc = te->desc == NULL ? "" : te->desc;

	if (strcmp(desc, "DATABASE PROPERTIES") == 0)
		return te->defn != NULL;
	return te->defn != NULL && te->tag != NULL &&
	    strncmp(te->tag, "DATABASE ", 9) == 0 &&
	    ((strcmp(desc, "ACL") == 0 && !no_acl) ||
	    strcmp(desc, "COMMENT") == 0 ||
	    strcmp(desc, "SECURITY LABEL") == 0);
}

int
bk_restore_database(struct bk_restore *r, const struct bk_restore_options *o,
    const char *name, const char *first, int rehearse, struct bk_err *e)
{
	const int same = r->toc.dbname != NULL &&
	    strcmp(r->toc.dbname, name) == 0;
	struct bk_buf settings = {0};
	PGconn *conn = NULL;
	size_t i;
	int rc = -1;

	if ((conn = bk_conn_again(o->params, e)) == NULL ||
	    bk_entry_settings(&r->toc, &settings, e) == -1 ||
	    bk_conn_exec(conn, "BEGIN", e) == -1 ||
	    (first != NULL && bk_conn_exec(conn, first, e) == -1) ||
	    /* the role may not be allowed to do that */
	    bk_load_session(conn, o->role, settings.data, e) == -1)
		goto done;
	rc = 0;
	for (i = 0; rc == 0 && same && i < r->toc.n; i++)
		if (bk_restore_list_has(&r->list, i) &&
		    is_database(&r->toc.entry[i], o->no_acl))
			rc = bk_conn_exec(conn, r->toc.entry[i].defn, e);
	if (rc == 0)
		rc = bk_conn_exec(conn, rehearse ? "ROLLBACK" : "COMMIT", e);
 done:
	PQfinish(conn);
	bk_buf_free(&settings);
	return rc;
}
