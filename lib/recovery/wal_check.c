#include "recovery/wal_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/majors.h"
#include "base/num.h"
#include "recovery/wal_check_in.h"
#include "walfile/wal_reader.h"

#define POINTS_SHOWN 300	/* bytes of a list of restore points */

/* --- where PostgreSQL stops (its recoveryStopsBefore, recoveryStopsAfter) */

static int
ends_transaction(const struct bk_logrecord *r)
{
	return r->kind == BK_LOGRECORD_COMMIT || r->kind == BK_LOGRECORD_ABORT;
}

static int
stops_before(struct bk_prover *s, const struct bk_logrecord *r)
{
	const struct bk_recovery_target *t = &s->o->target;

	if (t->kind == BK_TARGET_LSN)
		return r->at >= t->lsn;
	if (t->kind != BK_TARGET_TIME || !r->has_time || r->time <= t->time)
		return 0;
	if (ends_transaction(r))
		return 1;
	if (s->witness == 0 && s->consistent != 0 && r->at >= s->consistent)
		s->witness = r->at;
	return 0;
}

/*
 * The server notices that it is consistent at the next record only, and of a
 * quiet standby there is none: it is told of this one.
 */
static int
is_consistent(struct bk_prover *s, const struct bk_logrecord *r)
{
	if (s->consistent == 0 || r->end < s->consistent)
		return 0;
	s->p->stop = BK_STOP_AFTER;
	s->p->lsn = r->at;
	return 1;
}

static int
stops_after(struct bk_prover *s, const struct bk_logrecord *r)
{
	const struct bk_recovery_target *t = &s->o->target;

	switch (t->kind) {
	case BK_TARGET_XID:
		s->p->rolled_back = r->kind == BK_LOGRECORD_ABORT;
		return ends_transaction(r) && r->xid == t->xid;
	case BK_TARGET_NAME:
		return r->kind == BK_LOGRECORD_POINT &&
		    strcmp(r->name, t->name) == 0;
	case BK_TARGET_IMMEDIATE:
		return is_consistent(s, r);
	default:
		return 0;
	}
}

/* Remember what a message may need. */
static void
note(struct bk_prover *s, const struct bk_logrecord *r)
{
	struct bk_err ignored = {0};

	s->last = r->at;
	s->p->end = r->end;
	if (ends_transaction(r) && r->has_time) {
		s->p->has_time = 1;
		s->p->time = r->time;
	}
	if (s->consistent == 0 && r->kind == BK_LOGRECORD_BACKUP &&
	    r->start == s->o->label.start)
		s->consistent = r->end;
	if (r->kind == BK_LOGRECORD_POINT && s->points.len < POINTS_SHOWN)
		(void)bk_buf_printf(&s->points, &ignored, "%s\"%s\"",
		    s->points.len == 0 ? "" : ", ", r->name);
}

/*
 * A timeline begins with a checkpoint, or the end of a recovery, that names it.
 * In the page in which it begins nothing else tells it from the older one.
 */
static int
is_foreign(struct bk_prover *s, const struct bk_logrecord *r)
{
	uint32_t timeline = bk_wal_history_owner(&s->history, r->at);

	if (timeline == s->timeline || r->kind == BK_LOGRECORD_PRELUDE)
		return 0;
	if ((r->kind != BK_LOGRECORD_RECOVERED &&
	    r->kind != BK_LOGRECORD_CHECKPOINT) || r->timeline != timeline)
		return 1;
	s->timeline = timeline;
	return 0;
}

/* For each record, as struct bk_walk_options wants it. */
static int
see(void *ctx, const struct bk_logrecord *r)
{
	struct bk_prover *s = ctx;

	if (r->at >= s->limit) {
		s->left = 1;
		return 1;
	}
	if (is_foreign(s, r)) {
		s->foreign = 1;
		return 1;
	}
	if (stops_before(s, r)) {
		s->reached = 1;
		return 1;
	}
	note(s, r);
	s->reached = stops_after(s, r);
	return s->reached;
}

