/* The connection of a receiver: made, lost, and what it is to begin with. */
#include "wal/receive_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/utctime.h"
#include "pg/timeout.h"
#include "replication/slot.h"
#include "walfile/history.h"

#define LONGEST_WAIT 30		/* seconds between two connections */
#define OVERLAP (1 << 20)	/* bytes that are received again, to compare */
#define PAGE 8192

static void
say_once(struct bk_receive *r, const char *cause)
{
	char text[1100];

	if (strcmp(r->cause, cause) == 0)
		return;
	(void)snprintf(r->cause, sizeof(r->cause), "%s", cause);
	(void)snprintf(text, sizeof(text), "%s; will try again", cause);
	r->o->say(text);
}

void
bk_receive_disconnect(struct bk_receive *r, const char *why)
{
	double wait = r->tries > 4 ? LONGEST_WAIT : (double)(1u << r->tries);

	say_once(r, why);
	PQfinish(r->conn);
	r->conn = NULL;
	bk_stream_free(&r->held);
	r->pause = NOT_PAUSED;
	r->asked = 0;
	r->tries++;
	r->next_try = bk_monotonic() + wait;
}

/* 1 if something is here that can be handed over without a server. */
static int
has_work(const struct bk_receive *r)
{
	return r->handed.waiting > 0 || r->seg.have > 0;
}

/* A failure on the way to the stream: -1 if that will not change. */
static int
fail_or_retry(struct bk_receive *r, const struct bk_err *why, struct bk_err *e)
{
	char lsn[BK_LSN_TEXT];

	if (bk_patience() == BK_PATIENCE_STOPPED)
		return 0;		/* the loop sees it as well */
	if (why->code == BK_FAIL || why->code == BK_BUSY) {
		if (!r->known && !has_work(r)) {
			*e = *why;
			return -1;
		}
		bk_receive_disconnect(r, why->msg);
		return 0;
	}
	*e = *why;
	if (r->pos.segment != 0) {
		bk_lsn_format(r->received, lsn);
		bk_fail_add(e, "; WAL was received up to %s", lsn);
	}
	return -1;
}

/* Is it the server whose WAL we have? */
static int
check_cluster(const struct bk_receive *r, struct bk_err *e)
{
	const struct bk_repl_server *s = &r->server;

	if (r->pos.segment == 0)
		return 0;
	if (strcmp(r->pos.sysid, s->sysid) != 0)
		return bk_fail(e, BK_DATA, "server %s: is cluster %s, not %s; "
		    "give it a slot and a spool of its own", s->host,
		    s->sysid, r->pos.sysid);
	if (r->pos.segment != s->segment)
		return bk_fail(e, BK_DATA, "server %s: its segments have %"
		    PRIu64 " bytes, not %" PRIu64 " as before", s->host,
		    s->segment, r->pos.segment);
	return 0;
}

/* Where there was no slot, nobody kept the WAL that was written until now. */
static int
make_slot(struct bk_receive *r, struct bk_repl_slot *slot, struct bk_err *e)
{
	const char *name = r->o->slot;
	char text[400], at[BK_LSN_TEXT];

	if (bk_repl_slot_create(r->conn, name, e) == -1 ||
	    bk_repl_slot_read(r->conn, &r->o->target, name, slot, e) == -1)
		return -1;
	slot->exists = 0;
	r->slot_made = time(NULL);
	bk_lsn_format(slot->restart, at);
	if (r->pos.segment == 0)
		(void)snprintf(text, sizeof(text), "slot %s: there was none on "
		    "%s: made; WAL is received from %s on; if it was there "
		    "before, WAL is missing: take a new base backup", name,
		    r->server.host, at);
	else
		(void)snprintf(text, sizeof(text), "slot %s: there was none on "
		    "%s: made; what the server still has is received", name,
		    r->server.host);
	r->o->say(text);
	return 0;
}

/*
 * Find the slot, or make it.  slot->exists tells which; slot->restart is the
 * oldest WAL that it keeps, 0 without one.
 */
static int
use_slot(struct bk_receive *r, struct bk_repl_slot *slot, struct bk_err *e)
{
	const char *name = r->o->slot;

	*slot = (struct bk_repl_slot){0};
	if (name == NULL)
		return 0;
	if (bk_repl_slot_read(r->conn, &r->o->target, name, slot, e) == -1 ||
	    (!slot->exists && make_slot(r, slot, e) == -1))
		return -1;
	if (slot->restart == 0)
		return bk_fail(e, BK_DATA, "slot %s: keeps no WAL: the server "
		    "has invalidated it (max_slot_wal_keep_size), or it was "
		    "made without reserving WAL; drop it, it will be made "
		    "again, begin with an empty spool and take a new base "
		    "backup", name);
	return 0;
}

