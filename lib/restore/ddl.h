#ifndef BK_RESTORE_DDL_H
#define BK_RESTORE_DDL_H
/*
 * Everything but rows, by the installed pg_restore: it reads a copy of the
 * table of contents in which no entry has data.
 *
 * Run by section, pg_restore grants privileges along with the objects; a table
 * whose owner revoked his own INSERT could then not be loaded.  So privileges
 * come last, followed by what pg_restore itself does after them: event
 * triggers and the contents of materialized views.
 */
#include <limits.h>

#include "restore/entry_list.h"
#include "restore/program.h"

struct bk_restore_ddl {
	struct bk_restore_program client;
	int by_script;		/* pg_restore is too new for the server */
	const struct bk_toc *toc;
	const struct bk_restore_list *list;	/* of its entries */
	struct bk_ddl_file {
		int fd, named;
		char name[PATH_MAX];
	} file, list_file;
	struct bk_buf jobs;
	int older;		/* the server is older than the dump's */
};

/*
 * Append the path of a pg_restore that reads the archive of this TOC, for a
 * server of this major version.  *too_new: it sets transaction_timeout, which
 * the server lacks.  0, or -1 with *e set.
 */
int bk_restore_ddl_program(const struct bk_toc *toc, const struct bk_bindir *b,
    int server, int *too_new, struct bk_buf *out, struct bk_err *e);

/*
 * Find the program for a server of this version and write the TOC to an
 * unnamed file in tmpdir.  toc and list are borrowed.  Call
 * bk_restore_ddl_close() in any case.
 *
 * pg_restore 17 and later set transaction_timeout, which older servers reject:
 * for those we run its script without that line (script.h), and -j has no
 * effect on indexes.
 */
int bk_restore_ddl_open(struct bk_restore_ddl *d, const struct bk_toc *toc,
    const struct bk_restore_list *list, const struct bk_restore_options *o,
    int server_version, struct bk_err *e);
void bk_restore_ddl_close(struct bk_restore_ddl *d);

/* Before the data: objects, sequence values, owners of large objects. */
int bk_restore_ddl_pre(struct bk_restore_ddl *d, struct bk_err *e);

/* After the data: indexes, constraints, triggers; privileges and the rest. */
int bk_restore_ddl_post(struct bk_restore_ddl *d, struct bk_err *e);

/*
 * Append the SQL of one step for the selected entries (wanted: one byte each,
 * in TOC order); nothing if there are none.
 */
enum bk_ddl_step { BK_DDL_PRE, BK_DDL_POST, BK_DDL_LAST, BK_DDL_SEQUENCES,
	BK_DDL_INDEXES };
int bk_restore_ddl_script(struct bk_restore_ddl *d,
    const unsigned char *wanted, enum bk_ddl_step step, struct bk_buf *sql,
    struct bk_err *e);

#endif
