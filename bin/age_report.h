#ifndef BK_BIN_AGE_REPORT_H
#define BK_BIN_AGE_REPORT_H
/*
 * The parts of bk-age: sources of findings besides the listing, and output
 * formats.  All return 0, or -1 with *e set.
 */
#include "base/buf.h"
#include "base/err.h"
#include "policy/freshness.h"

/*
 * Add a subject for each job in the audit log at path: what dumps a database or
 * stores a backup, and its failures in a row.  BK_DATA: a malformed line, or no
 * job.
 */
int age_log(struct bk_subjects *out, const char *path,
    const struct bk_fresh *f, struct bk_err *e);

/* One line per subject; performance data, for monitoring, on the first. */
int age_text(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e);

/* One JSON object on one line. */
int age_json(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e);

/* Prometheus' text format, for the file path; timestamps, not ages. */
int age_prometheus(const struct bk_subjects *s, const struct bk_fresh *f,
    const char *path, struct bk_buf *out, struct bk_err *e);

#endif
