#ifndef BK_AUDIT_APPEND_H
#define BK_AUDIT_APPEND_H
/* A run's line in the log, of what it told while it went on. */
#include "base/err.h"

/*
 * Read a run's records (format.h) from standard input, one a line, the later
 * over the earlier, and append one line to log, chained, when that ends: a run
 * that did not say how it ended has failed.  BK_DATA: it is no run; BK_NONE:
 * there was no record.  Nothing was appended then.
 */
int bk_audit_append_run(const char *log, struct bk_err *e);

#endif
