#ifndef BK_AUDIT_LOGFILE_H
#define BK_AUDIT_LOGFILE_H
/*
 * The lines of a file that grows, in memory that does not, whatever it holds.
 * A line is what ends in a newline: bytes behind the last one are a line that
 * is being written, or was cut, and are not handed out.
 */
#include <stddef.h>

#include "base/err.h"

struct bk_logfile;

/*
 * Begin to read the file path ("-": standard input), whose lines have max
 * bytes at most.  path is borrowed.  NULL with *e set: it cannot be opened.
 */
struct bk_logfile *bk_logfile_open(const char *path, size_t max,
    struct bk_err *e);

/* What messages call it. */
const char *bk_logfile_name(const struct bk_logfile *l);

/*
 * The next line, without its newline, any bytes, not ended by a NUL; borrowed
 * until the next call.  1; 0 at the end of what is there by now: called again
 * it goes on with what was appended; -1 with *e set: BK_FAIL the read failed,
 * BK_DATA the line is longer than max, the next call skips the rest of it.
 */
int bk_logfile_next(struct bk_logfile *l, const char **line, size_t *n,
    struct bk_err *e);

/* The number of the line that the last call was about, from 1. */
size_t bk_logfile_number(const struct bk_logfile *l);

/* 1 if there are bytes behind the last newline that was read. */
int bk_logfile_cut(const struct bk_logfile *l);

/*
 * 1 if path is not this file any more: it was renamed or removed, or cut to
 * less than what was read, by a rotation that copies.
 */
int bk_logfile_rotated(const struct bk_logfile *l);

void bk_logfile_free(struct bk_logfile *l);	/* NULL is fine */

#endif
