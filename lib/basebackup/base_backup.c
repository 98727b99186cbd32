#include "basebackup/base_backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar_write.h"
#include "base/io.h"
#include "base/majors.h"
#include "base/utctime.h"
#include "basebackup/base_copy.h"
#include "basebackup/base_files.h"
#include "basebackup/base_increment.h"
#include "stream/writer.h"

#define MANIFEST "backup_manifest"

struct backup {
	const struct bk_base_backup *o;
	struct bk_base_done *done;
	PGconn *conn;
	struct bk_repl_server server;
	time_t clock;		/* the server's, at this monotonic moment */
	double clock_at;
	time_t at;		/* of the backup's start, by its clock */
	struct bk_base_start start;
	struct bk_buf earlier;	/* manifest to compare with */
	struct bk_base_parent parent;
	struct bk_base_stream *in;
	struct bk_writer *out;
	struct bk_tar_writer *tar;
	struct bk_file_table *files;
	struct bk_buf manifest;
};

static int
connect_server(struct backup *b, struct bk_err *e)
{
	const struct bk_base_backup *o = b->o;

	if ((b->conn = bk_repl_open(&o->target, e)) == NULL)
		return -1;
	b->done->pages.say = o->say;
	bk_base_pages_watch(b->conn, &b->done->pages);
	if (o->cancel != NULL)
		atomic_store(o->cancel, PQgetCancel(b->conn));
	if (bk_repl_identify(b->conn, &b->server, e) == -1)
		return -1;
	(void)snprintf(b->done->source, sizeof(b->done->source), "%s:%s",
	    b->server.host, PQport(b->conn));
	if (bk_repl_clock(b->conn, &b->server, &b->clock, e) == -1)
		return -1;
	b->clock_at = bk_monotonic();
	return o->any_clock ? 0 :
	    bk_conn_check_clock(b->done->source, b->clock, e);
}

int
bk_base_reserve_wal(PGconn *conn, const char *run, struct bk_err *e)
{
	char cmd[128];
	PGresult *res;

	(void)snprintf(cmd, sizeof(cmd), "CREATE_REPLICATION_SLOT "
	    "\"bk_base_%s\" TEMPORARY PHYSICAL RESERVE_WAL", run);
	if ((res = bk_repl_command(conn, cmd, e)) == NULL)
		return -1;
	PQclear(res);
	return 0;
}

/*
 * The server may remove WAL that it has checkpointed.  A slot keeps what the
 * backup needs; one that the server has no room for is done without.
 */
static int
reserve_wal(struct backup *b, struct bk_err *e)
{
	struct bk_err reason = {0};
	char text[sizeof(reason.msg) + 128];

	if (b->o->no_wal || bk_base_reserve_wal(b->conn, b->o->run,
	    &reason) == 0)
		return 0;
	if (PQstatus(b->conn) != CONNECTION_OK) {
		*e = reason;
		return -1;
	}
	(void)snprintf(text, sizeof(text), "no replication slot: %s; the "
	    "backup fails if the server removes WAL before it ends",
	    reason.msg);
	if (b->o->say != NULL)
		b->o->say(text);
	return 0;
}

/* Add s as a string of the replication grammar: 'it''s'. */
static int
add_string(struct bk_buf *cmd, const char *s, struct bk_err *e)
{
	size_t n;

	for (; *s != '\0'; s += n) {
		n = strcspn(s, "'");
		if (bk_buf_add(cmd, s, n, e) == -1)
			return -1;
		if (s[n] == '\'') {
			if (bk_buf_puts(cmd, "''", e) == -1)
				return -1;
			n++;
		}
	}
	return bk_buf_puts(cmd, "'", e);
}

/* PostgreSQL 13 and 14: words in this order. */
static int
old_command(const struct backup *b, struct bk_buf *cmd, struct bk_err *e)
{
	const struct bk_base_backup *o = b->o;

	if (bk_buf_puts(cmd, "BASE_BACKUP LABEL '", e) == -1 ||
	    add_string(cmd, o->label, e) == -1 ||
	    bk_buf_printf(cmd, e, "%s%s%s", o->estimate ? " PROGRESS" : "",
	    o->fast ? " FAST" : "", o->no_wal ? "" : " WAL NOWAIT") == -1 ||
	    (o->rate != 0 && bk_buf_printf(cmd, e, " MAX_RATE %" PRIu32,
	    o->rate) == -1))
		return -1;
	return bk_buf_puts(cmd, " TABLESPACE_MAP MANIFEST 'yes' "
	    "MANIFEST_CHECKSUMS 'CRC32C'", e);
}

static int
new_command(const struct backup *b, struct bk_buf *cmd, struct bk_err *e)
{
	const struct bk_base_backup *o = b->o;

	if (bk_buf_puts(cmd, "BASE_BACKUP (LABEL '", e) == -1 ||
	    add_string(cmd, o->label, e) == -1 ||
	    bk_buf_printf(cmd, e, "%s, CHECKPOINT '%s'%s%s", o->estimate ?
	    ", PROGRESS" : "", o->fast ? "fast" : "spread", o->no_wal ? "" :
	    ", WAL, WAIT false", o->incremental == NULL ? "" :
	    ", INCREMENTAL") == -1 ||
	    (o->rate != 0 && bk_buf_printf(cmd, e, ", MAX_RATE %" PRIu32,
	    o->rate) == -1))
		return -1;
	return bk_buf_puts(cmd, ", TABLESPACE_MAP, MANIFEST 'yes', "
	    "MANIFEST_CHECKSUMS 'CRC32C')", e);
}

