/*
 * wal/spool, wal/receive_segment: received WAL on its way to COMMANDs, without
 * a server, while each call of the system fails once; what is odd in a spool.
 */
#define _XOPEN_SOURCE 700	/* nftw */
#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "starve.h"
#include "tap.h"
#include "wal/receive_in.h"
#include "wipe.h"

#define MIB ((uint64_t)1 << 20)
#define ONE "000000010000000000000001"
#define TWO "000000010000000000000002"
#define POSITION "cluster=77 host=h segment=1048576 timeline=1 lsn=0/100000\n"

static char top[100];
static uint8_t wal[2 * MIB];	/* segments 1 and 2 */
static char said[1100];

static const char *
in(const char *name)
{
	return below(top, name);
}

static int
is_there(const char *name)
{
	return access(in(name), F_OK) == 0;
}

static void
say(const char *text)
{
	(void)snprintf(said, sizeof(said), "%s", text);
}

/* Nothing but the two headers, and what is not zero here and there. */
static void
write_wal(void)
{
	const uint16_t magic = 0xD110, info = 2;
	const uint32_t timeline = 1, bytes = MIB, page = 8192;
	const uint64_t sysid = 77;
	uint64_t at;
	size_t i;
	uint8_t *p;

	for (i = 0; i < sizeof(wal); i += 1000)
		wal[i] = (uint8_t)(i / 1000);
	for (at = MIB; at <= 2 * MIB; at += MIB) {
		p = wal + at - MIB;
		memset(p, 0, BK_WAL_HEADER);
		memcpy(p, &magic, 2);
		memcpy(p + 2, &info, 2);
		memcpy(p + 4, &timeline, 4);
		memcpy(p + 8, &at, 8);
		memcpy(p + 24, &sysid, 8);
		memcpy(p + 32, &bytes, 4);
		memcpy(p + 36, &page, 4);
	}
}

struct job {
	const char *spool;		/* NULL: none */
	struct bk_receive_options o;
	struct bk_receive r;
};

/* With what is in the spool, and no COMMAND at work. */
static int
begin(struct job *j, struct bk_err *e)
{
	struct bk_receive *r = &j->r;

	*r = (struct bk_receive){ .o = &j->o, .seg.fd = -1 };
	r->spool = bk_spool_open(j->spool, top, e);
	r->hand_options = (struct bk_hand_options){ .spool = r->spool,
	    .say = say };
	if (r->spool == NULL ||
	    (r->hand = bk_hand_open(&r->hand_options, e)) == NULL ||
	    bk_receive_resume(r, e) == -1)
		return -1;
	if (r->pos.segment != 0)
		return 0;
	r->pos = (struct bk_spool_position){ .sysid = "77", .host = "h",
	    .segment = MIB, .timeline = 1, .lsn = MIB };
	r->received = r->synced = r->floor = MIB;
	return 0;
}

static void
end(struct job *j)
{
	struct bk_receive *r = &j->r;

	bk_hand_free(r->hand);
	if (r->seg.fd != -1)
		close(r->seg.fd);
	bk_spool_free(r->spool);
}

/* The WAL from what was received up to LSN to; what is full is so once. */
static int
take(struct bk_receive *r, uint64_t to, struct bk_err *e)
{
	int i;

	r->held = (struct bk_stream_message){ .kind = BK_STREAM_WAL,
	    .start = r->received, .data = wal + r->received - MIB,
	    .len = to - r->received };
	for (i = 0; i < 3 && r->held.len > 0; i++)
		if (bk_receive_write(r, e) == -1)
			return -1;
	return bk_receive_sync(r, e);
}

