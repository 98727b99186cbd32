#include "restore/foreign.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/majors.h"
#include "pg/client_feed.h"
#include "pg/server.h"
#include "restore/foreign_end.h"
#include "restore/notes.h"
#include "restore/program.h"
#include "restore/rights.h"
#include "restore/script.h"
#include "stream/heads.h"

static int
begins(const void *head, size_t n, const char *with)
{
	return n >= strlen(with) && memcmp(head, with, strlen(with)) == 0;
}

enum bk_foreign_kind
bk_foreign_recognise(const void *head, size_t n)
{
	static const char *const sql[] = { "--", "SET ", "\\", "/*", "BEGIN",
	    "CREATE ", "SELECT ", "\n" };
	size_t i;

	switch (bk_heads_format(head, n)) {
	case BK_FORMAT_ARCHIVE: return BK_FOREIGN_ARCHIVE;
	case BK_FORMAT_GZIP: return BK_FOREIGN_GZIP;
	case BK_FORMAT_ZSTD: return BK_FOREIGN_ZSTD;
	case BK_FORMAT_CRYPT: return BK_FOREIGN_CRYPT;
	case BK_FORMAT_TAR:
		if (begins(head, n, "toc.dat"))
			return BK_FOREIGN_TAR;
		break;
	case BK_FORMAT_OTHER: break;
	}
	if (memchr(head, '\0', n) != NULL)
		return BK_FOREIGN_UNKNOWN;
	if (bk_end_scan_holds(head, n, "PostgreSQL database cluster dump"))
		return BK_FOREIGN_CLUSTER;
	for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
		if (begins(head, n, sql[i]))
			return BK_FOREIGN_SQL;
	return BK_FOREIGN_UNKNOWN;
}

int
bk_foreign_refuse(enum bk_foreign_kind kind, const char *name, struct bk_err *e)
{
	switch (kind) {
	case BK_FOREIGN_ARCHIVE: case BK_FOREIGN_TAR: case BK_FOREIGN_SQL:
		return 0;
	case BK_FOREIGN_GZIP:
		return bk_fail(e, BK_DATA, "%s: is gzip; put bk-gz -d before "
		    "bk-restore", name);
	case BK_FOREIGN_ZSTD:
		return bk_fail(e, BK_DATA, "%s: is zstd; put bk-zst -d before "
		    "bk-restore", name);
	case BK_FOREIGN_CRYPT:
		return bk_fail(e, BK_DATA, "%s: is encrypted; put bk-crypt -d "
		    "before bk-restore", name);
	case BK_FOREIGN_CLUSTER:
		return bk_fail(e, BK_DATA, "%s: is a dump of a whole cluster "
		    "(pg_dumpall), not of one database; give it to "
		    "psql -X -v ON_ERROR_STOP=1 -d postgres", name);
	default:
		return bk_fail(e, BK_DATA, "%s: not a PostgreSQL dump", name);
	}
}

/* Was that all?  A sealed stream need not end like pg_dump's. */
static int
check_end(const struct bk_end_scan *s, enum bk_foreign_kind kind,
    const char *name, int demand_end, struct bk_err *e)
{
	if (kind == BK_FOREIGN_TAR && !bk_end_scan_tar_ended(s))
		return bk_fail(e, BK_DATA, "%s: unfinished: the tar has no "
		    "end", name);
	if (kind == BK_FOREIGN_SQL && demand_end && !bk_end_scan_sql_ended(s))
		return bk_fail(e, BK_DATA, "%s: unfinished: pg_dump's last "
		    "line is missing", name);
	return 0;
}

/* Where the stream goes: one of the two. */
struct sink {
	struct bk_client_feed *feed;	/* tar: pg_restore */
	struct bk_script *script;	/* SQL: ourselves */
};

/* Scan a piece of the stream for its end and pass it on. */
static int
pass(const struct sink *to, struct bk_end_scan *s, const char *p, size_t n,
    struct bk_err *e)
{
	if (to->script != NULL) {
		bk_end_scan_sql(s, p, n);
		return bk_script_feed(to->script, p, n, e);
	}
	bk_end_scan_tar(s, p, n);
	return bk_client_feed_write(to->feed, p, n, e);
}

