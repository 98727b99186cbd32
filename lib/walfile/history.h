#ifndef BK_WALFILE_HISTORY_H
#define BK_WALFILE_HISTORY_H
/*
 * A timeline's history file, 0000000N.history: a line for each timeline on the
 * way to N, oldest first, with the LSN at which it was left and a comment,
 *
 *	1<TAB>0/3000158<TAB>no recovery target specified
 *
 * Empty lines and those that begin with '#' say nothing.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define BK_WAL_HISTORY_MAX (1 << 20)	/* bytes of a file, at most */

struct bk_wal_switch {
	uint32_t timeline;	/* the one that was left */
	uint64_t lsn;		/* here; the next one begins with it */
};

struct bk_wal_history {		/* = {0}; timeline 1 has no file and n = 0 */
	uint32_t timeline;	/* whose history it is */
	size_t n;
	struct bk_wal_switch *v;
};

/*
 * Parse the len bytes of the file name, whose first eight digits are the
 * timeline.  As strict as the server: timelines increase, and are older than
 * name's.  0, or -1 with *e set: BK_DATA "NAME: line N: ...".
 */
int bk_wal_history_parse(const char *name, const char *text, size_t len,
    struct bk_wal_history *out, struct bk_err *e);

/*
 * Is text the content that the file name demands: a history, as above; or, for
 * a .backup file, lines with a START WAL LOCATION in the segment of its name.
 * 0, or -1 with *e set as above.
 */
int bk_wal_text_check(const char *name, const char *text, size_t len,
    struct bk_err *e);

/* The timeline whose WAL at lsn belongs to this history. */
uint32_t bk_wal_history_owner(const struct bk_wal_history *h, uint64_t lsn);

/*
 * Set *end to the LSN at which timeline was left: 1; 0: it is the history's
 * own, and goes on; -1: it is not in this history.
 */
int bk_wal_history_end(const struct bk_wal_history *h, uint32_t timeline,
    uint64_t *end);

void bk_wal_history_free(struct bk_wal_history *h); /* *h is {0} again */

#endif
