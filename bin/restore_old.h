#ifndef BK_BIN_RESTORE_OLD_H
#define BK_BIN_RESTORE_OLD_H
/* The databases that swaps have set aside. */
#include "restore/target.h"

/*
 * Swap back the latest one, and print that unless quiet; drop all; list all on
 * standard output, as every *ls tool does.  Each opens t.  BK_NONE if there is
 * none.
 */
int old_roll_back(struct bk_target *t, int quiet, struct bk_err *e);
int old_drop(struct bk_target *t, struct bk_err *e);
int old_list(struct bk_target *t, struct bk_err *e);

#endif
