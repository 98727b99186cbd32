/* Received WAL into segments, and these to the queue of COMMANDs. */
#include "wal/receive_in.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utctime.h"

#define DISK_AGAIN 1		/* seconds until a full disk is tried again */

static int
put(struct bk_receive *r, const char *name, struct bk_hand_file *f,
    uint64_t end, time_t at, struct bk_err *e)
{
	struct bk_label *l = &f->label;

	/* what stores it is a pipeline of its own in the audit log */
	if (bk_label_run(l->run, e) == -1) {
		close(f->fd);
		return -1;
	}
	bk_label_set(l, BK_LABEL_CLUSTER, r->pos.sysid);
	(void)snprintf(l->host, sizeof(l->host), "%s", r->pos.host);
	(void)snprintf(l->wal, sizeof(l->wal), "%s", name);
	l->at = at;
	l->end = end;
	return bk_hand_put(r->hand, f, e);
}

/* The first page of the segment in fd, of bytes. */
static int
check_header(const struct bk_receive *r, int fd, const char *name,
    uint64_t bytes, struct bk_err *e)
{
	uint8_t head[BK_WAL_HEADER];
	struct bk_wal_header h;
	ssize_t n = bk_io_pread(fd, head, sizeof(head), 0, name, e);

	if (n == -1)
		return -1;
	if (n != (ssize_t)sizeof(head) ||
	    !bk_wal_header_read(head, sizeof(head), &h))
		return bk_wal_header_fail(head, (size_t)n, name,
		    "does not begin as a segment", e);
	return bk_wal_segment_check(&h, name, bytes, r->pos.sysid, e);
}

uint64_t
bk_receive_confirmed(const struct bk_receive *r)
{
	if (bk_spool_keeps(r->spool))
		return r->synced;
	return r->handed.confirmed > 0 ? r->handed.confirmed : r->floor;
}

int
bk_receive_sync(struct bk_receive *r, struct bk_err *e)
{
	if (!bk_spool_keeps(r->spool) || r->synced >= r->received)
		return 0;
	if (r->seg.fd != -1 && bk_spool_sync(r->spool, &r->seg, e) == -1)
		return -1;
	r->synced = r->received;
	return 0;
}

static void
close_segment(struct bk_receive *r)
{
	if (r->seg.fd != -1)
		close(r->seg.fd);
	r->seg = (struct bk_spool_segment){ .fd = -1 };
	r->checked = 0;
	r->fresh = 0;
}

/* Nothing can be written now. */
static void
pause_for(struct bk_receive *r, enum bk_pause why, const struct bk_err *cause)
{
	if (why == PAUSE_DISK && r->pause != PAUSE_DISK) {
		char text[1100];

		(void)snprintf(text, sizeof(text), "%s; nothing is confirmed "
		    "until there is room", cause->msg);
		r->o->say(text);
	}
	r->pause = why;
	if (why == PAUSE_DISK)
		r->paused_until = bk_monotonic() + DISK_AGAIN;
}

/* -1 stays -1, unless the disk is full: then there is a pause. */
static int
unless_full(struct bk_receive *r, int rc, const struct bk_err *why,
    struct bk_err *e)
{
	if (rc == 0 || why->code != BK_BUSY) {
		if (rc == -1)
			*e = *why;
		return rc;
	}
	pause_for(r, PAUSE_DISK, why);
	return 1;
}

/* Where it goes on: 0; -1, also if there is no room now. */
static int
record(struct bk_receive *r, struct bk_err *e)
{
	int rc = r->recorded ? 0 : bk_spool_record(r->spool, &r->pos, e);

	r->recorded = rc == 0;
	return rc;
}

/* The position is lsn: recorded now, or before the next segment begins. */
static int
move_to(struct bk_receive *r, uint64_t lsn, struct bk_err *e)
{
	struct bk_err why = {0};

	r->pos.lsn = lsn;
	r->recorded = 0;
	if (record(r, &why) == 0 || why.code == BK_BUSY)
		return 0;
	*e = why;
	return -1;
}

/* A segment to write to: 0; 1: not now; -1. */
static int
ensure(struct bk_receive *r, struct bk_err *e)
{
	struct bk_err why = {0};
	int rc;

	if (r->seg.fd != -1)
		return 0;
	bk_hand_look(r->hand, &r->handed);
	if (!bk_spool_keeps(r->spool) && r->handed.waiting > r->o->jobs) {
		pause_for(r, PAUSE_QUEUE, NULL);
		return 1;
	}
	if ((rc = record(r, &why)) == 0)
		rc = bk_spool_begin(r->spool, &r->pos, &r->seg, &why);
	return unless_full(r, rc, &why, e);
}

