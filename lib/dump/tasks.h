#ifndef BK_DUMP_TASKS_H
#define BK_DUMP_TASKS_H
/*
 * What there is to read: the TOC's entries with data, each cut into tasks
 * that one connection does with one query.  How tables are cut does not show in
 * the archive's bytes.
 *
 *	whole	a table by COPY table
 *	range	some pages of a large one, by COPY (SELECT ... ctid range)
 *	blobs	some large objects
 */
#include <libpq-fe.h>

#include <stdint.h>

#include "archive/archive.h"

#define BK_TASKS_RANGE (4 * 1024 * 1024)	/* table bytes in a range */
#define BK_TASKS_BLOBS 100		/* large objects in a task */

struct bk_dump_item {		/* an entry with data */
	const struct bk_toc_entry *te;
	int blobs;		/* large objects; else a table */
	char relkind;
	int splits;		/* may be read as ranges */
	uint64_t bytes;		/* about so many in the server's files */
	uint32_t pages, step;	/* of its main file; in a range */
	char *condition;	/* an extension's WHERE clause, or NULL */
	uint32_t *oid;		/* large objects */
	size_t noid;
};

struct bk_task {
	const struct bk_dump_item *item;
	enum { BK_TASK_WHOLE, BK_TASK_RANGE, BK_TASK_BLOBS } kind;
	int first, last;	/* of its item */
	uint64_t from, to;	/* pages; or indexes into oid */
};

struct bk_tasks {
	struct bk_dump_item *item;
	size_t n;
	uint64_t bytes;		/* of all */
	int foreign;		/* at least one foreign table */
	size_t next;		/* the item to cut from, */
	uint64_t at;		/* from here on */
};

/*
 * Make the plan for toc, and lock its tables in conn's transaction (ACCESS
 * SHARE, not waiting).  The toc must outlive the plan.  Without split, tables
 * are read whole: by COPY table, which costs the server a little less and
 * leaves its cache alone.  0; -1 with *e set: BK_BUSY if somebody is about to
 * change a table or has since the snapshot was taken, so that all should be
 * begun anew.
 */
int bk_tasks_make(struct bk_tasks *p, PGconn *conn, const struct bk_toc *toc,
    int split, struct bk_err *e);

/* The next task; 0 when there are no more. */
int bk_tasks_next(struct bk_tasks *p, struct bk_task *t);

/*
 * Append the query for a task of a table.  BK_FAIL if the TOC's COPY
 * statement is not understood.
 */
int bk_task_sql(const struct bk_task *t, struct bk_buf *sql, struct bk_err *e);

/* How messages call an item: table "a"."b", or large objects. */
int bk_dump_item_name(const struct bk_dump_item *it, struct bk_buf *out,
    struct bk_err *e);

void bk_tasks_free(struct bk_tasks *p);

#endif
