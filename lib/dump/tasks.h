#ifndef BK_DUMP_TASKS_H
#define BK_DUMP_TASKS_H
/*
 * What a dump reads: the TOC's entries with data, each cut into tasks, which
 * are one query on one connection.  How tables are cut does not affect the
 * archive's bytes.
 *
 *	whole	a table, by COPY table
 *	range	some pages of a large table, by COPY (SELECT ... ctid range)
 *	blobs	some large objects
 */
#include <libpq-fe.h>

#include <stdint.h>

#include "archive/archive.h"

#define BK_TASKS_RANGE (4 * 1024 * 1024)	/* table bytes per range */
#define BK_TASKS_BLOBS 100		/* large objects per task */

/* In the server's message where a table has another name than when locked. */
#define BK_TASK_MOVED "bk_moved"

struct bk_dump_item {		/* an entry with data */
	const struct bk_toc_entry *te;
	int blobs;		/* large objects; else a table */
	char relkind;
	char *name_now;		/* the table's when it was locked, in hex */
	int splits;		/* can be read as ranges */
	uint64_t bytes;		/* approximate size in the server's files */
	uint32_t pages, step;	/* of its main fork; per range */
	char *condition;	/* an extension's WHERE clause, or NULL */
	uint32_t *oid;		/* large objects */
	size_t noid;
};

struct bk_task {
	const struct bk_dump_item *item;
	enum { BK_TASK_WHOLE, BK_TASK_RANGE, BK_TASK_BLOBS } kind;
	int first, last;	/* task of its item */
	uint64_t from, to;	/* pages, or indexes into oid */
};

struct bk_tasks {
	struct bk_dump_item *item;
	size_t n;
	uint64_t bytes;		/* of all */
	int foreign;		/* at least one foreign table */
	size_t next;		/* the next task's item, */
	uint64_t at;		/* and where in it that begins */
};

/*
 * Make the tasks for toc, and lock its tables in conn's transaction (ACCESS
 * SHARE NOWAIT).  toc must outlive *p.  Without split, tables are read whole,
 * by COPY table, which costs the server a little less and spares its cache.
 * 0; -1 with *e set: BK_BUSY if a table is being changed, or was changed or
 * renamed after the snapshot (drift.h), so that the caller should start over.
 */
int bk_tasks_make(struct bk_tasks *p, PGconn *conn, const struct bk_toc *toc,
    int split, struct bk_err *e);

/* The next task; 0 when there are no more. */
int bk_tasks_next(struct bk_tasks *p, struct bk_task *t);

/*
 * Append the query for a table's task.  BK_FAIL if the TOC's COPY statement is
 * of an unknown form.
 */
int bk_task_sql(const struct bk_task *t, struct bk_buf *sql, struct bk_err *e);

/* Append an item's name for messages: table "a"."b", or large objects. */
int bk_dump_item_name(const struct bk_dump_item *it, struct bk_buf *out,
    struct bk_err *e);

void bk_tasks_free(struct bk_tasks *p);

#endif
