/*
 * What a server answers a receiver: who it is, its slot, a timeline's history,
 * the begin and the end of a stream.  support/answers.h says how answers stand
 * in the input.
 */
#include "fuzz.h"

#include "base/majors.h"
#include "replication/repl.h"
#include "replication/slot.h"
#include "replication/wal_stream.h"
#include "support/answers.h"

/* An empty row of a PGresult: a byte of input, four columns of 16 bytes. */
FUZZ(8 << 10, 100)
{
	struct bk_repl_server server;
	struct bk_stream_next next = {0};
	struct bk_repl_slot slot;
	struct bk_err e[6] = {{0}};
	struct bk_buf history = {0};
	int rc;

	answers_are(p, n);
	rc = bk_repl_identify(NULL, &server, &e[0]);
	fuzz_agree(rc, &e[0]);
	CHECK(rc == -1 || (server.timeline > 0 && server.segment >= 1 << 20));
	if (server.major >= BK_PG_READ_SLOT)
		fuzz_agree(bk_repl_slot_read(NULL, NULL, "s", &slot, &e[1]),
		    &e[1]);
	fuzz_agree(bk_repl_slot_create(NULL, "s", &e[2]), &e[2]);
	fuzz_agree(bk_stream_history(NULL, 2, &history, &e[3]), &e[3]);
	rc = bk_stream_start(NULL, "s", 1, 1, &next, &e[4]);
	CHECK(rc != 1 || next.timeline > 0);
	fuzz_agree(rc == 1 ? 0 : rc, &e[4]);
	rc = bk_stream_finish(NULL, &next, &e[5]);
	fuzz_agree(rc, &e[5]);
	CHECK(rc == -1 || next.timeline > 0);
	bk_buf_free(&history);
	answers_are(NULL, 0);
}
