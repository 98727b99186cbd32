#ifndef BK_BIN_PITR_PLACE_H
#define BK_BIN_PITR_PLACE_H
/* Whose data directory it is, where WAL waits. */
#include "base/err.h"

/*
 * As root, become the owner of the directory dir, permanently: PostgreSQL does
 * not run as root, and COMMANDs have to work as the user it runs as.  0 or -1.
 */
int pitr_become_owner(const char *dir, struct bk_err *e);

/* An absolute path for an existing directory; free() it.  NULL or *e set. */
char *pitr_absolute(const char *dir, struct bk_err *e);

/* Remove the directory and the files in it; fine if it is not there. */
void pitr_remove_spool(const char *dir);

#endif
