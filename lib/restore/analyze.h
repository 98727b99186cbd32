#ifndef BK_RESTORE_ANALYZE_H
#define BK_RESTORE_ANALYZE_H
/*
 * ANALYZE every table of a database over several connections, largest first;
 * partitions along with their partitioned table, unless some are foreign:
 * nothing connects to another server.  What cannot be analyzed is a line in
 * *notes, no failure.  0, or -1 with *e set: memory.
 */
#include "base/buf.h"
#include "pg/conn.h"

int bk_restore_analyze(const struct bk_conn_params *params, unsigned jobs,
    struct bk_buf *notes, struct bk_err *e);

#endif
