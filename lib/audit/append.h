#ifndef BK_AUDIT_APPEND_H
#define BK_AUDIT_APPEND_H
/* Write a run's line to the log, from the records sent during the run. */
#include "base/err.h"

/*
 * Read a run's records (format.h) from standard input, one per line, the later
 * overriding the earlier; at end of file append one line to log, chained.  A
 * run without a status has failed.  0; -1 with *e set and nothing appended,
 * BK_DATA: not a valid run, BK_NONE: no record.
 */
int bk_audit_append_run(const char *log, struct bk_err *e);

#endif
