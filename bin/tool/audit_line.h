#ifndef BK_BIN_TOOL_AUDIT_LINE_H
#define BK_BIN_TOOL_AUDIT_LINE_H
/*
 * This run's line in the audit log, written by another process so that it
 * appears even if this one is killed: bk-audit --record, started when the run
 * begins.  It reads JSON objects from us, one per line: first what the run is,
 * at the end its result.  When its input ends, for any reason, it appends
 * one line of all that it received; a missing result is a failure.  Its error
 * messages come back over the same socket.
 *
 * If bk-audit is not installed or was killed, this process appends the line, at
 * the end of the run and not chained.  If it is there but cannot be started,
 * the log lacks the run, and one can still say that nobody has edited it.
 *
 * Called by main() and by the thread that waits for signals, one at a time: the
 * caller holds signals_hold().
 */
#include "audit/format.h"

/*
 * The run *a begins: start its recorder, which does not get the descriptor
 * status_fd (-1: there is none): whether we succeed is not for it to tell.  0,
 * or -1 with *e set: the run will have no line.
 */
int audit_line_start(const char *log, const struct bk_audit *a, int status_fd,
    struct bk_err *e);

/* The stream's label is known: *a has its run or backup. */
void audit_line_label(const struct bk_audit *a);

/* A signal arrived; a later result takes precedence. */
void audit_line_signal(int sig);

/* End the recorder's input and wait until the line is written. */
void audit_line_finish(void);

/*
 * Soon the process can open nothing more: should it come to write the line
 * itself, it appends it to what is the log now.
 */
void audit_line_reserve(const char *log);

/*
 * The run has ended with *result: have its line written.  0, or -1 with *e set:
 * it could not be written; quiet if audit_line_start() said so.
 */
int audit_line_end(const char *log, const struct bk_audit *a, int status_fd,
    const struct bk_err *result, struct bk_err *e);

#endif