static int
read_history(struct bk_receive *r, uint32_t timeline, struct bk_buf *text,
    struct bk_wal_history *h, struct bk_err *e)
{
	char name[BK_WAL_NAME];

	bk_wal_history_name(timeline, name);
	if (bk_stream_history(r->conn, timeline, text, e) == -1)
		return -1;
	return bk_wal_history_parse(name, text->data, text->len, h, e);
}

/* Nothing is here of what comes before lsn: begin there. */
static int
choose_position(struct bk_receive *r, uint64_t lsn, struct bk_err *e)
{
	struct bk_wal_history h = {0};
	struct bk_buf text = {0};
	uint32_t timeline = r->server.timeline;
	int rc = 0;

	if (timeline > 1) {
		rc = read_history(r, timeline, &text, &h, e);
		if (rc == 0)
			timeline = bk_wal_history_owner(&h, lsn);
	}
	if (rc == 0) {
		r->pos.segment = r->server.segment;
		r->pos.timeline = timeline;
		r->pos.lsn = lsn & ~(r->server.segment - 1);
		(void)snprintf(r->pos.sysid, sizeof(r->pos.sysid), "%s",
		    r->server.sysid);
		r->received = r->synced = r->floor = r->pos.lsn;
		r->recorded = 0;
	}
	bk_wal_history_free(&h);
	bk_buf_free(&text);
	return rc;
}

/*
 * The slot gives up only WAL that was confirmed.  Where it begins after the
 * segment that is to come, and nothing of that is here, we were ended between
 * the confirmation and the note of the new position.
 */
static int
believe_slot(struct bk_receive *r, uint64_t restart, struct bk_err *e)
{
	char text[300], from[BK_LSN_TEXT], to[BK_LSN_TEXT];

	if (r->seg.have > 0 || restart < r->pos.lsn + r->pos.segment)
		return 0;
	bk_lsn_format(r->pos.lsn, from);
	bk_lsn_format(restart, to);
	(void)snprintf(text, sizeof(text), "slot %s: WAL up to %s was "
	    "confirmed, the spool tells of %s: goes on where the slot is",
	    r->o->slot, to, from);
	r->o->say(text);
	if (bk_receive_end_segment(r, r->pos.lsn, e) == -1)
		return -1;
	return choose_position(r, restart, e);
}

/* Where to begin, at the first connection. */
static int
first_position(struct bk_receive *r, const struct bk_repl_slot *slot,
    struct bk_err *e)
{
	if (r->pos.segment == 0)
		return choose_position(r, slot->restart != 0 ? slot->restart :
		    r->server.lsn, e);
	return slot->exists ? believe_slot(r, slot->restart, e) : 0;
}

/* The history of the timeline that is begun with is handed over, too. */
static int
first_history(struct bk_receive *r, struct bk_err *e)
{
	struct bk_wal_history h = {0};
	struct bk_buf text = {0};
	int rc = 0;

	if (r->pos.timeline > 1) {
		rc = read_history(r, r->pos.timeline, &text, &h, e);
		if (rc == 0)
			rc = bk_receive_history(r, r->pos.timeline, &text, e);
	}
	bk_wal_history_free(&h);
	bk_buf_free(&text);
	return rc;
}

/* The timeline that comes after timeline on the way to h's. */
static uint32_t
next_timeline(const struct bk_wal_history *h, uint32_t timeline)
{
	size_t i;

	for (i = 0; i + 1 < h->n; i++)
		if (h->v[i].timeline == timeline)
			return h->v[i + 1].timeline;
	return h->timeline;
}

static int
switch_to(struct bk_receive *r, uint32_t timeline, uint64_t lsn,
    struct bk_err *e)
{
	struct bk_wal_history h = {0};
	struct bk_buf text = {0};
	char at[BK_LSN_TEXT], said[200];
	uint32_t old = r->pos.timeline;
	int rc = read_history(r, timeline, &text, &h, e);

	if (rc == 0)
		rc = bk_receive_switch(r, timeline, lsn, &text, e);
	if (rc == 0) {
		bk_lsn_format(lsn, at);
		(void)snprintf(said, sizeof(said), "timeline %" PRIu32
		    " has ended at %s; timeline %" PRIu32 " follows", old, at,
		    timeline);
		r->o->say(said);
	}
	bk_wal_history_free(&h);
	bk_buf_free(&text);
	return rc;
}

