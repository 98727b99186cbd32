#ifndef BK_BIN_WALRECV_METRICS_H
#define BK_BIN_WALRECV_METRICS_H
/* bk-walrecv: its state as metrics for Prometheus' textfile collector. */
#include "base/buf.h"
#include "base/err.h"
#include "wal/receive.h"

/* Append the metrics of *s to *out; 0, or -1 with *e set. */
int walrecv_metrics(const struct bk_receive_state *s, struct bk_buf *out,
    struct bk_err *e);

#endif
