#ifndef BK_REPORT_STAT_REPORT_H
#define BK_REPORT_STAT_REPORT_H
/*
 * What bk-stat prints: what the audit log adds to the document of pg/health.h,
 * and the output formats.  The functions with a struct bk_err return 0, or -1
 * with *e set: memory, unless noted; they append to *out.
 */
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Read the audit log path: add to "backup" of doc, and to each of "databases",
 * when the database was last dumped and stored.  BK_FAIL: it cannot be read;
 * BK_DATA: a malformed line.
 */
int bk_stat_log(json_t *doc, const char *path, struct bk_err *e);

/*
 * For people: 80 columns, as far as names permit, tables of at most limit rows.
 */
int bk_stat_text(const json_t *doc, size_t limit, time_t now,
    struct bk_buf *out, struct bk_err *e);

/* The document on one line. */
int bk_stat_json(const json_t *doc, struct bk_buf *out, struct bk_err *e);

/* Prometheus' text format; timestamps, not ages. */
int bk_stat_prometheus(const json_t *doc, time_t now, struct bk_buf *out,
    struct bk_err *e);

/* The string key of o; NULL if missing. */
const char *bk_stat_string(const json_t *o, const char *key);

/* 1 and *t set if key of o is a timestamp; else 0. */
int bk_stat_time(const json_t *o, const char *key, time_t *t);

#endif
