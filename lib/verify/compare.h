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
	unsigned jobs;
	struct bk_progress *progress;
};

/* Every table's rows and the large objects. */
int bk_compare_rows(const struct bk_compare *c, struct bk_verdict *v,
    struct bk_err *e);

/*
 * Everything but rows: sequence values, the number of objects of each kind,
 * constraints not validated.
 */
int bk_compare_catalog(PGconn *conn, const struct bk_toc *toc,
    struct bk_verdict *v, struct bk_err *e);

/*
 * Run the assertions in sql, the text of file name: at least one statement must
 * return rows, and each that does must return a single true.
 */
int bk_compare_assert(PGconn *conn, const char *name, const char *sql,
    struct bk_verdict *v, struct bk_err *e);

#endif
