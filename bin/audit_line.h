#ifndef BK_BIN_AUDIT_LINE_H
#define BK_BIN_AUDIT_LINE_H
/*
 * This run's line in the audit log, written by another process, so that it is
 * there also when this one is killed: bk-audit --record, started when the run
 * begins.  It reads JSON objects, one a line, from us: first what the run is,
 * at its end what became of it.  When its input ends, for whatever reason, it
 * appends one line of all that it was told; no word on the end is a failure.
 * What it has to complain about comes back over the same socket.
 *
 * Where bk-audit is not to be found the line is appended by ourselves, at the
 * end of the run and not chained.
 *
 * Called by main() and by the thread that waits for signals, one at a time: who
 * calls holds signals_hold().
 */
#include "audit/format.h"

/* The run *a begins. */
void audit_line_start(const char *log, const struct bk_audit *a);

/* A signal came; what is said later counts more. */
void audit_line_signal(int sig);

/* Nothing more will be said: wait until the line is written. */
void audit_line_finish(void);

/*
 * The run has ended with *result: see to its line.  0, or -1 with *e set: it
 * could not be written.
 */
int audit_line_end(const char *log, const struct bk_audit *a,
    const struct bk_err *result, struct bk_err *e);

#endif
