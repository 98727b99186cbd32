#include "wal/receive_in.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utctime.h"
#include "pg/timeout.h"

#define TELL 10			/* seconds between two statuses */
#define TELL_PAUSED 1		/* the same while what the server asks is not
				 * read */
#define SILENCE 60		/* seconds until a silent server is given up */
#define REPORT 10		/* seconds between two reports */
#define LAST_WAIT 20		/* seconds for COMMANDs at the end */
#define AT_ONCE 256		/* messages before anything else is looked at */
#define UNSYNCED (1 << 20)	/* bytes, at most, while more arrive */
#define PARTIAL_AGAIN 10	/* seconds until a .partial is tried again */

/* Tell the server how far we are. */
static void
tell(struct bk_receive *r, int ask)
{
	struct bk_err why = {0};

	if (r->conn == NULL)
		return;
	r->told = bk_monotonic();
	r->told_lsn = bk_receive_confirmed(r);
	/* if only the stream has ended, what is still to be read tells why */
	if (bk_stream_status(r->conn, r->received, r->told_lsn, ask,
	    &why) == -1 && PQstatus(r->conn) == CONNECTION_BAD)
		bk_receive_disconnect(r, "the server has closed the "
		    "connection");
}

/* A message has come: the first of a connection proves it. */
static void
hear(struct bk_receive *r, const struct bk_stream_message *m)
{
	char text[300], at[BK_LSN_TEXT];

	r->heard = bk_monotonic();
	if (m->end > r->server_end)
		r->server_end = m->end;
	if (r->proven)
		return;
	r->proven = 1;
	r->tries = 0;
	*r->cause = '\0';
	bk_lsn_format(r->received, at);
	(void)snprintf(text, sizeof(text), "receiving from %s, timeline %u, "
	    "%s, %s%s", r->server.host, (unsigned)r->pos.timeline, at,
	    r->o->slot != NULL ? "slot " : "without a slot",
	    r->o->slot != NULL ? r->o->slot : "");
	r->o->say(text);
}

/*
 * A server that shuts down asks until all that it has sent is confirmed, and
 * waits for that; it also asks a receiver that was silent for long.
 */
static void
answer(struct bk_receive *r, const struct bk_stream_message *m)
{
	if (m->reply)
		tell(r, 0);
	if (m->reply && m->end <= r->received && r->asked == 0 &&
	    bk_receive_confirmed(r) < r->received)
		r->asked = bk_monotonic();
}

/* A commit may wait for what was confirmed since, and a slot keeps its WAL. */
static void
tell_news(struct bk_receive *r)
{
	if (bk_receive_confirmed(r) != r->told_lsn)
		tell(r, 0);
}

static int
sync_and_tell(struct bk_receive *r, struct bk_err *e)
{
	if (bk_receive_sync(r, e) == -1)
		return -1;
	tell_news(r);
	return 0;
}

/* Write what is held, if it is what was asked for. */
static int
write_held(struct bk_receive *r, struct bk_err *e)
{
	int rc = bk_receive_write(r, e);

	if (rc == 1)
		bk_receive_disconnect(r, "the server sent WAL from another "
		    "position than was asked for");
	return rc == -1 ? -1 : 0;
}

/* What to do with one message: 1; 0: there is none; -1. */
static int
take(struct bk_receive *r, struct bk_err *e)
{
	struct bk_stream_message m;
	struct bk_err why = {0};
	int rc = 0;

	if (bk_stream_read(r->conn, &m, &why) == -1) {
		bk_receive_disconnect(r, why.msg);
		return 0;
	}
	if (m.kind == BK_STREAM_NOTHING)
		return 0;
	if (m.kind == BK_STREAM_ENDED)
		return sync_and_tell(r, e) == -1 ? -1 :
		    bk_receive_ended(r, e);
	hear(r, &m);
	if (m.kind == BK_STREAM_ALIVE) {
		answer(r, &m);
		bk_stream_free(&m);
		return 1;
	}
	r->sent = m.sent;
	r->held = m;		/* owned by r from here on */
	rc = write_held(r, e);
	return rc == -1 ? -1 : 1;
}

/* All that has arrived, or a good part of it. */
static int
take_all(struct bk_receive *r, struct bk_err *e)
{
	int i, rc = 1;

	for (i = 0; rc == 1 && i < AT_ONCE; i++) {
		if (r->conn == NULL || r->pause != NOT_PAUSED)
			break;
		rc = take(r, e);
		if (rc == 1 && r->received > r->synced + UNSYNCED &&
		    sync_and_tell(r, e) == -1)
			rc = -1;
	}
	return rc == -1 ? -1 : sync_and_tell(r, e);
}

/* Go on writing, if there may be room again. */
static int
unpause(struct bk_receive *r, struct bk_err *e)
{
	if (r->pause == NOT_PAUSED ||
	    (r->pause == PAUSE_DISK && bk_monotonic() < r->paused_until))
		return 0;
	r->heard = bk_monotonic();
	return write_held(r, e);
}

/* What COMMANDs have done since, and whether the segment is old. */
static int
look(struct bk_receive *r, struct bk_err *e)
{
	uint64_t end = r->seg.fd == -1 ? 0 : r->seg.start + r->seg.have;
	double now = bk_monotonic();
	int old;

	bk_hand_look(r->hand, &r->handed);
	tell_news(r);
	if (r->handed.growing > 0)
		return 0;
	if (r->partial_end > 0 && r->handed.grown < r->partial_end) {
		/* COMMAND has failed */
		r->partial_end = 0;
		r->fresh = now - (double)r->o->max_age + PARTIAL_AGAIN;
	}
	old = r->o->max_age > 0 && r->fresh > 0 &&
	    now - r->fresh >= (double)r->o->max_age;
	return end > r->partial_end && (old || r->asked > 0) ?
	    bk_receive_partial(r, e) : 0;
}

