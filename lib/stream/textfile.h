#ifndef BK_STREAM_TEXTFILE_H
#define BK_STREAM_TEXTFILE_H
/*
 * A file of metrics in Prometheus' text format, for the textfile collector of
 * node_exporter, which reads *.prom.  All return 0, or -1 with *e set.
 */
#include "base/buf.h"
#include "base/err.h"

/* Add name="value", escaped; invalid UTF-8 becomes U+FFFD. */
int bk_textfile_label(struct bk_buf *b, const char *name, const char *value,
    struct bk_err *e);

/* Add the two header lines of a metric; type is "gauge", "counter". */
int bk_textfile_head(struct bk_buf *b, const char *name, const char *type,
    const char *help, struct bk_err *e);

/* Atomically replace the file path with text, mode 0644. */
int bk_textfile_store(const char *path, const struct bk_buf *text,
    struct bk_err *e);

#endif
