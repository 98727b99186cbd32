#ifndef BK_REPORT_AGE_REPORT_H
#define BK_REPORT_AGE_REPORT_H
/*
 * What bk-age prints: the findings of policy/freshness.h as text, JSON and
 * metrics; and what it reads next to a listing.  Pure functions but for those
 * with a path to read.
 * All return 0, or -1 with *e set: memory, unless noted; they append to *out.
 */
#include "base/buf.h"
#include "base/err.h"
#include "policy/freshness.h"

/*
 * Add a subject for each job in the audit log at path: what dumps a database or
 * stores a backup, and its failures in a row.  BK_FAIL: it cannot be read;
 * BK_DATA: a malformed line, or no job.
 */
int bk_age_log(struct bk_subjects *out, const char *path,
    const struct bk_fresh *f, struct bk_err *e);

/*
 * Set *stored to the time up to which all WAL of a server is stored, as the
 * file of metrics at path says, which bk-walrecv or bk-stat has written; 0: it
 * does not say.  BK_FAIL: it cannot be read; BK_DATA: it is of neither.
 */
int bk_age_lag(const char *path, time_t *stored, struct bk_err *e);

/* One line per subject; performance data, for monitoring, on the first. */
int bk_age_text(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e);

/* The same lines without performance data; the subjects in any order. */
int bk_age_lines(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e);

/*
 * For people: a line for each tier of each subject that has backups or WAL, by
 * name, under a head; then the notes of all subjects.  Columns are as wide as
 * what is in them, names of up to 48 characters counted.
 */
int bk_age_table(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e);

/*
 * One JSON object on one line.  bk_age_parse() reads it; bk_age_lines() then
 * writes the same as from *s and *f.
 */
int bk_age_json(const struct bk_subjects *s, const struct bk_fresh *f,
    struct bk_buf *out, struct bk_err *e);

/*
 * Read the n bytes of text: 1 if they are bk_age_json()'s, with *s, which was
 * empty and is freed by the caller, and *f, of which time and limits are set; 0
 * if they are something else; -1 with *e set: memory.
 */
int bk_age_parse(const char *text, size_t n, struct bk_subjects *s,
    struct bk_fresh *f, struct bk_err *e);

/* Prometheus' text format, for the file path; timestamps, not ages. */
int bk_age_prometheus(const struct bk_subjects *s, const struct bk_fresh *f,
    const char *path, struct bk_buf *out, struct bk_err *e);

#endif
