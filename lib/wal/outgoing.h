#ifndef BK_WAL_OUTGOING_H
#define BK_WAL_OUTGOING_H
/*
 * A server's WAL file that is to be stored: opened, found to be what its name
 * says, digested.
 */
#include <stdint.h>

#include "base/err.h"
#include "stream/seal.h"
#include "walfile/segment.h"

#define BK_WAL_DIGEST 65	/* SHA-256 in hex and a NUL */

struct bk_wal_outgoing {	/* = BK_WAL_OUTGOING_NONE */
	char name[BK_WAL_NAME];
	int fd;			/* -1: not open */
	uint64_t size;		/* of a .partial: to its last record's end */
	char digest[BK_WAL_DIGEST];
	struct bk_label label;	/* without wal, host and run */
};

#define BK_WAL_OUTGOING_NONE { .fd = -1 }

/*
 * Open the file path.  sysid is the cluster's, "": any.  0, or -1 with *e set:
 * BK_DATA if it is not what its name says.
 */
int bk_wal_outgoing_open(struct bk_wal_outgoing *out, const char *path,
    const char *sysid, struct bk_err *e);

void bk_wal_outgoing_close(struct bk_wal_outgoing *out);

#endif
