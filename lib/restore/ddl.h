#ifndef BK_RESTORE_DDL_H
#define BK_RESTORE_DDL_H
/*
 * What is not rows, by the installed pg_restore: it reads a copy of the table
 * of contents in which no entry has data.
 *
 * pg_restore executes privileges in one go with the objects, if told to do a
 * section; a table whose owner revoked his own INSERT could then not be
 * loaded.  So privileges come last, and behind them what pg_restore itself
 * puts behind them: event triggers and the contents of materialized views.
 */
#include "restore/program.h"

struct bk_restore_ddl {
	struct bk_restore_program client, psql;
	int by_psql;		/* pg_restore is too new for the server */
	const struct bk_toc *toc;
	struct bk_ddl_file { int fd; char name[24]; } file, list;
	struct bk_buf jobs;
	int older;		/* the server, than the one of the dump */
};

/*
 * Append the path of a pg_restore that reads the archive of this TOC, for a
 * server of that major version.  *too_new: it sets transaction_timeout, which
 * the server does not know.  0, or -1 with *e set.
 */
int bk_restore_ddl_program(const struct bk_toc *toc, const struct bk_bindir *b,
    int server, int *too_new, struct bk_buf *out, struct bk_err *e);

/*
 * pg_restore 17 and later set transaction_timeout, which older servers refuse:
 * there its script goes to psql, without that line, and -j has no effect on
 * indexes.
 *
 * Find the program for a server of that version, write the file: one without a
 * name, in tmpdir.
 * bk_restore_ddl_close() in any case.
 */
int bk_restore_ddl_open(struct bk_restore_ddl *d, const struct bk_toc *toc,
    const struct bk_restore_options *o, int server_version, struct bk_err *e);
void bk_restore_ddl_close(struct bk_restore_ddl *d);

/* Before the data: objects, sequences' values, large objects' owners. */
int bk_restore_ddl_pre(struct bk_restore_ddl *d, struct bk_err *e);

/* After it: indexes, constraints, triggers; then privileges and the rest. */
int bk_restore_ddl_post(struct bk_restore_ddl *d, struct bk_err *e);

/*
 * Append the SQL of one step for entries that are wanted (one byte each, in
 * TOC's order), nothing if there is none.
 */
enum bk_ddl_step { BK_DDL_PRE, BK_DDL_POST, BK_DDL_LAST, BK_DDL_SEQUENCES };
int bk_restore_ddl_script(struct bk_restore_ddl *d,
    const unsigned char *wanted, enum bk_ddl_step step, struct bk_buf *sql,
    struct bk_err *e);

#endif
