#ifndef BK_BASE_TEE_H
#define BK_BASE_TEE_H
/*
 * One stream into several commands, each run by /bin/sh -c and reading the
 * whole of it from its standard input.
 *
 * The stream goes through a ring of BK_TEE_RING bytes: each sink has a
 * position of its own in it and a thread that writes.  So a sink may be so
 * many bytes behind the fastest; then reading waits for it.  One that closed
 * its end or died is waited for no more.  The last 4 KiB reach a sink only
 * after the input was found complete, so that none gets the closing mark of a
 * stream that another end of this program saw fail.
 *
 * Memory: the ring, whatever the number of sinks.
 */
#include <stdint.h>

#include "base/err.h"
#include "base/reader.h"

#define BK_TEE_RING (4 << 20)
#define BK_TEE_MAX 32		/* sinks */

struct bk_tee;

/* How a sink ended. */
struct bk_tee_result {
	const char *command;
	int status;		/* of waitpid(2) */
	int cut;		/* it did not take all of the stream */
};

struct bk_tee *bk_tee_new(struct bk_err *e);

/*
 * Start a sink; command is borrowed.  All are started before bk_tee_copy().
 * -1 with *e set: no pipe or process to be had, or too many.
 */
int bk_tee_start(struct bk_tee *fan, const char *command, struct bk_err *e);

/*
 * Read in to its end into all sinks and wait until they have ended.  The
 * stream's own marks are passed on; an envelope without a marked stream in it
 * is made anew for each sink.  0: the input was complete, or no sink took any
 * more of it; -1 with *e set as bk_reader_read() does, and the sinks' input
 * ended without its closing mark.  How the sinks ended is in bk_tee_result().
 */
int bk_tee_copy(struct bk_tee *fan, struct bk_reader *in, struct bk_err *e);

/* How sink i, in the order of starting, ended: after bk_tee_copy(). */
struct bk_tee_result bk_tee_result(const struct bk_tee *fan, unsigned i);

/* SIGTERM to all sinks that run; from any thread, once all are started. */
void bk_tee_kill(const struct bk_tee *fan);

/* Free; sinks that were never fed see an empty input.  NULL is fine. */
void bk_tee_free(struct bk_tee *fan);

#endif