static uint32_t
owner(void *ctx, uint64_t at)
{
	struct bk_prover *s = ctx;

	return bk_wal_history_owner(&s->history, at);
}

/* --- verdicts */

/* What to say of the time until which there is WAL. */
static void
last_time(const struct bk_prover *s, char out[80])
{
	char text[BK_TARGET_TIME_TEXT];

	(void)snprintf(out, 80, "no transaction");
	if (!s->p->has_time)
		return;
	bk_recovery_target_time(s->p->time, text);
	(void)snprintf(out, 80, "its last transaction ended %s", text);
}

static int
fail_before(struct bk_prover *s, const char *what, struct bk_err *e)
{
	const struct bk_recovery_target *t = &s->o->target;
	char end[BK_LSN_TEXT], remedy[BK_TARGET_TIME_TEXT + 40] =
	    "an earlier one";

	bk_lsn_format(s->consistent, end);
	if (t->kind == BK_TARGET_TIME) {
		char text[BK_TARGET_TIME_TEXT];

		bk_recovery_target_time(t->time, text);
		(void)snprintf(remedy, sizeof(remedy), "an earlier one: "
		    "bk-s3get --before '%s'", text);
	}
	return bk_fail(e, BK_DATA, "%s: before the end of this base backup"
	    "%s%s; take %s", what, s->consistent == 0 ? "" : ", ",
	    s->consistent == 0 ? "" : end, remedy);
}

/* The WAL ends, and the target was not in it. */
static int
fail_past_end(struct bk_prover *s, const char *what, struct bk_err *e)
{
	char end[BK_LSN_TEXT], last[80];

	bk_lsn_format(s->p->end, end);
	last_time(s, last);
	(void)bk_fail(e, BK_DATA, "%s: not in the WAL, which ends at %s of "
	    "timeline %" PRIu32 " (%s)", what, end, s->history.timeline, last);
	if (s->o->target.kind == BK_TARGET_NAME && s->points.len > 0)
		bk_fail_add(e, "; there are the restore points %.*s%s",
		    POINTS_SHOWN, s->points.data,
		    s->points.len > POINTS_SHOWN ? "..." : "");
	bk_fail_add(e, "; that is as far as --target latest goes");
	return -1;
}

/* L is where the next record will be written, or a page's header before it. */
static int
ends_at(const struct bk_prover *s, uint64_t lsn)
{
	uint64_t end = s->p->end;

	return lsn <= end || (end % 1024 == 0 && lsn - end <= 40);
}

/* The WAL ends here, proven. */
static int
judge_end(struct bk_prover *s, const char *what, struct bk_err *e)
{
	const struct bk_recovery_target *t = &s->o->target;

	/* with a target the server fails if it cannot go as far as this */
	if (t->kind == BK_TARGET_LATEST) {
		s->p->stop = s->last != 0 ? BK_STOP_AFTER : BK_STOP_AS_ASKED;
		s->p->lsn = s->last;
		return 0;
	}
	if (t->kind == BK_TARGET_TIME && s->witness != 0) {
		s->p->stop = BK_STOP_BEFORE;
		s->p->lsn = s->witness;
		return 0;
	}
	if (t->kind == BK_TARGET_LSN && s->last != 0 && ends_at(s, t->lsn)) {
		s->p->stop = BK_STOP_AFTER;
		s->p->lsn = s->last;
		return 0;
	}
	return fail_past_end(s, what, e);
}

/* No file for the segment with this number. */
static int
judge_absent(struct bk_prover *s, uint64_t number, const char *what,
    struct bk_err *e)
{
	char name[BK_WAL_NAME], text[BK_LSN_TEXT], last[80];
	int rc;

