#ifndef BK_BIN_STAT_REPORT_H
#define BK_BIN_STAT_REPORT_H
/*
 * The parts of bk-stat: what the audit log adds to the document of
 * lib/pg/health.h, and the forms in which that is told.  The functions with a
 * struct bk_err return 0, or -1 with *e set.
 */
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Read the audit log path: "backup" of doc says when the database was last
 * dumped and stored, and each of "databases" too.  BK_DATA: a line is no
 * record.
 */
int stat_log(json_t *doc, const char *path, struct bk_err *e);

/* For people: 80 columns, as far as names let it, tables of limit rows. */
int stat_text(const json_t *doc, size_t limit, time_t now, struct bk_buf *out,
    struct bk_err *e);

/* The document on one line. */
int stat_json(const json_t *doc, struct bk_buf *out, struct bk_err *e);

/* The text format of Prometheus; instants instead of ages. */
int stat_prometheus(const json_t *doc, time_t now, struct bk_buf *out,
    struct bk_err *e);

/* The string key of o; NULL if there is none. */
const char *stat_string(const json_t *o, const char *key);

/* 1 and *t, if key of o is an instant; else 0. */
int stat_time(const json_t *o, const char *key, time_t *t);

#endif
