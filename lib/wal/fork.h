#ifndef BK_WAL_FORK_H
#define BK_WAL_FORK_H
/*
 * Where the timeline that a server follows has left an older one: WAL of the
 * older one from there on is another past, and a server that is given it
 * replays it.
 *
 * A server puts the history of the timeline that it follows into pg_wal before
 * it asks for WAL; one that is to stay on its own timeline asks for none.
 */
#include <stdint.h>

#include "base/err.h"
#include "wal/command.h"

/*
 * A point that the server has replayed already: a history that does not lead
 * there is one that it cannot follow, though it may have it.
 */
struct bk_wal_point {
	uint32_t timeline;	/* 0: not known, each history counts */
	uint64_t lsn;
};

/*
 * The same of the server's control file path: its last checkpoint.  0, or -1
 * with *e set.
 */
int bk_wal_fork_point(const char *path, struct bk_wal_point *at,
    struct bk_err *e);

/*
 * By the newest of the histories in the directory dir that leads to at and has
 * timeline among its past: set *lsn to where that was left.  1; 0: there is
 * none, or no directory; -1 with *e set: one cannot be read, or is none.
 */
int bk_wal_fork_find(const char *dir, const struct bk_wal_point *at,
    uint32_t timeline, uint64_t *lsn, struct bk_err *e);

/*
 * The same by the histories in the archive that c fetches from, asking for the
 * next timelines until one is not there.
 */
int bk_wal_fork_later(const struct bk_wal_command *c, struct bk_wal_runs *runs,
    const struct bk_wal_point *at, uint32_t timeline, uint64_t *lsn,
    struct bk_err *e);

/*
 * Cut the whole segment path off at lsn, zeros from there on: 1; 0: it begins
 * there or later, and is removed; -1 with *e set: removed, too.
 */
int bk_wal_fork_cut(const char *path, uint64_t lsn, struct bk_err *e);

#endif
