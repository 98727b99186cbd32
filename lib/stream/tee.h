#ifndef BK_STREAM_TEE_H
#define BK_STREAM_TEE_H
/*
 * Copy one stream to several commands (sinks), each run by /bin/sh -c with the
 * whole stream as its standard input.
 *
 * The stream passes through a ring buffer of BK_TEE_RING bytes, in which each
 * sink has its own position and its own writing thread.  A sink may lag by the
 * size of the ring; then reading waits for it, unless it has closed its
 * input or died.  The last 4 KiB reach a sink only after the input was found
 * complete, so that no sink gets the closing mark of a stream that failed; and
 * the end of a stream that failed only when its processes have ended, so that
 * none that knows no marks takes that for success.  For that, each sink is a
 * session of its own, without a terminal.
 *
 * Memory: the ring buffer, for any number of sinks.
 */
#include <stdint.h>

#include "base/err.h"
#include "stream/reader.h"

#define BK_TEE_RING (4 << 20)
#define BK_TEE_MAX 32		/* sinks */

struct bk_tee;

/* How a sink ended. */
struct bk_tee_result {
	const char *command;
	int status;		/* of waitpid(2) */
	int cut;		/* it did not read the whole stream */
};

struct bk_tee *bk_tee_new(struct bk_err *e);

/*
 * Start a sink; command is borrowed.  Call for all sinks before bk_tee_copy().
 * -1 with *e set: no pipe or process available, or too many sinks.
 */
int bk_tee_start(struct bk_tee *tee, const char *command, struct bk_err *e);

/*
 * Copy in to all sinks and wait until they have ended.  The stream's own marks
 * are passed on; if it has only an envelope's, each sink gets a new envelope.
 * 0: the input was complete, or no sink read on; -1 with *e set as by
 * bk_reader_read(), and the sinks were ended as by bk_tee_stop().  The sinks'
 * own results are in bk_tee_result().
 */
int bk_tee_copy(struct bk_tee *tee, struct bk_reader *in, struct bk_err *e);

/* After bk_tee_copy(): the result of sink i, in the order of starting. */
struct bk_tee_result bk_tee_result(const struct bk_tee *tee, unsigned i);

/*
 * SIGTERM to all processes of the running sinks, SIGKILL after half a minute,
 * and wait for their end, so that none sees that of its input; from any thread,
 * once all are started.
 */
void bk_tee_stop(const struct bk_tee *tee);

/* Stops what was started without a bk_tee_copy().  NULL is fine. */
void bk_tee_free(struct bk_tee *tee);

#endif
