#ifndef BK_WAL_INCOMING_H
#define BK_WAL_INCOMING_H
/*
 * A WAL file that a COMMAND writes, checked on its way into a file that appears
 * only if it is what its name says.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "wal/command.h"

struct bk_wal_wanted {
	const char *name;	/* of the file in the archive */
	const char *path;	/* where it is to be; replaced if it exists */
	const char *sysid;	/* "": any cluster's */
	int pad;		/* a .partial becomes a whole segment */
};

/*
 * Fetch it.  1 with *segment the size of segments (unchanged if it is none), 0
 * or -1 as by bk_wal_command_fetch(); BK_DATA, "NAME: cause": it is not what
 * its name says.
 */
int bk_wal_incoming(const struct bk_wal_wanted *w,
    const struct bk_wal_command *c, atomic_int *pid, uint64_t *segment,
    struct bk_err *e);

/*
 * Check a file that is there already, without reading more than its header.  1
 * with *segment set, or 0: it is not there, or not what its name says.
 */
int bk_wal_incoming_is(const struct bk_wal_wanted *w, uint64_t *segment);

#endif
