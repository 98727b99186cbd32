#include "restore/foreign.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "pg/client_feed.h"
#include "restore/end_scan.h"
#include "restore/program.h"

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

	if (begins(head, n, "PGDMP"))
		return BK_FOREIGN_ARCHIVE;
	if (begins(head, n, "\x1f\x8b"))
		return BK_FOREIGN_GZIP;
	if (begins(head, n, "\x28\xb5\x2f\xfd"))
		return BK_FOREIGN_ZSTD;
	if (begins(head, n, "age-encryption.org/") ||
	    begins(head, n, "-----BEGIN AGE ENCRYPTED FILE") ||
	    begins(head, n, "bk-crypt/"))
		return BK_FOREIGN_CRYPT;
	if (n > 262 && begins(head, n, "toc.dat") &&
	    begins((const char *)head + 257, n - 257, "ustar"))
		return BK_FOREIGN_TAR;
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
		return bk_fail(e, BK_DATA, "%s: is a whole cluster's dump "
		    "(pg_dumpall), which is not one database's; give it to "
		    "psql -X -v ON_ERROR_STOP=1 -d postgres", name);
	default:
		return bk_fail(e, BK_DATA, "%s: is no dump of a PostgreSQL "
		    "database", name);
	}
}

/* Scan the passing data; -1 with *e set if it must not be loaded. */
static int
scan(struct bk_end_scan *s, enum bk_foreign_kind kind, const char *name,
    const char *p, size_t n, struct bk_err *e)
{
	if (kind == BK_FOREIGN_TAR)
		bk_end_scan_tar(s, p, n);
	else if (bk_end_scan_sql(s, p, n) == -1)
		return bk_fail(e, BK_DATA, "%s: connects to another database "
		    "(\\connect); dump it without --create", name);
	return 0;
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

static int
copy_all(struct bk_client_feed *f, enum bk_foreign_kind kind,
    struct bk_source src, const char *name, const struct bk_restore_options *o,
    int demand_end, struct bk_err *e)
{
	char *buf = malloc(BK_IO_BUFSZ);
	struct bk_end_scan s = { .col = 0 };
	ssize_t n = -1;
	int rc = -1;

	if (buf == NULL)
		return bk_fail_memory(e);
	while ((n = src.read(src.ctx, buf, BK_IO_BUFSZ, e)) > 0) {
		if (scan(&s, kind, name, buf, (size_t)n, e) == -1 ||
		    bk_client_feed_write(f, buf, (size_t)n, e) == -1)
			goto done;
		atomic_fetch_add(&o->progress->bytes, (size_t)n);
	}
	if (n == 0)
		rc = check_end(&s, kind, name, demand_end, e);
 done:
	free(buf);
	return rc;
}

/* Append the path of the program for kind. */
static int
find_program(enum bk_foreign_kind kind, const struct bk_restore_options *o,
    struct bk_buf *out, struct bk_err *e)
{
	struct bk_bindir_range range = { .min = 10, .max = INT_MAX };
	PGconn *conn = bk_conn_again(o->params, e);

	if (conn == NULL)
		return -1;
	range.wanted = PQserverVersion(conn) / 10000;
	PQfinish(conn);
	if (kind == BK_FOREIGN_TAR && range.wanted < 17)
		range.max = 16;		/* see ddl.c */
	return bk_bindir_find_range(&o->bindir, kind == BK_FOREIGN_TAR ?
	    "pg_restore" : "psql", &range, out, e);
}

int
bk_foreign_load(enum bk_foreign_kind kind, struct bk_source src,
    const char *name, const struct bk_restore_options *o, int demand_end,
    struct bk_err *e)
{
	static char *const psql[] = { "--no-psqlrc", "--quiet",
	    "--set=ON_ERROR_STOP=1", "--output=/dev/null", "--file=-", NULL };
	static char *const tar[] = { "--format=tar", NULL };
	struct bk_restore_program c;
	struct bk_client_feed *f = NULL;
	int rc = -1;

	if (kind == BK_FOREIGN_SQL && (o->no_owner || o->no_acl ||
	    o->role != NULL))
		return bk_fail(e, BK_DATA, "%s: is SQL, from which owners and "
		    "privileges cannot be removed; dump it without them",
		    name);
	if (bk_restore_program_open(&c, o, e) == -1 ||
	    find_program(kind, o, &c.program, e) == -1 ||
	    (f = bk_restore_program_feed(&c, kind == BK_FOREIGN_SQL,
	    kind == BK_FOREIGN_SQL ? psql : tar, e)) == NULL ||
	    copy_all(f, kind, src, name, o, demand_end, e) == -1)
		goto done;
	rc = bk_client_feed_finish(f, e);
 done:
	bk_client_feed_free(f);
	bk_restore_program_close(&c);
	return rc;
}
