#ifndef BK_WAL_RECEIVE_H
#define BK_WAL_RECEIVE_H
/*
 * Receive WAL from a server and hand each finished segment over to a COMMAND.
 *
 * WAL is confirmed to the server, which may then remove it, as soon as it was
 * fsynced in the spool (a directory); without a spool, in strict order, when
 * COMMAND has stored it.  So the receiver may be killed at any moment.
 *
 *	stream -> spool -> hand -> COMMAND
 *	   ^                |
 *	   +-- confirmed ---+
 *
 * One thread receives, and does not wait for COMMANDs: without a spool it stops
 * reading when jobs + 1 segments wait, with one when the disk is full, and the
 * server keeps WAL then.
 */
#include <stdint.h>
#include <time.h>

#include "pg/conn.h"
#include "wal/command.h"
#include "wal/dispatch.h"

struct bk_receive_state;

struct bk_receive_options {
	struct bk_conn_target target;
	const char *slot;	/* NULL: none */
	const char *spool;	/* a directory; NULL: none */
	const char *tmpdir;	/* for segments without a spool */
	const struct bk_wal_command *command;
	unsigned jobs;		/* COMMANDs at once */
	uint64_t max_age;	/* seconds until an unfinished segment is
				 * handed over; 0: never */
	uint64_t timeout;	/* seconds for a COMMAND; 0: no limit */
	int stop;		/* a descriptor: readable, it is to end */
	/* What happened, for people; from any thread. */
	void (*say)(const char *text);
	/* How things are, now and then. */
	void (*report)(const struct bk_receive_state *s);
};

struct bk_receive_state {
	const char *slot;	/* or NULL */
	const char *host;	/* "": not known yet */
	const char *cluster;
	int connected;
	time_t slot_made;	/* in this run, as there was none; 0: no */
	uint32_t timeline;
	uint64_t server;	/* LSN up to which the server has WAL */
	uint64_t received, confirmed;	/* LSNs */
	uint64_t bytes;		/* received in this run */
	uint64_t connections;	/* made in this run */
	time_t oldest;		/* WAL that was not handed over has waited
				 * since then; 0: there is none */
	struct bk_hand_state hand;
};

/*
 * Receive until o->stop is readable, then wait a while for COMMANDs at work: 0.
 * -1 with *e set if going on would be wrong, or makes no sense: BK_DATA,
 * another cluster, WAL that is gone; BK_BUSY, the spool is in use; BK_FAIL, the
 * first connection failed and nothing waits in the spool.
 */
int bk_receive_run(const struct bk_receive_options *o, struct bk_err *e);

/*
 * Without a server: hand over all that is in the spool, the segment that was
 * being received as NAME.partial, and leave it empty.  0; -1 with *e set, also
 * if o->stop became readable before that.
 */
int bk_receive_flush(const struct bk_receive_options *o, struct bk_err *e);

#endif