static int
copy_all(const struct sink *to, enum bk_foreign_kind kind,
    struct bk_source src, const char *name, const struct bk_restore_options *o,
    int demand_end, struct bk_err *e)
{
	char *buf = malloc(BK_IO_BUFSZ);
	struct bk_end_scan s = { .ntail = 0 };
	ssize_t n = -1;
	int rc = -1;

	if (buf == NULL)
		return bk_fail_memory(e);
	while ((n = src.read(src.ctx, buf, BK_IO_BUFSZ, e)) > 0) {
		if (pass(to, &s, buf, (size_t)n, e) == -1)
			goto done;
		atomic_fetch_add(&o->progress->bytes, (size_t)n);
	}
	if (n == 0)
		rc = check_end(&s, kind, name, demand_end, e);
 done:
	free(buf);
	return rc;
}

static int
load_tar(struct bk_source src, const char *name,
    const struct bk_restore_options *o, int server, struct bk_err *e)
{
	static char *const options[] = { "--format=tar", NULL };
	const struct bk_bindir_range range = { .wanted = server, .min = 10,
	    .max = server < BK_PG_TRANSACTION_TIMEOUT ?
	    BK_PG_TRANSACTION_TIMEOUT - 1 : INT_MAX };
	struct bk_restore_program c;
	struct sink to = {0};
	int rc = -1;

	if (bk_restore_program_open(&c, o, e) == -1 ||
	    bk_bindir_find_range(&o->bindir, "pg_restore", &range, &c.program,
	    e) == -1 ||
	    (to.feed = bk_restore_program_feed(&c, options, e)) == NULL ||
	    copy_all(&to, BK_FOREIGN_TAR, src, name, o, 0, e) == -1)
		goto done;
	rc = bk_client_feed_finish(to.feed, e);
 done:
	bk_client_feed_free(to.feed);
	bk_restore_program_close(&c);
	return rc;
}

static int
load_sql(struct bk_source src, const char *name,
    const struct bk_restore_options *o, PGconn *conn, int demand_end,
    struct bk_err *e)
{
	/*
	 * As psql would start, but that the stream may pause for longer than a
	 * session may.
	 */
	static const char session[] = "RESET search_path; "
	    "SELECT pg_catalog.set_config(name, "
	    "'0', false) FROM pg_catalog.pg_settings WHERE name IN "
	    "('statement_timeout', 'lock_timeout', 'transaction_timeout', "
	    "'idle_session_timeout', 'idle_in_transaction_session_timeout')";
	struct sink to = {0};
	int rc = -1;

	if (bk_conn_exec(conn, session, e) == 0 &&
	    (to.script = bk_script_open(conn, name, o->failures, e)) != NULL &&
	    copy_all(&to, BK_FOREIGN_SQL, src, name, o, demand_end, e) == 0)
		rc = bk_script_finish(to.script, e);
	bk_script_free(to.script);
	return rc;
}

int
bk_foreign_load(enum bk_foreign_kind kind, struct bk_source src,
    const char *name, const struct bk_restore_options *o, int demand_end,
    struct bk_buf *super, struct bk_err *e)
{
	PGconn *conn;
	int rc = -1;

	if (kind == BK_FOREIGN_SQL && (o->no_owner || o->no_acl ||
	    o->role != NULL))
		return bk_fail(e, BK_DATA, "%s: is SQL, from which owners and "
		    "privileges cannot be removed; dump it without them",
		    name);
	if ((conn = bk_conn_again(o->params, e)) == NULL)
		return -1;
	if (bk_rights_super(conn, super, e) == 0)
		rc = kind == BK_FOREIGN_SQL ?
		    load_sql(src, name, o, conn, demand_end, e) :
		    load_tar(src, name, o, BK_PG_MAJOR(PQserverVersion(conn)),
		    e);
	PQfinish(conn);
	return rc;
}

int
bk_foreign_tell(const struct bk_conn_params *p, const char *super,
    struct bk_buf *notes, struct bk_err *e)
{
	struct bk_rights found = {0};
	PGconn *conn = bk_server_again(p, e);
	int rc = conn == NULL ? -1 : bk_rights_live(conn, super, 1, &found, e);

	PQfinish(conn);
	return rc == -1 || found.functions == 0 ? rc : bk_restore_note(notes, e,
	    "%u functions whose owners are not superusers could run with a "
	    "superuser's rights while all was loaded, the first: %s",
	    found.functions, found.function);
}