/* The segment is whole. */
static int
finish(struct bk_receive *r, struct bk_err *e)
{
	int keeps = bk_spool_keeps(r->spool), rc;
	struct bk_hand_file f = { .fd = -1, .bytes = r->seg.size,
	    .confirms = r->seg.start + r->seg.size };
	char name[BK_WAL_NAME];

	if (bk_spool_finish(r->spool, &r->seg, r->sent, e) == -1)
		return -1;
	(void)snprintf(name, sizeof(name), "%s", r->seg.name);
	if (!keeps) {
		f.fd = r->seg.fd;
		r->seg.fd = -1;	/* now owned by f */
	}
	/* first the position: COMMAND's success removes the segment */
	rc = move_to(r, f.confirms, e);
	if (rc == 0)
		rc = put(r, name, &f, f.confirms, r->sent, e);
	else if (f.fd != -1)
		close(f.fd);
	r->synced = f.confirms;
	close_segment(r);
	return rc;
}

/* As much of r->held as belongs to the segment: 0; 1: not now; -1. */
static int
write_some(struct bk_receive *r, struct bk_err *e)
{
	struct bk_stream_message *m = &r->held;
	uint64_t room = r->seg.start + r->seg.size - m->start;
	size_t n = m->len < room ? m->len : (size_t)room;
	struct bk_err why = {0};
	int rc = bk_spool_write(r->spool, &r->seg, m->start, m->data, n, &why);

	if ((rc = unless_full(r, rc, &why, e)) != 0)
		return rc;
	if (r->pause == PAUSE_DISK)
		r->o->say("there is room again");
	r->pause = NOT_PAUSED;
	if (!r->checked && r->seg.have >= BK_WAL_HEADER) {
		if (check_header(r, r->seg.fd, r->seg.name, r->seg.size,
		    e) == -1)
			return -1;
		r->checked = 1;
	}
	m->start += n;
	m->data += n;
	m->len -= n;
	r->received = m->start;
	r->bytes += n;
	if (r->fresh == 0 && r->seg.start + r->seg.have > r->partial_end) {
		r->fresh = bk_monotonic();
		r->fresh_at = time(NULL);
	}
	return r->received == r->seg.start + r->seg.size ? finish(r, e) : 0;
}

int
bk_receive_write(struct bk_receive *r, struct bk_err *e)
{
	int rc = 0;

	if (r->held.len > 0 && r->held.start != r->received)
		return 1;
	while (rc == 0 && r->held.len > 0)
		if ((rc = ensure(r, e)) == 0)
			rc = write_some(r, e);
	if (rc != 1) {
		bk_stream_free(&r->held);
		r->pause = NOT_PAUSED;
	}
	return rc == -1 ? -1 : 0;
}