	bk_prove_name(s, number, name);
	last_time(s, last);
	bk_lsn_format(s->p->end, text);
	if ((rc = bk_prove_goes_on(s, number, e)) == -1)
		return -1;
	if (rc == 1)
		return bk_fail(e, BK_DATA, "%s: not in the archive, though "
		    "later WAL is; recovery can go no further than %s (%s)",
		    name, text, last);
	bk_lsn_format(s->consistent, text);
	if (s->consistent == 0 || s->p->end < s->consistent)
		return bk_fail(e, BK_DATA, "%s: not in the archive; the base "
		    "backup cannot be used without its WAL up to %s", name,
		    s->consistent == 0 ? "its end" : text);
	return judge_end(s, what, e);
}

/*
 * Are there only zeros after the record that is not whole?  So it ends in a
 * .partial, which was handed over while the record was being written.
 */
static int
rest_is_zero(const struct bk_prover *s, const struct bk_walk *w, int fd,
    struct bk_err *e)
{
	uint64_t off = bk_walk_torn(w) % s->segment;
	static const size_t size = 65536;
	uint8_t *buf = malloc(size);
	ssize_t n = -1, i;
	int zero = 1;

	if (buf == NULL)
		return bk_fail_memory(e);
	if (lseek(fd, (off_t)off, SEEK_SET) == -1)
		zero = bk_fail_errno(e, "WAL: seek");
	while (zero == 1 && (n = bk_io_read(fd, buf, size, "WAL", e)) > 0)
		for (i = 0; zero == 1 && i < n; i++)
			zero = buf[i] == 0;
	free(buf);
	return n == -1 && zero != 0 ? -1 : zero;
}

/*
 * What follows is not WAL.  In a segment of the archive that is damage, unless
 * it is the last one and it ends with zeros; the base backup's own WAL ends
 * anyhow, after what it needs.
 */
static int
judge_broken(struct bk_prover *s, const struct bk_walk *w,
    struct bk_prove_file *f, const char *what, struct bk_err *e)
{
	uint64_t number = bk_walk_number(w);
	int end = s->consistent != 0 && s->p->end >= s->consistent, rc;

	if (end && f->archived && (end = rest_is_zero(s, w, f->fd, e)) == -1)
		return -1;
	if (end) {
		if ((rc = bk_prove_goes_on(s, number, e)) == -1)
			return -1;
		end = rc == 0;
	}
	if (end)
		return judge_end(s, what, e);
	return bk_fail(e, BK_DATA, "%s: damaged at %s; fetch it from another "
	    "copy of the archive", f->name, bk_walk_why(w));
}

/* Another timeline's file should be in this one's place. */
static int
fail_left(struct bk_prover *s, uint64_t number, struct bk_err *e)
{
	char name[BK_WAL_NAME], limit[BK_LSN_TEXT];

	bk_prove_name(s, number, name);
	bk_lsn_format(s->limit, limit);
	return bk_fail(e, BK_DATA, "%s: not in the archive, though the WAL "
	    "continues in it at %s; to stay on the older timeline give its "
	    "number with --timeline", name, limit);
}

static int
fail_foreign(struct bk_prover *s, const char *name, struct bk_err *e)
{
	char end[BK_LSN_TEXT];

	bk_lsn_format(s->p->end, end);
	return bk_fail(e, BK_DATA, "%s: holds WAL of another timeline than %"
	    PRIu32 " after %s, where that one begins", name,
	    bk_wal_history_owner(&s->history, s->p->end), end);
}

static int
judge_reached(struct bk_prover *s, const char *what, struct bk_err *e)
{
	if (s->consistent == 0 || s->p->end < s->consistent)
		return fail_before(s, what, e);
	return 0;
}

/* --- the way */

static ssize_t
read_file(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	const struct bk_prove_file *f = ctx;

	return bk_io_read(f->fd, buf, n, f->name, e);
}

