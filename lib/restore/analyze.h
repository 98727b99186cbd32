#ifndef BK_RESTORE_ANALYZE_H
#define BK_RESTORE_ANALYZE_H
/*
 * ANALYZE every table of a database over several connections, largest first;
 * partitions along with their partitioned table.  0, or -1 with *e set.
 */
#include "pg/conn.h"

int bk_restore_analyze(const struct bk_conn_params *params, unsigned jobs,
    struct bk_err *e);

#endif
