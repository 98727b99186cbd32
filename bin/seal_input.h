#ifndef BK_BIN_SEAL_INPUT_H
#define BK_BIN_SEAL_INPUT_H
/*
 * bk-seal's standard input, which is its command's.
 *
 * A terminal, a device, a file without an opening mark: the command reads it
 * itself.  A pipe, or a file with an opening mark: we read it, check that it is
 * complete, and feed the command what is in it, without an envelope.  A pipe
 * that ended before anything came: reading it fails for the command, which
 * would take the end of file for empty input.  (Not for a command that reads
 * nothing: cron's jobs have such a pipe.)
 */
#include "base/err.h"
#include "stream/seal.h"

/*
 * Judge standard input; waits up to a second for a silent pipe.  0 with *fd
 * the descriptor that the command is to have in its place, -1: none; or -1 with
 * *e set.
 */
int seal_input_open(int *fd, struct bk_err *e);

/* The command runs: start to feed it.  0, or -1 with *e set. */
int seal_input_feed(struct bk_err *e);

/* The label of what we have begun to feed, NULL: none yet. */
const struct bk_label *seal_input_label(void);

/*
 * The command, called name in messages, has exited with success: was its input
 * complete?  0, or -1 with *e set: BK_DATA the input is unfinished, or the
 * command has read nothing of it.
 */
int seal_input_end(const char *name, struct bk_err *e);

/* 1 if reading standard input fails for the command. */
int seal_input_is_empty(void);

#endif
