#ifndef BK_VERIFY_COMPARE_H
#define BK_VERIFY_COMPARE_H
/*
 * A restored database against the archive that it came from: the second level
 * of verification.  Rows are read as bk-dump reads them (dump/tasks.h,
 * dump/workers.h), in parallel and on one snapshot, and digested; what differs
 * is counted in *v.  All functions: 0, or -1 with *e set, when it could not be
 * told.
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
	const char *settings;	/* SET statements: how text was written */
	struct bk_session session;
	unsigned jobs;
	struct bk_progress *progress;
};

/* Every table's rows and the large objects. */
int bk_compare_rows(const struct bk_compare *c, struct bk_verdict *v,
    struct bk_err *e);

/*
 * What is not rows: the values of sequences, how many objects there are of
 * each kind, constraints that were not validated.
 */
int bk_compare_catalog(PGconn *conn, const struct bk_toc *toc,
    struct bk_verdict *v, struct bk_err *e);

/*
 * Run sql, the text of file name: each statement that gives rows must give
 * one, true.
 */
int bk_compare_assert(PGconn *conn, const char *name, const char *sql,
    struct bk_verdict *v, struct bk_err *e);

#endif