/* A segment and a half; then timeline 2. */
static int
receive(void *arg, struct bk_err *e)
{
	static char line[] = "1\t0/280000\tx\n";
	const struct bk_buf text = { .data = line, .len = sizeof(line) - 1 };
	struct job *j = arg;
	struct bk_receive *r = &j->r;
	int rc = -1;

	if (begin(j, e) == 0 && take(r, MIB + MIB / 2, e) == 0 &&
	    bk_receive_partial(r, e) == 0) {
		/* another run goes on */
		if (j->spool != NULL) {
			end(j);
			rc = begin(j, e);
			r->received = r->synced = r->pos.lsn;
		} else
			rc = 0;
		if (rc == 0)
			rc = take(r, 2 * MIB + MIB / 2, e);
		if (rc == 0 && (rc = bk_receive_switch(r, 2, 2 * MIB + MIB / 2,
		    &text, e)) == 0)
			rc = bk_receive_history(r, 2, &text, e);
	}
	if (rc == 0 && (r->handed.failures != 0 || r->pos.timeline != 2 ||
	    (j->spool != NULL && (!is_there("spool/" ONE) ||
	    !is_there("spool/" TWO ".partial") ||
	    !is_there("spool/00000002.history")))))
		rc = 2;
	end(j);
	if (j->spool != NULL)
		clear_tree(j->spool);
	return rc;
}

/* What is in the spool makes a run fail: with this. */
static void
refused(const char *name, const void *p, size_t n, const char *position,
    enum bk_code code, const char *says)
{
	char spool[256], path[300];
	struct job j = { .spool = spool, .o = { .say = say } };
	struct bk_err e = {0};

	(void)snprintf(spool, sizeof(spool), "%s", in("spool"));
	(void)snprintf(path, sizeof(path), "%s/%s", spool, name);
	put_file(path, p, n);
	(void)snprintf(path, sizeof(path), "%s/position", spool);
	if (position != NULL)
		put_file(path, position, strlen(position));
	ok(begin(&j, &e) == -1 && e.code == code && strstr(e.msg, says) !=
	    NULL, "%s: %s", name, e.msg);
	end(&j);
	clear_tree(spool);
}

static void
test_odd(void)
{
	refused(ONE, wal, MIB, NULL, BK_DATA, "without a file \"position\"");
	refused(ONE, wal, MIB, "cluster=77\n", BK_DATA, "damaged");
	refused(ONE, wal, MIB, "cluster=77 host=h segment=1000000 timeline=0 "
	    "lsn=0/100000\n", BK_DATA, "damaged");
	refused(ONE, wal + MIB, MIB, POSITION, BK_DATA, ONE);
	refused(ONE, wal, 39, POSITION, BK_DATA, "does not begin");
	refused("000000010000000000001000", wal, MIB, POSITION, BK_DATA,
	    "no such segment");
	refused(ONE ".partial", wal + MIB, MIB, POSITION, BK_DATA, ONE);
}

/* Killed between a segment's name and the position. */
static void
test_unrecorded(struct job *j)
{
	struct bk_err e = {0};

	put_file(in("spool/" ONE), wal, MIB);
	put_file(in("spool/position"), POSITION, strlen(POSITION));
	ok(begin(j, &e) == 0 && j->r.pos.lsn == 2 * MIB && j->r.handed.waiting
	    == 1, "a segment that was not recorded: %s", e.msg);
	end(j);
	clear_tree(j->spool);
}

/* A part of a segment that WAL has left: of another timeline, say. */
static void
test_left(struct job *j)
{
	struct bk_err e = {0};

	put_file(in("spool/" ONE ".partial"), wal, 5000);
	put_file(in("spool/position"), "cluster=77 host=h segment=1048576 "
	    "timeline=2 lsn=0/100000\n", 57);
	/* to the last byte that is not zero */
	ok(begin(j, &e) == 0 && j->r.handed.waiting == 1 &&
	    bk_receive_confirmed(&j->r) == MIB, "is handed over: %s", e.msg);
	end(j);
	clear_tree(j->spool);
}

/* A timeline that branched off before all that is known. */
static void
test_branch(struct job *j)
{
	struct bk_receive *r = &j->r;
	struct bk_err e = {0};
	struct bk_buf text = {0};

	j->spool = NULL;
	ok(begin(j, &e) == 0 && bk_receive_confirmed(r) == MIB &&
	    bk_receive_switch(r, 2, MIB / 2, &text, &e) == 0 &&
	    bk_receive_confirmed(r) == MIB / 2,
	    "nothing behind the branch is confirmed: %s", e.msg);
	end(j);
}

