#ifndef BK_REPLICATION_WAL_STREAM_H
#define BK_REPLICATION_WAL_STREAM_H
/*
 * WAL as the server sends it: START_REPLICATION, and the messages of the copy
 * in both directions that it begins (PostgreSQL's manual, "Streaming
 * Replication Protocol").
 *
 * Of all failures BK_DATA are those that no repetition mends: the server no
 * longer has the WAL that was asked for, or has invalidated the slot.
 *
 * Memory: one message, which the server makes at most 128 KiB long.
 */
#include <libpq-fe.h>

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"

/* The timeline that follows one that has ended, and where it forked. */
struct bk_stream_next {
	uint32_t timeline;
	uint64_t lsn;
};

/*
 * Begin streaming from lsn on timeline; slot may be NULL.  From here on the
 * connection is in non-blocking mode.  0; 1: there is nothing, as the timeline
 * ends at lsn, and *next is set; -1 with *e set.
 */
int bk_stream_start(PGconn *conn, const char *slot, uint64_t lsn,
    uint32_t timeline, struct bk_stream_next *next, struct bk_err *e);

enum bk_stream_kind {
	BK_STREAM_NOTHING,	/* no message has arrived */
	BK_STREAM_WAL,
	BK_STREAM_ALIVE,	/* a keepalive */
	BK_STREAM_ENDED,	/* call bk_stream_finish() */
};

struct bk_stream_message {
	enum bk_stream_kind kind;
	uint64_t start;		/* of WAL: where the data begins */
	uint64_t end;		/* how far the server has WAL */
	time_t sent;		/* by the server's clock */
	int reply;		/* of ALIVE: a status is wanted at once */
	const uint8_t *data;	/* of WAL: within memory */
	size_t len;
	char *memory;
};

/*
 * The next message, without waiting for one.  0, or -1 with *e set.  Free it
 * with bk_stream_free(), which accepts an empty one.
 */
int bk_stream_read(PGconn *conn, struct bk_stream_message *m,
    struct bk_err *e);
void bk_stream_free(struct bk_stream_message *m);

/*
 * Tell the server how far WAL was written and is safe; ask: for a keepalive.
 * 0, or -1 with *e set.
 */
int bk_stream_status(PGconn *conn, uint64_t written, uint64_t flushed, int ask,
    struct bk_err *e);

/*
 * After BK_STREAM_ENDED: why.  0 with *next set: the timeline has ended;
 * -1 with *e set.
 */
int bk_stream_finish(PGconn *conn, struct bk_stream_next *next,
    struct bk_err *e);

/* Append the history file of a timeline, which is not the first, to *out. */
int bk_stream_history(PGconn *conn, uint32_t timeline, struct bk_buf *out,
    struct bk_err *e);

#endif