/*
 * The server is on another timeline than what was received last.  If more was
 * received of that one than the server's history has of it (a standby that
 * lagged was promoted), go on with the next.
 */
static int
follow(struct bk_receive *r, struct bk_err *e)
{
	struct bk_wal_history h = {0};
	struct bk_buf text = {0};
	uint64_t left = 0, have = r->seg.fd == -1 ? r->pos.lsn :
	    r->seg.start + r->seg.have;
	int rc = 0;

	if (r->server.timeline < r->pos.timeline)
		return bk_fail(e, BK_FAIL, "server %s: is on timeline %" PRIu32
		    ", but WAL of timeline %" PRIu32 " was received; an old "
		    "primary?", r->server.host, r->server.timeline,
		    r->pos.timeline);
	if (r->server.timeline == r->pos.timeline)
		return 0;
	if (read_history(r, r->server.timeline, &text, &h, e) == -1)
		rc = -1;
	else if (bk_wal_history_end(&h, r->pos.timeline, &left) != 1)
		rc = bk_fail(e, BK_DATA, "server %s: timeline %" PRIu32
		    ", of which WAL was received, is not in the history of its "
		    "timeline %" PRIu32 "; take a new base backup, begin "
		    "with a new slot and an empty spool", r->server.host,
		    r->pos.timeline, r->server.timeline);
	else if (have > left)
		rc = switch_to(r, next_timeline(&h, r->pos.timeline), left, e);
	bk_wal_history_free(&h);
	bk_buf_free(&text);
	return rc == 0 && have > left && left > 0 ? follow(r, e) : rc;
}

/* Start at what was received, with an overlap that is compared. */
static int
start(struct bk_receive *r, struct bk_err *e)
{
	struct bk_stream_next next;
	uint64_t lsn;
	int rc;

	for (;;) {
		lsn = r->received;
		if (lsn - r->pos.lsn > OVERLAP)
			lsn = (lsn - OVERLAP) & ~(uint64_t)(PAGE - 1);
		else
			lsn = r->pos.lsn;
		r->received = lsn;
		if (r->synced > lsn)
			r->synced = lsn;
		rc = bk_stream_start(r->conn, r->o->slot, lsn, r->pos.timeline,
		    &next, e);
		if (rc != 1)
			break;
		if (switch_to(r, next.timeline, next.lsn, e) == -1)
			return -1;
	}
	if (rc == 0) {
		r->heard = r->told = bk_monotonic();
		r->told_lsn = bk_receive_confirmed(r);
		rc = bk_stream_status(r->conn, r->received, r->told_lsn, 1, e);
	}
	return rc;
}

static int
prepare(struct bk_receive *r, struct bk_err *e)
{
	int first = r->pos.segment == 0 || !r->known;
	struct bk_repl_slot slot;

	if (bk_repl_identify(r->conn, &r->server, e) == -1 ||
	    check_cluster(r, e) == -1 || use_slot(r, &slot, e) == -1 ||
	    (first && first_position(r, &slot, e) == -1))
		return -1;
	(void)snprintf(r->pos.host, sizeof(r->pos.host), "%s", r->server.host);
	r->server_end = r->server.lsn;
	if (first && first_history(r, e) == -1)
		return -1;
	r->known = 1;
	if (follow(r, e) == -1)
		return -1;
	return start(r, e);
}

int
bk_receive_connect(struct bk_receive *r, struct bk_err *e)
{
	struct bk_err why = {0};

	r->conn = bk_repl_open(&r->o->target, &why);
	if (r->conn != NULL && prepare(r, &why) == 0) {
		r->connections++;
		r->proven = 0;
		return 0;
	}
	PQfinish(r->conn);
	r->conn = NULL;
	return fail_or_retry(r, &why, e);
}

int
bk_receive_ended(struct bk_receive *r, struct bk_err *e)
{
	struct bk_stream_next next;
	struct bk_err why = {0};
	int rc = bk_stream_finish(r->conn, &next, &why);

	if (rc == 0 && r->received < next.lsn)
		rc = bk_fail(&why, BK_FAIL, "the server ended the timeline "
		    "before it had sent all of it");
	if (rc == 0 && switch_to(r, next.timeline, next.lsn, &why) == 0 &&
	    start(r, &why) == 0)
		return 0;
	PQfinish(r->conn);
	r->conn = NULL;
	return fail_or_retry(r, &why, e);
}
