#ifndef RESTORE_ACCEPT_H
#define RESTORE_ACCEPT_H
/* bk-restore's --keep-going and --accept, see bk-restore(1). */
#include "restore/failures.h"

/* Read the file of --accept; NULL: --keep-going.  0, or -1 with *e set. */
int accept_read(const char *path, struct bk_err *e);

/*
 * Print what failed and was passed by.  0 if there is none, or all of it is
 * accepted; else -1 with *e set: database must not be put in place.
 */
int accept_judge(const struct bk_failures *f, const char *database,
    struct bk_err *e);

void accept_free(void);

#endif
