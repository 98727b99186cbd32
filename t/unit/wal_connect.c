/*
 * wal/receive_connect, basebackup/base_stream: a receiver, a base backup, and
 * servers that answer as none does.
 */
#define _XOPEN_SOURCE 700	/* nftw */
#include <stdlib.h>

#include "base_tar.h"
#include "odd_server.h"
#include "basebackup/base_increment.h"
#include "tap.h"
#include "basebackup/base_pages.h"
#include "basebackup/base_stream.h"
#include "pg/timeout.h"
#include "wal/receive_in.h"
#include "wipe.h"

#define MIB ((uint64_t)1 << 20)
#define SYSTEM "77|1|0/3000000|"
#define LATER "77|3|0/9000000|"
#define SLOT "physical|0/1000000|1"

static char top[100];
static struct odd_server server = { .fd = -1 };
static char said[1100];

static void
say(const char *text)
{
	(void)snprintf(said, sizeof(said), "%s", text);
}

/*
 * A receiver with a slot, of WAL of segment bytes up to received (0: none so
 * far), to which these are the answers.
 */
struct asked {
	uint64_t segment, received;
	const char *const *answers;
	int ended;		/* the stream is ended then, too */
	const char *says;	/* of the failure, or said; "": nothing */
};

static void
ask(const struct asked *a)
{
	struct bk_receive_options o = { .slot = "s", .tmpdir = top,
	    .say = say, .target = { .host = top, .port = "1",
	    .user = "u" } };
	struct bk_hand_options how = { .say = say };
	struct bk_receive r = { .o = &o, .seg.fd = -1 };
	struct bk_stream_message m;
	struct bk_err e = {0};
	int rc;

	*said = '\0';
	server.answer = a->answers;
	r.spool = bk_spool_open(NULL, top, &e);
	r.hand = bk_hand_open(&how, &e);
	if (a->segment != 0) {
		r.pos = (struct bk_spool_position){ .sysid = "77",
		    .segment = a->segment, .timeline = 1, .lsn = a->received &
		    ~(a->segment - 1) };
		r.received = r.synced = a->received;
		r.known = 1;
	}
	rc = bk_receive_connect(&r, &e);
	if (rc == 0 && a->ended) {
		while (bk_stream_read(r.conn, &m, &e) == 0 &&
		    m.kind != BK_STREAM_ENDED)
			bk_stream_free(&m);
		rc = bk_receive_ended(&r, &e);
	}
	ok(*a->says == '\0' ? rc == 0 && *said == '\0' :
	    strstr(rc == -1 ? e.msg : said, a->says) != NULL, "%s: %s",
	    a->says, rc == -1 ? e.msg : said);
	PQfinish(r.conn);
	if (r.seg.fd != -1)
		close(r.seg.fd);
	bk_hand_free(r.hand);
	bk_spool_free(r.spool);
}

#define ANSWERS(...) (const char *const[]){ __VA_ARGS__, NULL }
#define ASK(...) ask(&(struct asked){ __VA_ARGS__ })

/* A manifest to begin with, and what the server makes of it. */
static void
upload(int version, const char *const *answers, const char *says)
{
	const struct bk_conn_target t = { .host = top, .port = "1",
	    .user = "u" };
	const struct bk_repl_server of = { .sysid = "7000000000000000001",
	    .major = 17, .host = "h" };
	struct bk_err e = {0};
	struct base_tar b;
	struct bk_base_parent parent;
	PGconn *conn;

	tar_begin(&b);
	if (version == 1) {
		b.manifest.len = 0;
		bk_buf_puts(&b.manifest, "{ \"PostgreSQL-Backup-Manifest-"
		    "Version\": 1,\n\"Files\": [\n", &e);
	}
	tar_list(&b, "PG_VERSION", "17\n", 3);
	tar_manifest(&b);
	server.answer = answers;
	conn = bk_repl_open(&t, &e);
	ok(conn != NULL && bk_base_increment_from(conn, &of, "m", &b.manifest,
	    &parent, &e) == -1 && strstr(e.msg, says) != NULL, "%s: %s", says,
	    e.msg);
	PQfinish(conn);
	tar_free(&b);
}

/* Told to end while the server says nothing: that is no failure. */
static void
test_stopped(void)
{
	/* which the server may read when it is over */
	static const char *const quiet[] = { "?", NULL };
	int fd[2];

	if (pipe(fd) == -1 || write(fd[1], "x", 1) != 1)
		exit(99);
	bk_patience_set(fd[0], 60);
	ASK(0, 0, quiet, 0, "");
	is_int(bk_patience(), BK_PATIENCE_STOPPED, "it was told to end");
	bk_patience_set(-1, 0);
	close(fd[0]);
	close(fd[1]);
}

#define START "&0/2000028|1"

/* Up to the end of the WAL at least, without an archive. */
static void
base(const char *const *answers, enum bk_code code, const char *says)
{
	struct bk_base_pages pages = { .say = say };
	const struct bk_conn_target t = { .host = top, .port = "1",
	    .user = "u" };
	struct bk_base_start start;
	struct bk_base_stream *s;
	struct bk_err e = {0};
	uint64_t lsn;
	PGconn *conn;

	server.answer = answers;
	conn = bk_repl_open(&t, &e);
	bk_base_pages_watch(conn, &pages);
	s = bk_base_stream_open(conn, "BASE_BACKUP", &start, &e);
	if (s != NULL)
		(void)bk_base_stream_end(s, &lsn, &e);
	ok(e.code == code && strstr(e.msg, says) != NULL, "%s: %s", says,
	    e.msg);
	bk_base_stream_free(s);
	/* without a COPY there is nobody to tell how far we are */
	e = (struct bk_err){0};
	is_int(bk_stream_status(conn, 0, 0, 0, &e), -1, e.msg);
	PQfinish(conn);
}

