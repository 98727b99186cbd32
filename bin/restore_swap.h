#ifndef BK_BIN_RESTORE_SWAP_H
#define BK_BIN_RESTORE_SWAP_H
/* How a new database gets its name, in the place of an old one or of none. */
#include "restore/newdb.h"
#include "restore/target.h"
#include "restore/types.h"

struct bk_restore;

struct restore_swap {
	struct bk_target *target;
	char *name;		/* the new database's; "": none */
	struct bk_restore *archive;	/* NULL: a foreign dump */
	const struct bk_restore_options *load;
	int into, replace, part;	/* options given; into: or no swap */
	int any_space, disable_old, quiet;
};

/*
 * Before anything is created.  Refuse (BK_DATA) to set aside a database that is
 * not empty and was not named by --replace, or is to be replaced by a part of
 * a database without --part; drop one that is the remainder of a dropped one,
 * if --replace names it; fail if the server has no room for
 * a second one.
 */
int swap_refuse(const struct restore_swap *r, struct bk_err *e);

/*
 * Can the new database be given its settings and privileges?  Nobody wants to
 * hear of a missing role when all rows are loaded.
 */
int swap_rehearse(const struct restore_swap *r, struct bk_err *e);

/*
 * Give the new database its name; name becomes "" then.  before: the old one's
 * name now, "" if there is none.  Tells of replication that stays with the old
 * one; disable_old: disables its subscriptions.
 */
int swap_finish(const struct restore_swap *r, char before[BK_NEWDB_NAME],
    double *seconds, struct bk_err *e);

#endif
