#ifndef BK_RESTORE_LOAD_PARTIAL_H
#define BK_RESTORE_LOAD_PARTIAL_H
/*
 * Load some tables or schemas of an archive into a database that is in use,
 * in one transaction: all of it appears, proven, or nothing changes.
 *
 *	BK_PARTIAL_CREATE	they must not exist and are created
 *	BK_PARTIAL_DATA		they must exist: rows are added
 *	BK_PARTIAL_REPLACE	they must exist and are emptied first, by
 *			TRUNCATE, which does not read a damaged table
 *
 * User triggers do not fire; foreign keys are checked.  Foreign keys of other
 * tables that refer to a replaced one are dropped and added again, which checks
 * them.  Views stay as they are.  Large objects are not loaded.
 */
#include "restore/restore.h"
#include "restore/select.h"

enum bk_partial_mode { BK_PARTIAL_CREATE, BK_PARTIAL_DATA, BK_PARTIAL_REPLACE };

/*
 * As bk_restore_load(), o->params being the database in use; BK_NONE: nothing
 * of that name in the dump or in the database.  *notes: one line for each
 * foreign key added again and for each thing left to do, such as refreshing a
 * materialized view.
 */
int bk_restore_partial(struct bk_restore *r, const struct bk_restore_options *o,
    const struct bk_restore_names *names, enum bk_partial_mode mode,
    struct bk_restore_report *report, struct bk_buf *notes,
    struct bk_err *e);

#endif