/* The server has gone away before it is asked. */
static void
test_lost(void)
{
	const struct bk_conn_target t = { .host = top, .port = "1",
	    .user = "u" };
	struct bk_base_start start;
	struct bk_err e = {0}, ignored = {0};
	PGconn *conn;

	server.answer = ANSWERS("-");
	conn = bk_repl_open(&t, &e);
	PQclear(bk_repl_command(conn, "IDENTIFY_SYSTEM", &ignored));
	ok(bk_base_stream_open(conn, "BASE_BACKUP", &start, &e) == NULL &&
	    strcmp(e.msg, "base backup: no connection to the server") == 0,
	    "%s", e.msg);
	PQfinish(conn);
}

int
main(void)
{
	static const char history[] =
	    "f|1\t0/2000000\tx\n2\t0/4000000\tx\n";

	alarm(60);			/* a hang is a failure */
	if (make_scratch(top, "wal-connect") == -1 ||
	    odd_start(&server, top) == -1)
		return 1;
	ASK(0, 0, ANSWERS("!who"), 0, "who");
	ASK(0, 0, ANSWERS("77|x|0/3000000|"), 0, "no valid answer");
	ASK(0, 0, ANSWERS(SYSTEM, "16MB", "!slots"), 0, "slots");
	ASK(0, 0, ANSWERS(SYSTEM, "16MB", "", "!none"), 0, "none");
	ASK(0, 0, ANSWERS(SYSTEM, "16MB", "", "+", "!gone"), 0, "gone");
	ASK(0, 0, ANSWERS(SYSTEM, "16MB", "", "+", ""), 0, "keeps no WAL");
	ASK(0, 0, ANSWERS(LATER, "16MB", SLOT, "!past"), 0, "past");
	ASK(0, 0, ANSWERS(LATER, "16MB", SLOT, "f|x"), 0, "00000003.history");
	/* it has another size than before, another past than we have */
	ASK(MIB, 3 * MIB, ANSWERS(SYSTEM, "16MB"), 0,
	    "its segments have 16777216 bytes, not 1048576 as before");
	ASK(16 * MIB, 16 * MIB, ANSWERS(LATER, "16MB", SLOT, "!then"), 0,
	    "then; will try again");
	ASK(16 * MIB, 16 * MIB, ANSWERS(LATER, "16MB", SLOT,
	    "f|2\t0/4000000\tx\n"), 0, "is not in the history of its "
	    "timeline 3");
	/* of timeline 1 we have more than the server: 2 is next */
	ASK(16 * MIB, 64 * MIB, ANSWERS(LATER, "16MB", SLOT, history,
	    "f|1\t0/2000000\tx\n", "!and so on"), 0, "and so on");
	/* a stream that begins with its end */
	ASK(16 * MIB, 30 * MIB, ANSWERS(SYSTEM, "16MB", SLOT, "2|0/2000000",
	    "!so"), 0, "so; will try again");
	ASK(16 * MIB, 30 * MIB, ANSWERS(SYSTEM, "16MB", SLOT, ">",
	    "2|0/2000000"), 1, "before it had sent all of it");
	ASK(16 * MIB, 30 * MIB, ANSWERS(SYSTEM, "16MB", SLOT, ">",
	    "!over"), 1, "over; will try again");
	ASK(16 * MIB, 30 * MIB, ANSWERS(SYSTEM, "16MB", SLOT, ">", "&+", "-"),
	    1, "it may be shutting down; will try again");
	ASK(16 * MIB, 30 * MIB, ANSWERS(SYSTEM, "16MB", SLOT, "-"), 0,
	    "will try again");
	ASK(16 * MIB, 30 * MIB, ANSWERS(SYSTEM, "16MB", SLOT, "#removed"), 0,
	    "removed; take a new base backup, begin with a new slot");
	base(ANSWERS("%a slow disk", "!full"), BK_FAIL, "full");
	is_str(said, "a slow disk", "a warning is passed on");
	base(ANSWERS(START, "16384|/x|9"), BK_DATA, "the data directory is not "
	    "the last tablespace");
	base(ANSWERS(START, "&0|/x|9", "0/3000000"), BK_DATA,
	    "no end of the WAL");
	base(ANSWERS(START, "&0|/x|9", "&0/3000000|1", "!at last"), BK_FAIL,
	    "at last");
	test_lost();
	upload(2, ANSWERS("!no setting"), "no setting");
	upload(1, ANSWERS("on"), "m: made by a PostgreSQL older than 17");
	upload(2, ANSWERS("on", "!no upload"), "no upload");
	upload(2, ANSWERS("on", "+"), "UPLOAD_MANIFEST: ");
	upload(2, ANSWERS("on", "<", "!bad"), "UPLOAD_MANIFEST: bad");
	test_stopped();	/* at last, as the server may still answer */
	odd_stop(&server);
	wipe_tree(top);
	return tap_done();
}
