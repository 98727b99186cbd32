#ifndef BK_WAL_RECEIVE_IN_H
#define BK_WAL_RECEIVE_IN_H
/*
 * Shared by the sources of receive.h, and nobody else: receive.c calls both of
 * the others, receive_connect.c calls receive_segment.c.
 */
#include "replication/repl.h"
#include "replication/wal_stream.h"
#include "wal/receive.h"
#include "wal/spool.h"

enum bk_pause { NOT_PAUSED, PAUSE_QUEUE, PAUSE_DISK };

struct bk_receive {
	const struct bk_receive_options *o;
	struct bk_spool *spool;
	struct bk_hand_options hand_options;
	struct bk_hand *hand;
	struct bk_hand_state handed;

	PGconn *conn;		/* NULL: none; else it streams */
	struct bk_repl_server server;	/* of the last connection */
	int known;		/* there was one */
	uint64_t connections;
	time_t slot_made;	/* by us, as there was none; 0: it was there */
	double next_try;	/* bk_monotonic() */
	unsigned tries;
	char cause[1024];	/* of the last failure said; "" */
	int proven;		/* a message has come over the connection */
	double heard, told;	/* when a message came, a status left */
	uint64_t told_lsn;	/* confirmed by that status */

	struct bk_spool_position pos;	/* of the segment being received, or
				 * of the next */
	int recorded;		/* pos is in the spool */
	struct bk_spool_segment seg;
	int checked;		/* its header */
	uint64_t received;	/* LSN: in seg or before it, in this run or
				 * compared with what was there */
	uint64_t synced;	/* of that, durable */
	uint64_t floor;		/* confirmed before anything was stored */
	uint64_t server_end;
	uint64_t bytes;
	time_t sent;		/* of the last data, by the server's clock */

	struct bk_stream_message held;	/* data that could not be written */
	enum bk_pause pause;
	double paused_until;	/* of PAUSE_DISK */

	double fresh;		/* since when the segment has bytes that were
				 * not handed over; 0: none */
	time_t fresh_at;	/* the same, time of day */
	uint64_t partial_end;	/* LSN that was handed over as .partial */
	double asked;		/* since when the server wants all confirmed */
};

/* --- receive_connect.c */

/*
 * Connect and start streaming.  0: streaming, or to be tried again later; -1
 * with *e set: end.
 */
int bk_receive_connect(struct bk_receive *r, struct bk_err *e);

/* Close the connection, to be made again later; why is said. */
void bk_receive_disconnect(struct bk_receive *r, const char *why);

/* The stream has ended: go on with the next timeline, or disconnect. */
int bk_receive_ended(struct bk_receive *r, struct bk_err *e);

/* --- receive_segment.c */

/* Begin with what an earlier run has left in the spool. */
int bk_receive_resume(struct bk_receive *r, struct bk_err *e);

/*
 * Write the WAL of r->held, or as much as there is room for: r->pause says why
 * something is left.  0; 1: it is not what follows, and nothing was done; -1.
 */
int bk_receive_write(struct bk_receive *r, struct bk_err *e);

/* Make durable what was received. */
int bk_receive_sync(struct bk_receive *r, struct bk_err *e);

/* Hand over the segment that is being received, as NAME.partial. */
int bk_receive_partial(struct bk_receive *r, struct bk_err *e);

/* The segment that is being received goes no further: hand over what it has. */
int bk_receive_end_segment(struct bk_receive *r, uint64_t lsn,
    struct bk_err *e);

/* From here on it is timeline, which forked at lsn, whose history is text. */
int bk_receive_switch(struct bk_receive *r, uint32_t timeline, uint64_t lsn,
    const struct bk_buf *text, struct bk_err *e);

/* Store and hand over the history file of timeline. */
int bk_receive_history(struct bk_receive *r, uint32_t timeline,
    const struct bk_buf *text, struct bk_err *e);

/* The LSN to confirm to the server. */
uint64_t bk_receive_confirmed(const struct bk_receive *r);

#endif