/* The server's WAL is not what was received there before, or elsewhere. */
static void
test_other_past(struct job *j)
{
	static const uint8_t zeros[1024];
	uint8_t again[sizeof(zeros)];
	struct bk_receive *r = &j->r;
	struct bk_err e = {0};

	ok(begin(j, &e) == 0 && take(r, 3 * MIB / 2, &e) == 0, "WAL");
	r->received = MIB;
	ok(take(r, MIB + MIB / 4, &e) == 0 && take(r, 2 * MIB - 9, &e) == 0,
	    "again, and more: %s", e.msg);
	/* the host has crashed: two sectors were not on the disk */
	ok(pwrite(r->seg.fd, zeros, sizeof(zeros), 1024) == sizeof(zeros),
	    "zeros");
	r->received = MIB;
	ok(take(r, MIB + MIB / 4, &e) == 0 && pread(r->seg.fd, again,
	    sizeof(again), 1024) == sizeof(again) && memcmp(again, wal + 1024,
	    sizeof(again)) == 0, "are written again: %s", e.msg);
	r->received = MIB;
	wal[5000] ^= 1;
	ok(take(r, MIB + MIB / 2, &e) == -1 && e.code == BK_DATA &&
	    strstr(e.msg, "not what was received there before") != NULL,
	    "%s", e.msg);
	wal[5000] ^= 1;
	e = (struct bk_err){0};
	ok(ftruncate(r->seg.fd, 3000) == 0, "cut");
	r->received = MIB;
	ok(take(r, MIB + MIB / 2, &e) == -1 && strstr(e.msg,
	    "has become shorter") != NULL, "%s", e.msg);
	e = (struct bk_err){0};
	ok(bk_spool_write(r->spool, &r->seg, MIB - 8, wal, 8, &e) == -1 &&
	    strstr(e.msg, "does not follow the last") != NULL, "%s", e.msg);
	e = (struct bk_err){0};
	r->held = (struct bk_stream_message){ .kind = BK_STREAM_WAL,
	    .start = r->received + 8, .data = wal, .len = 8 };
	ok(bk_receive_write(r, &e) == 1 && r->held.len == 8, "a gap");
	end(j);
	clear_tree(j->spool);
}

/* A .partial that is none. */
static void
test_large(struct job *j)
{
	struct bk_err e = {0};

	put_file(in("spool/" ONE ".partial"), wal, MIB + 1);
	put_file(in("spool/position"), POSITION, strlen(POSITION));
	ok(begin(j, &e) == 0 && take(&j->r, MIB + 20, &e) == -1 &&
	    e.code == BK_DATA && strstr(e.msg, "larger than a segment") !=
	    NULL, "%s", e.msg);
	end(j);
	clear_tree(j->spool);
}

/* Less of a segment than its header: there is nothing to hand over. */
static void
test_little(struct job *j)
{
	struct bk_receive *r = &j->r;
	struct bk_err e = {0};

	ok(begin(j, &e) == 0 && take(r, MIB + 20, &e) == 0 &&
	    bk_receive_partial(r, &e) == 0 && is_there("spool/" ONE ".partial"),
	    "20 bytes");
	ok(bk_receive_end_segment(r, r->received, &e) == 0 &&
	    bk_receive_end_segment(r, r->received, &e) == 0 &&
	    !is_there("spool/" ONE ".partial"), "are removed: %s", e.msg);
	end(j);
	clear_tree(j->spool);
}

int
main(void)
{
	char spool[120];
	struct job j = { .o = { .say = say, .jobs = 3 } };

	if (make_scratch(top, "wal-receive") == -1 ||
	    mkdir(in("spool"), 0700) == -1)
		return 1;
	(void)snprintf(spool, sizeof(spool), "%s/spool", top);
	write_wal();
	starve_all("receive", receive, &j);
	j.spool = spool;
	starve_all("receive into a spool", receive, &j);
	test_odd();
	test_unrecorded(&j);
	test_left(&j);
	test_other_past(&j);
	test_large(&j);
	test_little(&j);
	test_branch(&j);
	wipe_tree(top);
	return tap_done();
}
