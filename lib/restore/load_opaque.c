/* Archives that cannot be split (restore.h). */
#include <limits.h>
#include <string.h>

#include "base/majors.h"
#include "base/utctime.h"
#include "pg/server.h"
#include "restore/analyze.h"
#include "restore/program.h"
#include "restore/restore_in.h"

#define PIECE (64 * 1024)

/* Copy the rest of the block's (or object's) data, as chunks, and its end. */
static int
copy_data(struct bk_restore *r, struct bk_client_feed *f,
    const struct bk_restore_options *o, struct bk_err *e)
{
	uint8_t len[BK_INT_LEN];
	static const uint8_t end[BK_INT_LEN];
	char buf[PIECE];
	ssize_t n;

	while ((n = bk_archive_data(r->archive, buf, sizeof(buf), e)) > 0) {
		bk_archive_put_int(len, (int32_t)n);
		if (bk_client_feed_write(f, len, sizeof(len), e) == -1 ||
		    bk_client_feed_write(f, buf, (size_t)n, e) == -1)
			return -1;
		atomic_fetch_add(&o->progress->bytes, (size_t)n);
	}
	if (n == -1)
		return -1;
	return bk_client_feed_write(f, end, sizeof(end), e);
}

static int
copy_objects(struct bk_restore *r, struct bk_client_feed *f,
    const struct bk_restore_options *o, struct bk_err *e)
{
	uint8_t number[BK_INT_LEN];
	uint32_t oid;
	int rc;

	while ((rc = bk_archive_object(r->archive, &oid, e)) == 1) {
		bk_archive_put_int(number, (int32_t)oid);
		if (bk_client_feed_write(f, number, sizeof(number), e) == -1 ||
		    copy_data(r, f, o, e) == -1)
			return -1;
	}
	bk_archive_put_int(number, 0);
	return rc == -1 ? -1 :
	    bk_client_feed_write(f, number, sizeof(number), e);
}

static int
copy_block(struct bk_restore *r, const struct bk_restore_table *t,
    struct bk_client_feed *f, const struct bk_restore_options *o,
    struct bk_err *e)
{
	struct bk_buf b = {0};
	int rc = -1;

	if (bk_archive_add_block(&b, t->blobs ? BK_BLOCK_BLOBS :
	    BK_BLOCK_DATA, t->te->id, e) == 0 &&
	    bk_client_feed_write(f, b.data, b.len, e) == 0)
		rc = t->blobs ? copy_objects(r, f, o, e) :
		    copy_data(r, f, o, e);
	bk_buf_free(&b);
	return rc;
}

/*
 * Where there is a public schema, as in every new database, none is made: the
 * statement becomes a comment, which is as long.
 */
static int
keep_public(struct bk_toc *toc, PGconn *conn, struct bk_err *e)
{
	static const char make[] = "CREATE SCHEMA ";
	PGresult *res = bk_conn_query(conn, "SELECT 1 FROM "
	    "pg_catalog.pg_namespace WHERE nspname = 'public'", e);
	size_t i, after;

	if (res == NULL)
		return -1;
	for (i = 0; PQntuples(res) > 0 && i < toc->n; i++) {
		const struct bk_toc_entry *te = &toc->entry[i];

		if (strcmp(te->desc, "SCHEMA") != 0 || te->defn == NULL ||
		    strcmp(te->tag, "public") != 0 ||
		    strncmp(te->defn, make, strlen(make)) != 0)
			continue;
		/* how to drop it stands between that and its COPY */
		after = BK_INT_LEN + (te->drop == NULL ? 0 : strlen(te->drop));
		memcpy(toc->raw.data + te->copy_at - after - strlen(te->defn),
		    "--", 2);
	}
	PQclear(res);
	return 0;
}

/* Copy the archive's blocks, without proof records. */
static int
copy_archive(struct bk_restore *r, struct bk_client_feed *f,
    const struct bk_restore_options *o, struct bk_err *e)
{
	struct bk_restore_table *t;
	size_t i;
	int rc;

	if (bk_client_feed_write(f, r->toc.raw.data, r->toc.raw.len, e) == -1)
		return -1;
	while ((rc = bk_restore_block(r, &t, e)) == 1) {
		if (copy_block(r, t, f, o, e) == -1)
			return -1;
		atomic_fetch_add(&o->progress->items, 1);
	}
	for (i = 0; rc == 0 && i < r->n; i++)
		if (!r->table[i].found)
			rc = bk_restore_damaged(r, &r->table[i],
			    "its data is missing", e);
	return rc;
}

int
bk_restore_find_program(const struct bk_restore *r, const struct bk_bindir *b,
    int server, struct bk_buf *out, struct bk_err *e)
{
	const int min = bk_majors_by_archive(r->toc.minor);
	/* a newer one sets transaction_timeout, which older servers lack */
	const struct bk_bindir_range range = {
		.wanted = server < min ? min : server, .min = min,
		.max = server < BK_PG_TRANSACTION_TIMEOUT ?
		BK_PG_TRANSACTION_TIMEOUT - 1 : INT_MAX };

	if (range.min <= range.max)
		return bk_bindir_find_range(b, "pg_restore", &range, out, e);
	return bk_fail(e, BK_FAIL, "this server is PostgreSQL %d: it lacks "
	    "transaction_timeout, which pg_restore %d and later set; dump "
	    "without compression and INSERTs (bk-dump), or restore to a server "
	    "of version %d or later", server, BK_PG_TRANSACTION_TIMEOUT,
	    BK_PG_TRANSACTION_TIMEOUT);
}

int
bk_restore_whole(struct bk_restore *r, const struct bk_restore_options *o,
    struct bk_restore_report *report, struct bk_err *e)
{
	static char *const options[] = { "--format=custom", NULL };
	const double started = bk_monotonic();
	struct bk_restore_program c;
	struct bk_client_feed *f = NULL;
	struct bk_conn_params *quiet = NULL;
	struct bk_rights found = {0};
	PGconn *conn = NULL;
	int rc = -1;

	*report = (struct bk_restore_report){ .manifest = &r->manifest };
	bk_rights_definitions(&r->toc, &r->list, NULL, 1, &found);
	atomic_store(&o->progress->items_total, r->n);
	if (bk_restore_program_open(&c, o, e) == -1 ||
	    (conn = bk_server_again(o->params, e)) == NULL ||
	    (quiet = bk_conn_params(conn, e)) == NULL ||
	    bk_server_quiet(conn, quiet, e) == -1 ||
	    bk_rights_functions(conn, &r->toc, &r->list, NULL, &found,
	    e) == -1 || bk_rights_refuse(r->name, o, conn, &found, e) == -1 ||
	    bk_restore_tell_rights(r, &found, e) == -1 ||
	    bk_restore_find_program(r, &o->bindir,
	    BK_PG_MAJOR(PQserverVersion(conn)),
	    &c.program, e) == -1 ||
	    (f = bk_restore_program_feed(&c, options, e)) == NULL ||
	    keep_public(&r->toc, conn, e) == -1 ||
	    copy_archive(r, f, o, e) == -1 || bk_client_feed_finish(f, e) == -1)
		goto done;
	rc = bk_restore_analyze(quiet, o->jobs, &r->notes, e);
 done:
	PQfinish(conn);
	bk_conn_params_free(quiet);
	bk_client_feed_free(f);
	bk_restore_program_close(&c);
	report->notes = r->notes.data;
	report->trusted = r->trusted;
	report->seconds = bk_monotonic() - started;
	return rc;
}