int
bk_receive_partial(struct bk_receive *r, struct bk_err *e)
{
	const struct bk_spool_segment *seg = &r->seg;
	uint64_t end = seg->start + seg->have;
	struct bk_hand_file f = { .bytes = seg->have, .once = 1,
	    .confirms = bk_spool_keeps(r->spool) ? 0 : end };
	char name[BK_WAL_NAME];

	if (seg->fd == -1 || seg->have < BK_WAL_HEADER)
		return 0;
	if ((f.fd = fcntl(seg->fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return bk_fail_errno(e, "%s: dup", seg->name);
	bk_wal_partial_name(seg->name, name);
	r->partial_end = end;
	r->fresh = 0;
	return put(r, name, &f, end, r->sent > 0 ? r->sent : time(NULL), e);
}

int
bk_receive_end_segment(struct bk_receive *r, uint64_t lsn, struct bk_err *e)
{
	struct bk_spool_segment *seg = &r->seg;
	/* a record may end with zeros, as the file does: have is a guess */
	struct bk_hand_file f = { .fd = -1, .confirms = lsn, .bytes =
	    seg->have > seg->allocated ? seg->have : seg->allocated };
	char name[BK_WAL_NAME];
	int rc = 0;

	if (seg->fd == -1)
		return 0;
	bk_wal_partial_name(seg->name, name);
	if (seg->have < BK_WAL_HEADER)
		rc = bk_spool_keeps(r->spool) ?
		    bk_spool_remove(r->spool, name, e) : 0;
	else {
		if (!bk_spool_keeps(r->spool)) {
			f.fd = seg->fd;
			seg->fd = -1;	/* now owned by f */
		}
		rc = put(r, name, &f, seg->start + seg->have,
		    r->sent > 0 ? r->sent : time(NULL), e);
	}
	close_segment(r);
	return rc;
}

static int
store_history(struct bk_receive *r, char name[BK_WAL_NAME], uint32_t timeline,
    const struct bk_buf *text, struct bk_hand_file *f, struct bk_err *e)
{
	bk_wal_history_name(timeline, name);
	f->bytes = text->len;
	return bk_spool_store(r->spool, name, text, &f->fd, e);
}

int
bk_receive_history(struct bk_receive *r, uint32_t timeline,
    const struct bk_buf *text, struct bk_err *e)
{
	struct bk_hand_file f = {0};
	char name[BK_WAL_NAME];

	if (store_history(r, name, timeline, text, &f, e) == -1)
		return -1;
	return put(r, name, &f, 0, time(NULL), e);
}

int
bk_receive_switch(struct bk_receive *r, uint32_t timeline, uint64_t lsn,
    const struct bk_buf *text, struct bk_err *e)
{
	struct bk_hand_file f = {0};
	char name[BK_WAL_NAME];

	/* first what a full disk may prevent: it will be tried again */
	if (bk_receive_sync(r, e) == -1 ||
	    store_history(r, name, timeline, text, &f, e) == -1)
		return -1;
	bk_hand_cut(r->hand, lsn);
	if (bk_receive_end_segment(r, lsn, e) == -1) {
		if (f.fd != -1)
			close(f.fd);
		return -1;
	}
	if (put(r, name, &f, 0, time(NULL), e) == -1)
		return -1;
	r->pos.timeline = timeline;
	if (move_to(r, lsn & ~(r->pos.segment - 1), e) == -1)
		return -1;
	r->received = r->synced = r->pos.lsn;
	r->partial_end = 0;
	if (r->floor > lsn)
		r->floor = lsn;
	return 0;
}

/* --- what an earlier run has left */

static int
is_current(const struct bk_receive *r, const char *name)
{
	char current[BK_WAL_NAME];

	bk_wal_segment_name(r->pos.timeline, r->pos.lsn, r->pos.segment,
	    current);
	return strncmp(name, current, strlen(current)) == 0;
}

static int
resume_file(void *ctx, const char *name, struct bk_err *e)
{
	enum bk_wal_file kind = bk_wal_file_kind(name);
	struct bk_receive *r = ctx;
	struct bk_hand_file f = { .fd = -1 };
	uint64_t start = 0;
	struct stat st;
	int fd, rc;

	if (r->pos.segment == 0)
		return bk_fail(e, BK_DATA, "%s: segment without a file "
		    "\"position\"; move it out of the spool", name);
	if (kind == BK_WAL_FILE_PARTIAL && is_current(r, name))
		return 0;
	if (kind != BK_WAL_FILE_HISTORY &&
	    !bk_wal_segment_address(name, r->pos.segment, &start))
		return bk_fail(e, BK_DATA, "%s: no such segment", name);
	if ((fd = bk_spool_open_file(r->spool, name, e)) == -1)
		return -1;
	rc = fstat(fd, &st) == 0 ? 0 : bk_fail_errno(e, "%s", name);
	f.bytes = rc == 0 ? (uint64_t)st.st_size : 0;
	if (rc == 0 && kind != BK_WAL_FILE_HISTORY)
		rc = check_header(r, fd, name, f.bytes, e);
	close(fd);
	if (rc == 0)
		rc = put(r, name, &f, start == 0 ? 0 : start + f.bytes,
		    st.st_mtime, e);
	/* killed before the position was recorded */
	if (rc == 0 && kind == BK_WAL_FILE_SEGMENT && is_current(r, name)) {
		r->pos.lsn += r->pos.segment;
		r->recorded = 0;
	}
	return rc;
}

int
bk_receive_resume(struct bk_receive *r, struct bk_err *e)
{
	struct bk_err why = {0};

	if (bk_spool_position(r->spool, &r->pos, e) == -1)
		return -1;
	r->recorded = r->pos.segment != 0;
	if (bk_spool_each(r->spool, resume_file, r, e) == -1)
		return -1;
	r->received = r->synced = r->floor = r->pos.lsn;
	bk_hand_look(r->hand, &r->handed);
	if (r->pos.segment == 0 || ensure(r, &why) != 0)
		return 0;	/* later, when there is room */
	if (r->seg.have >= BK_WAL_HEADER) {
		if (check_header(r, r->seg.fd, r->seg.name, r->seg.size,
		    e) == -1)
			return -1;
		r->checked = 1;
		r->fresh = bk_monotonic();
		r->fresh_at = time(NULL);
	}
	return 0;
}
