#ifndef BK_PG_RESTORE_PART_H
#define BK_PG_RESTORE_PART_H
/*
 * Load some tables or schemas of an archive into a database that is in use,
 * in one transaction: all of it appears, proven, or nothing has happened.
 *
 *	BK_PART_CREATE	they must not be there; their objects are made, too
 *	BK_PART_DATA	they are there: rows are added
 *	BK_PART_REPLACE	they are there: emptied first, by TRUNCATE, which
 *			does not read a damaged table
 *
 * Triggers of users do not fire; foreign keys are checked.  Foreign keys of
 * other tables that refer to a replaced one are dropped and added again, and
 * so checked again.  Views stay as they are.  Large objects are not loaded.
 */
#include "restore.h"
#include "restore_select.h"

enum bk_part_how { BK_PART_CREATE, BK_PART_DATA, BK_PART_REPLACE };

/*
 * As bk_restore_load(), o->params being the database in use; BK_NONE: nothing of
 * that name in the dump or in the database.  *notes: a line for each thing that was put back or that
 * somebody has to do, as refreshing materialized views.
 */
int bk_restore_part(struct bk_restore *r, const struct bk_restore_options *o,
    const struct bk_restore_names *names, enum bk_part_how how,
    struct bk_restore_report *report, struct bk_buf *notes,
    struct bk_err *e);

#endif
