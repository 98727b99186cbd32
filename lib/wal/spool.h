#ifndef BK_WAL_SPOOL_H
#define BK_WAL_SPOOL_H
/*
 * A directory for WAL that was received and not handed over yet:
 *
 *	lock		locked by the receiver that uses it
 *	position	the cluster, and the position up to which complete
 *			segments were received
 *	NAME		a segment, whole and durable
 *	NAME.partial	the segment that is being received, or the last one of
 *			a timeline that has ended; zeros after what was
 *			received
 *	NNNNNNNN.history
 *
 * or, without one, files without a name in a temporary directory.
 *
 * A segment that is received again, after a restart, is compared with what is
 * there: nothing that was confirmed is lost if the receiver is killed
 * meanwhile, and a server with another past is noticed.
 *
 * No room on the disk is BK_BUSY: the call may be repeated.  Not thread-safe,
 * except for bk_spool_open_file() and bk_spool_remove().
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "stream/seal.h"
#include "walfile/segment.h"

struct bk_spool;

/*
 * Open the directory dir, which must exist, and lock it, or if that is NULL,
 * prepare for files in tmpdir.  NULL with *e set: BK_BUSY if another process
 * has it locked.
 */
struct bk_spool *bk_spool_open(const char *dir, const char *tmpdir,
    struct bk_err *e);

int bk_spool_keeps(const struct bk_spool *s);	/* 1: it has a directory */

/* The cluster, and the position up to which complete segments were received. */
struct bk_spool_position {
	char sysid[BK_WAL_SYSID];
	char host[BK_LABEL_HOST];	/* the server's */
	uint64_t segment;	/* bytes of one; 0: nothing is known */
	uint32_t timeline;
	uint64_t lsn;
};

/* Read it; without one *p is {0}.  0, or -1 with *e set. */
int bk_spool_position(struct bk_spool *s, struct bk_spool_position *p,
    struct bk_err *e);

/* Record it, if there is a directory. */
int bk_spool_record(struct bk_spool *s, const struct bk_spool_position *p,
    struct bk_err *e);

/* Forget it: the next WAL may be any cluster's. */
int bk_spool_forget(const struct bk_spool *s, struct bk_err *e);

/* The segment that is being received. */
struct bk_spool_segment {
	char name[BK_WAL_NAME];	/* "": none */
	uint64_t start, size;	/* LSN, bytes */
	int fd;
	uint64_t have;		/* so many bytes were received, some of them
				 * perhaps in an earlier run */
	uint64_t allocated;	/* length of the file */
};

/*
 * Begin, or continue, the segment with this position's timeline at p->lsn.  0,
 * or -1 with *e set.
 */
int bk_spool_begin(struct bk_spool *s, const struct bk_spool_position *p,
    struct bk_spool_segment *seg, struct bk_err *e);

/*
 * Write n bytes at LSN lsn, which must be in the segment, no later than its
 * bytes end.  -1 with *e set: BK_DATA, other bytes were received there before.
 */
int bk_spool_write(struct bk_spool *s, struct bk_spool_segment *seg,
    uint64_t lsn, const void *buf, size_t n, struct bk_err *e);

/* Make durable what was written; without a directory nothing is. */
int bk_spool_sync(const struct bk_spool *s, const struct bk_spool_segment *seg,
    struct bk_err *e);

/*
 * The segment is whole: make it durable and give it its name; its file's time
 * is at.  seg->fd stays the caller's.
 */
int bk_spool_finish(const struct bk_spool *s,
    const struct bk_spool_segment *seg, time_t at, struct bk_err *e);

/*
 * Store a history file.  Without a directory *fd becomes a file with its
 * contents, else -1.
 */
int bk_spool_store(struct bk_spool *s, const char *name,
    const struct bk_buf *text, int *fd, struct bk_err *e);

/*
 * Call each(ctx, name) for all segments, partial ones and history files of the
 * directory, in the order in which they are to be handed over: a timeline's
 * history before its segments.  0, or -1 with *e set, by each too.
 */
int bk_spool_each(struct bk_spool *s, int (*each)(void *ctx, const char *name,
    struct bk_err *e), void *ctx, struct bk_err *e);

/* Open the file name of the directory; -1 with *e set. */
int bk_spool_open_file(const struct bk_spool *s, const char *name,
    struct bk_err *e);

/* Remove it; fine if it is gone. */
int bk_spool_remove(const struct bk_spool *s, const char *name,
    struct bk_err *e);

void bk_spool_free(struct bk_spool *s);	/* NULL is fine */

#endif