/* Times that have come. */
static void
watch(struct bk_receive *r)
{
	double now = bk_monotonic();

	if (r->conn == NULL)
		return;
	if (r->asked > 0 && bk_receive_confirmed(r) >= r->received)
		r->asked = 0;
	if (r->asked > 0 && now - r->asked > SILENCE / 2.0)
		bk_receive_disconnect(r, "the server waits for what COMMAND "
		    "has not stored, to shut down perhaps: left it alone");
	else if (r->pause == NOT_PAUSED && now - r->heard > SILENCE)
		bk_receive_disconnect(r, "nothing heard from the server for "
		    "a minute");
	else if (now - r->told >= (r->pause != NOT_PAUSED ? TELL_PAUSED :
	    TELL))
		tell(r, now - r->heard > SILENCE / 3.0);
}

static void
report(struct bk_receive *r, double *next)
{
	struct bk_receive_state s = {
		.slot = r->o->slot, .host = r->pos.host,
		.cluster = r->pos.sysid, .slot_made = r->slot_made,
		.connected = r->conn != NULL && r->proven,
		.timeline = r->pos.timeline, .server = r->server_end,
		.received = r->received,
		.confirmed = bk_receive_confirmed(r), .bytes = r->bytes,
		.connections = r->connections, .hand = r->handed,
		.oldest = r->handed.oldest,
	};

	if (bk_monotonic() < *next)
		return;
	*next = bk_monotonic() + REPORT;
	if (s.oldest == 0 && r->fresh > 0)
		s.oldest = r->fresh_at;
	r->o->report(&s);
}

/* Wait for something to do, a second at most: 1: it is to end. */
static int
wait_for_work(struct bk_receive *r, struct bk_err *e)
{
	struct pollfd p[3] = {
		{ .fd = r->o->stop, .events = POLLIN },
		{ .fd = bk_hand_fd(r->hand), .events = POLLIN },
		{ .fd = r->conn == NULL || r->pause != NOT_PAUSED ? -1 :
		    PQsocket(r->conn), .events = POLLIN },
	};

	if (poll(p, 3, 1000) == -1 && errno != EINTR)
		return bk_fail_errno(e, "poll");
	return p[0].revents != 0;
}

/* Let running commands end, and tell the server what they have confirmed. */
static void
stop(struct bk_receive *r)
{
	bk_hand_stop(r->hand, LAST_WAIT);
	bk_hand_look(r->hand, &r->handed);
	tell(r, 0);
	if (r->conn != NULL && PQputCopyEnd(r->conn, NULL) == 1)
		(void)PQflush(r->conn);
}

static int
loop(struct bk_receive *r, struct bk_err *e)
{
	double next_report = 0;
	int ended = 0;

	bk_patience_set(r->o->stop, SILENCE);
	while (ended == 0) {
		if (r->conn == NULL && bk_monotonic() >= r->next_try &&
		    bk_receive_connect(r, e) == -1)
			return -1;
		if (unpause(r, e) == -1 || take_all(r, e) == -1 ||
		    look(r, e) == -1)
			return -1;
		watch(r);
		report(r, &next_report);
		ended = wait_for_work(r, e);
	}
	if (ended == -1 || sync_and_tell(r, e) == -1)
		return -1;
	stop(r);
	next_report = 0;
	report(r, &next_report);
	return 0;
}

static void
free_receive(struct bk_receive *r)
{
	if (r == NULL)
		return;
	bk_hand_free(r->hand);
	bk_stream_free(&r->held);
	PQfinish(r->conn);
	if (r->seg.fd != -1)
		close(r->seg.fd);
	bk_spool_free(r->spool);
	free(r);
}

/* With what an earlier run has left; NULL with *e set. */
static struct bk_receive *
open_receive(const struct bk_receive_options *o, struct bk_err *e)
{
	struct bk_receive *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		(void)bk_fail_memory(e);
		return NULL;
	}
	r->o = o;
	r->seg.fd = -1;
	r->spool = bk_spool_open(o->spool, o->tmpdir, e);
	r->hand_options = (struct bk_hand_options){ .command = o->command,
	    .spool = r->spool, .jobs = o->jobs, .timeout = o->timeout,
	    .say = o->say };
	if (r->spool == NULL ||
	    (r->hand = bk_hand_open(&r->hand_options, e)) == NULL ||
	    bk_receive_resume(r, e) == -1) {
		free_receive(r);
		return NULL;
	}
	return r;
}

int
bk_receive_run(const struct bk_receive_options *o, struct bk_err *e)
{
	struct bk_receive *r = open_receive(o, e);
	int rc = r == NULL ? -1 : loop(r, e);

	free_receive(r);
	return rc;
}

static int
wait_until_stored(struct bk_receive *r, struct bk_err *e)
{
	int ended = 0;

	for (;;) {
		bk_hand_look(r->hand, &r->handed);
		if (r->handed.waiting == 0)
			return 0;
		if (ended != 0)
			return bk_fail(e, BK_FAIL, "%s: still contains %" PRIu64
			    " files", r->o->spool, r->handed.waiting);
		if ((ended = wait_for_work(r, e)) == 1)
			bk_hand_stop(r->hand, LAST_WAIT);
	}
}

int
bk_receive_flush(const struct bk_receive_options *o, struct bk_err *e)
{
	struct bk_receive *r = open_receive(o, e);
	int rc = -1;

	if (r != NULL && bk_receive_end_segment(r, r->received, e) == 0 &&
	    wait_until_stored(r, e) == 0)
		rc = bk_spool_forget(r->spool, e);
	free_receive(r);
	return rc;
}