/* Begin the backup; returns once the server has its checkpoint. */
static int
begin(struct backup *b, struct bk_err *e)
{
	struct bk_buf cmd = {0};
	int rc = b->server.major >= BK_PG_BASE_OPTIONS ?
	    new_command(b, &cmd, e) : old_command(b, &cmd, e);

	if (rc == 0)
		b->in = bk_base_stream_open(b->conn, cmd.data, &b->start, e);
	bk_buf_free(&cmd);
	if (b->in == NULL)
		return -1;
	b->done->start = b->start.lsn;
	b->at = b->clock + (time_t)(bk_monotonic() - b->clock_at);
	atomic_store(&b->o->progress->bytes_total, b->start.bytes);
	return 0;
}

static int
open_output(struct backup *b, int fd, struct bk_err *e)
{
	struct bk_label label = {
		.at = b->at,
		.timeline = b->start.timeline,
		.start = b->start.lsn,
		.parent = b->parent.start,
	};

	bk_label_set(&label, BK_LABEL_CLUSTER, b->server.sysid);
	bk_label_host(&label, b->server.host);
	memcpy(label.prior, b->parent.sum, sizeof(label.prior));
	memcpy(label.run, b->o->run, sizeof(label.run));
	if ((b->out = bk_writer_open(fd, "standard output", e)) == NULL ||
	    (b->tar = bk_tar_write_open(b->out, &label, e)) == NULL)
		return -1;
	return 0;
}

static int
copy(struct backup *b, struct bk_err *e)
{
	const struct bk_base_copy all = { .in = b->in, .out = b->tar,
	    .files = b->files, .manifest = &b->manifest,
	    .sysid = b->server.sysid, .at = b->at,
	    .progress = b->o->progress };

	return bk_base_copy_run(&all, e);
}

/* Pages that failed: a refusal, or something to be recorded. */
static int
judge_pages(const struct backup *b, struct bk_err *e)
{
	struct bk_base_pages *pages = &b->done->pages;

	if (pages->count == 0) {	/* not one warning that we can read */
		(void)snprintf(pages->text, sizeof(pages->text),
		    "pages that the server's log names");
		pages->count = 1;
	}
	if (b->o->bad_pages)
		return 0;
	return bk_fail(e, BK_DATA, "page checksums: %s: damaged on the "
	    "server; see bk-base(1), DAMAGED PAGES, for what to do",
	    pages->text);
}

/* What the server says at the end, and whether everything arrived. */
static int
finish(struct backup *b, struct bk_err *e)
{
	struct bk_base_range range = { .sysid = b->server.sysid,
	    .start = b->start.lsn,
	    .segment = b->o->no_wal ? 0 : b->server.segment };
	int good = bk_base_stream_end(b->in, &range.end, e);

	if (good == -1 || (good == 0 && judge_pages(b, e) == -1))
		return -1;
	b->done->end = range.end;
	return bk_base_files_check(b->files, b->manifest.data,
	    b->manifest.len, &range, e);
}

static int
write_end(struct backup *b, struct bk_err *e)
{
	const struct bk_tar_entry_out entry = { .path = MANIFEST,
	    .type = '0', .size = b->manifest.len, .mode = 0600,
	    .mtime = b->clock + (time_t)(bk_monotonic() - b->clock_at) };
	const struct bk_tar_trailer trailer = { .end = b->done->end,
	    .badpages = b->done->pages.count == 0 ? NULL :
	    b->done->pages.text };

	if (bk_tar_write_entry(b->tar, &entry, e) == -1 ||
	    bk_tar_write_data(b->tar, b->manifest.data, b->manifest.len,
	    e) == -1 || bk_tar_write_end(b->tar, &trailer, e) == -1)
		return -1;
	b->done->bytes = bk_writer_bytes(b->out);
	return bk_writer_finish(b->out, e);
}

/*
 * Everything is checked and the stream written, but for its end; the manifest's
 * file appears when that is.
 */
static int
conclude(struct backup *b, struct bk_err *e)
{
	struct bk_store *copy = b->o->manifest;

	if (copy != NULL && bk_store_write(copy, b->manifest.data,
	    b->manifest.len, e) == -1)
		return -1;
	if (write_end(b, e) == -1)
		return -1;
	return copy == NULL ? 0 : bk_store_commit(copy, e);
}

static void
clean_up(struct backup *b)
{
	bk_base_stream_free(b->in);
	bk_tar_write_free(b->tar);
	bk_writer_free(b->out);
	bk_file_table_free(b->files);
	bk_buf_free(&b->earlier);
	bk_buf_free(&b->manifest);
	PQfinish(b->conn);
}

int
bk_base_backup_run(const struct bk_base_backup *o, int fd,
    struct bk_base_done *done, struct bk_err *e)
{
	struct backup b = { .o = o, .done = done };
	int rc = -1;

	if (o->incremental != NULL &&
	    bk_io_slurp(o->incremental, BK_BASE_MANIFEST_MAX, &b.earlier, e) ==
	    -1)
		goto done;
	if (connect_server(&b, e) == -1 || reserve_wal(&b, e) == -1)
		goto done;
	if (o->incremental != NULL && bk_base_increment_from(b.conn,
	    &b.server, o->incremental, &b.earlier, &b.parent, e) == -1)
		goto done;
	if (begin(&b, e) == -1 || open_output(&b, fd, e) == -1 ||
	    (b.files = bk_file_table_new(e)) == NULL ||
	    copy(&b, e) == -1 || finish(&b, e) == -1)
		goto done;
	rc = conclude(&b, e);
 done:
	clean_up(&b);
	return rc;
}