/* The first segment's own word on how long segments are. */
static int
learn_size(struct bk_prover *s, const struct bk_prove_file *f, struct bk_err *e)
{
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header h;
	ssize_t n = bk_io_read(f->fd, head, sizeof(head), f->name, e);

	if (n == -1)
		return -1;
	if (!bk_wal_header_read(head, (size_t)n, &h))
		return bk_wal_header_fail(head, (size_t)n, f->name,
		    "does not begin as WAL does", e);
	if (h.major == 0)
		return bk_fail(e, BK_DATA, "%s: WAL of a PostgreSQL "
		    BK_PG_YOUNGER, f->name, BK_PG_NEWEST);
	if (lseek(f->fd, 0, SEEK_SET) == -1)
		return bk_fail_errno(e, "%s: seek", f->name);
	s->segment = s->p->segment = h.segment;
	return 0;
}

static struct bk_walk *
start_walk(struct bk_prover *s, struct bk_err *e)
{
	const struct bk_walk_options o = {
		.start = s->o->label.start, .segment = s->segment,
		.sysid = strtoull(s->o->sysid, NULL, 10),
		.owner = owner, .record = see, .ctx = s,
	};

	return bk_walk_new(&o, e);
}

/* Walk one segment, and close it: 1 to go on; 0 proven; -1 with *e set. */
static int
walk_one(struct bk_prover *s, struct bk_walk *w, struct bk_prove_file *f,
    const char *what, struct bk_err *e)
{
	struct bk_source src = { read_file, f };
	const uint64_t number = bk_walk_number(w);
	enum bk_walk_end end;
	int rc = 1;

	s->limit = UINT64_MAX;
	(void)bk_wal_history_end(&s->history, f->timeline, &s->limit);
	bk_prove_ahead(s, f);
	end = bk_walk_segment(w, src, f->timeline, e);
	if (end == BK_WALK_FAILED || (end != BK_WALK_BROKEN &&
	    bk_prove_same(s, number, f, e) == -1))
		rc = -1;
	else if (end == BK_WALK_BROKEN)
		rc = judge_broken(s, w, f, what, e);
	else if (end == BK_WALK_STOPPED && s->left)
		rc = fail_left(s, bk_walk_number(w), e);
	else if (end == BK_WALK_STOPPED && s->foreign)
		rc = fail_foreign(s, f->name, e);
	else if (end == BK_WALK_STOPPED)
		rc = judge_reached(s, what, e);
	s->p->segments++;
	s->p->bytes = s->p->end - s->o->label.start;
	s->o->progress->items++;
	s->o->progress->bytes = s->p->bytes;
	bk_prove_close(s, f, rc == -1);
	return rc;
}

static int
prove(struct bk_prover *s, const char *what, struct bk_err *e)
{
	struct bk_prove_file f = { .fd = -1 };
	struct bk_walk *w = NULL;
	uint64_t number = 0;
	int rc = 1;

	while (rc == 1) {
		if ((rc = bk_prove_open(s, number, &f, e)) == 0 &&
		    s->segment == 0)
			rc = bk_fail(e, BK_DATA, "%s: not in the archive; the "
			    "base backup begins in it", s->o->label.file);
		if (rc == 0)
			rc = judge_absent(s, number, what, e);
		else if (rc == 1 && w == NULL) {
			if (learn_size(s, &f, e) == -1 ||
			    (w = start_walk(s, e)) == NULL) {
				bk_prove_close(s, &f, 1);
				rc = -1;
			}
		}
		if (rc == 1 && f.fd != -1) {
			rc = walk_one(s, w, &f, what, e);
			number = bk_walk_number(w);
		}
	}
	bk_walk_free(w);
	return rc;
}

int
bk_prove(const struct bk_prove_options *o, struct bk_proof *p,
    struct bk_err *e)
{
	struct bk_prover s = { .o = o, .p = p, .consistent = o->end,
		.timeline = o->label.timeline };
	struct bk_buf what = {0};
	int rc = -1;

	*p = (struct bk_proof){ .end = o->label.start };
	if (bk_recovery_target_describe(&o->target, &what, e) == 0 &&
	    bk_prove_timeline(&s, e) == 0)
		rc = prove(&s, what.data, e);
	p->timeline = s.history.timeline;
	bk_wal_history_free(&s.history);
	bk_buf_free(&s.points);
	bk_buf_free(&what);
	return rc;
}
