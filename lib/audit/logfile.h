#ifndef BK_AUDIT_LOGFILE_H
#define BK_AUDIT_LOGFILE_H
/*
 * The lines of a growing file, in bounded memory: 64 KiB, or about twice max
 * if that is more.  A line ends in a newline: bytes after the last one belong
 * to a line that is being written or was truncated, and are not returned.
 */
#include <stddef.h>

#include "base/err.h"

struct bk_logfile;

/*
 * Open the file path ("-": standard input; borrowed), whose lines have at most
 * max bytes.  NULL with *e set: memory, or it cannot be opened.
 */
struct bk_logfile *bk_logfile_open(const char *path, size_t max,
    struct bk_err *e);

/* Its name in messages. */
const char *bk_logfile_name(const struct bk_logfile *l);

/*
 * The next line without its newline: any bytes, not NUL-terminated, valid until
 * the next call.  1; 0 at the end of the file, and later calls return lines
 * appended since; -1 with *e set: BK_FAIL the read failed, BK_DATA the line is
 * longer than max, and the next call skips the rest of it.
 */
int bk_logfile_next(struct bk_logfile *l, const char **line, size_t *n,
    struct bk_err *e);

/* The number of the last line returned or refused, from 1. */
size_t bk_logfile_number(const struct bk_logfile *l);

/* 1 if there are bytes after the last newline read. */
int bk_logfile_cut(const struct bk_logfile *l);

/*
 * 1 if path is no longer this file: it was renamed or removed, or truncated
 * below the read position (rotation by copytruncate).
 */
int bk_logfile_rotated(const struct bk_logfile *l);

void bk_logfile_free(struct bk_logfile *l);	/* NULL is fine */

#endif
