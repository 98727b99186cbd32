#ifndef BK_POLICY_NAMED_H
#define BK_POLICY_NAMED_H
/* What a backup's name says of it, against what its label says. */
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

/* 1 if name has word in it, with no letter or digit next to it. */
int bk_name_has(const char *name, const char *word);

/*
 * 1 if name is that of another backup than database's of the instant at: it has
 * another instant, or is of another database's series by pattern (group.h; NULL
 * without) and does not have this one's name in it.  NULL and 0: unknown, as
 * the label of a base backup names no database.  0 if not; -1 with *e set:
 * memory.
 */
int bk_name_denies(const char *pattern, const char *name,
    const char *database, time_t at, struct bk_err *e);

#endif
