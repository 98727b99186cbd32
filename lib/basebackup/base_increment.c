#include "basebackup/base_increment.h"

#include <stdio.h>
#include <string.h>

#include "base/majors.h"
#include "datadir/backup_manifest.h"
#include "pg/sql.h"

#define PIECE (256 * 1024)

static int
ignore_file(void *ctx, const struct bk_manifest_file *f, struct bk_err *e)
{
	(void)ctx;
	(void)f;
	(void)e;
	return 0;
}

/* The first of all ranges is where it begins. */
static int
take_start(void *ctx, const struct bk_manifest_wal *w, struct bk_err *e)
{
	uint64_t *start = ctx;

	(void)e;
	if (*start == 0 || w->start < *start)
		*start = w->start;
	return 0;
}

/* An intact manifest, of this cluster: it is *parent's. */
static int
check_manifest(const struct bk_repl_server *server, const char *name,
    const struct bk_buf *text, struct bk_base_parent *parent, struct bk_err *e)
{
	const struct bk_manifest_handler handler = { .file = ignore_file,
	    .wal = take_start, .ctx = &parent->start };
	struct bk_manifest_summary m;
	struct bk_backup_manifest *in = bk_backup_manifest_open(name,
	    &handler, e);
	int rc = -1;

	parent->start = 0;
	if (in == NULL)
		return -1;
	if (bk_backup_manifest_feed(in, text->data, text->len, e) == -1 ||
	    bk_backup_manifest_end(in, &m, e) == -1)
		;
	else if (m.sysid[0] == '\0')
		bk_fail(e, BK_DATA, "%s: made by a PostgreSQL older than %d; "
		    "make a full backup first", name, BK_PG_INCREMENTS);
	else if (strcmp(m.sysid, server->sysid) != 0)
		bk_fail(e, BK_DATA, "%s: of another cluster: system "
		    "identifier %s, the server's is %s", name, m.sysid,
		    server->sysid);
	else
		rc = 0;
	(void)snprintf(parent->sum, sizeof(parent->sum), "%.*s",
	    (int)sizeof(parent->sum) - 1, rc == 0 ? m.checksum : "");
	bk_backup_manifest_free(in);
	return rc;
}

static int
check_server(PGconn *conn, const struct bk_repl_server *server,
    struct bk_err *e)
{
	PGresult *res;
	int on;

	if (server->major < BK_PG_INCREMENTS)
		return bk_fail(e, BK_FAIL, "server %s: PostgreSQL %d cannot "
		    "make incremental backups, %d and newer can", server->host,
		    server->major, BK_PG_INCREMENTS);
	if ((res = bk_repl_command(conn, "SHOW summarize_wal", e)) == NULL)
		return -1;
	on = PQntuples(res) == 1 && strcmp(PQgetvalue(res, 0, 0), "on") == 0;
	PQclear(res);
	return on ? 0 : bk_fail(e, BK_FAIL, "server %s: summarize_wal is off; "
	    "set it to on, then make a full backup first", server->host);
}

static int
upload(PGconn *conn, const struct bk_buf *text, struct bk_err *e)
{
	PGresult *res = bk_repl_command(conn, "UPLOAD_MANIFEST", e);
	size_t at = 0, n;
	int rc = 0;

	if (res == NULL)
		return -1;
	PQclear(res);
	for (; rc == 0 && at < text->len; at += n) {
		n = text->len - at < PIECE ? text->len - at : PIECE;
		if (PQputCopyData(conn, text->data + at, (int)n) != 1)
			rc = bk_conn_fail(conn, NULL, "UPLOAD_MANIFEST", e);
	}
	if (rc == 0 && PQputCopyEnd(conn, NULL) != 1)
		rc = bk_conn_fail(conn, NULL, "UPLOAD_MANIFEST", e);
	while (rc == 0 && (res = bk_sql_result(conn)) != NULL) {
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			rc = bk_conn_fail(conn, res, "UPLOAD_MANIFEST", e);
		PQclear(res);
	}
	return rc;
}

int
bk_base_increment_check(PGconn *conn, const struct bk_repl_server *server,
    const char *name, const struct bk_buf *manifest, struct bk_err *e)
{
	struct bk_base_parent parent;

	return check_server(conn, server, e) == -1 ? -1 :
	    check_manifest(server, name, manifest, &parent, e);
}

int
bk_base_increment_from(PGconn *conn, const struct bk_repl_server *server,
    const char *name, struct bk_buf *manifest, struct bk_base_parent *parent,
    struct bk_err *e)
{
	int rc = check_server(conn, server, e);

	if (rc == 0)
		rc = check_manifest(server, name, manifest, parent, e);
	if (rc == 0)
		rc = upload(conn, manifest, e);
	bk_buf_free(manifest);
	return rc;
}
