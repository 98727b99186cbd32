#ifndef BK_WAL_RECEIVE_METRICS_H
#define BK_WAL_RECEIVE_METRICS_H
/* bk-walrecv: its state as metrics for Prometheus' textfile collector. */
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "wal/receive.h"

/* Append the metrics of *s at the time now to *out; 0, or -1 with *e set. */
int bk_receive_metrics(const struct bk_receive_state *s, time_t now,
    struct bk_buf *out, struct bk_err *e);

#endif
