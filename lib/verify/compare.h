#ifndef BK_VERIFY_COMPARE_H
#define BK_VERIFY_COMPARE_H
/*
 * Level 2 of verification: compare a restored database with its archive.  Rows
 * are read as bk-dump reads them (dump/tasks.h, dump/workers.h), in parallel
 * and on one snapshot, and digested.  Differences are counted in *v.  All
 * functions: 0, or -1 with *e set if the comparison failed.
 */
#include "base/progress.h"
#include "pg/conn.h"
#include "pg/session.h"
#include "restore/newdb.h"
#include "restore/types.h"
#include "verify/definitions.h"
#include "verify/verdict.h"

struct bk_expected {		/* what an entry with data should hold */
	const struct bk_toc_entry *te;
	struct bk_content content;
};

struct bk_compare {
	const struct bk_conn_params *params;	/* of the restored database */
	const struct bk_toc *toc;
	const struct bk_expected *expected;
	size_t n;
	const char *settings;	/* SET statements the dump was read with */
	struct bk_session session;
	int others;		/* there may be more than was dumped */
	unsigned jobs;
	struct bk_progress *progress;
};

/* Every table's rows and the large objects. */
int bk_compare_rows(const struct bk_compare *c, struct bk_verdict *v,
    struct bk_err *e);

/*
 * Everything but rows: what the database defines, as pg_dump tells it, against
 * the archive's TOC, entry by entry (definitions.h).
 *
 * PostgreSQL writes some definitions in another way than it read them (a CHECK
 * of a varchar, most where versions differ).  Where an entry is not the same,
 * the definitions are loaded a second time, into an empty database, the
 * reference, which is dropped afterwards: an entry that is like the reference's
 * is not a difference.
 *
 * Sets v->definitions: "compared"; "names" if server or pg_dump is of another
 * major version than the dump's, so that all but the names rests on the
 * reference.  v->uncovered names what was left out.
 */
struct bk_compare_definitions {
	PGconn *conn;		/* to the server, for the reference */
	const struct bk_conn_params *params;	/* of the restored database */
	const struct bk_toc *toc;
	const char *manifest;	/* its JSON, or NULL */
	struct bk_definitions_rules rules;
	/* it was restored with, and the reference is */
	const struct bk_restore_options *options;
	int others;		/* there may be more than was dumped */
	int no_locale;		/* the reference has the server's own, too */
	int read_only;		/* no reference is made on this server */
	char *reference;	/* BK_NEWDB_NAME bytes: its name, "" if it is
				 * gone; else the caller drops it */
	void (*hold)(void), (*release)(void);	/* as in restore_test.h */
};
int bk_compare_definitions(const struct bk_compare_definitions *o,
    struct bk_verdict *v, struct bk_err *e);

/*
 * Foreign keys that are not enforced, as their triggers are disabled; pg_dump
 * does not show that.  For a database that was not restored, against, it is not
 * known whether they were when it was dumped: v->uncovered says so.
 */
int bk_compare_triggers(PGconn *conn, int against, struct bk_verdict *v,
    struct bk_err *e);

/*
 * Run the assertions in sql, the text of file name: at least one statement must
 * return rows, and each that does must return a single true.  Their search_path
 * is pg_catalog and then public, not the database's.
 */
int bk_compare_assert(PGconn *conn, const char *name, const char *sql,
    struct bk_verdict *v, struct bk_err *e);

#endif
