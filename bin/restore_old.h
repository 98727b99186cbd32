#ifndef BK_BIN_RESTORE_OLD_H
#define BK_BIN_RESTORE_OLD_H
/* The databases that swaps have put aside. */
#include "restore/target.h"

/*
 * Swap back the latest that was put aside, and with quiet 0 say so; drop all;
 * list all on standard output, as every *ls tool does.  Each opens s.
 * BK_NONE if there is nothing.
 */
int old_roll_back(struct bk_target *t, int quiet, struct bk_err *e);
int old_drop(struct bk_target *t, struct bk_err *e);
int old_list(struct bk_target *t, struct bk_err *e);

#endif
