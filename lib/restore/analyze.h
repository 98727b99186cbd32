#ifndef BK_RESTORE_ANALYZE_H
#define BK_RESTORE_ANALYZE_H
/*
 * ANALYZE every table of a database on several connections, the largest first;
 * with each partitioned table its partitions.  0, or -1 with *e set.
 */
#include "pg/conn.h"

int bk_restore_analyze(const struct bk_conn_params *params, unsigned jobs,
    struct bk_err *e);

#endif
