#ifndef BK_WALFILE_SEGMENT_CHECK_H
#define BK_WALFILE_SEGMENT_CHECK_H
/*
 * One segment by itself: from the first record that begins in it to its end,
 * or to a switch of segments, all is WAL.  PostgreSQL takes a record with a
 * wrong checksum for the end of WAL, and a bare file may have one.
 */
#include <stdint.h>

#include "base/err.h"

/*
 * Check the file path, which is called name in messages and is a whole segment
 * by its header and size.  0, or -1 with *e set: BK_DATA "NAME: damaged: ...".
 */
int bk_whole_segment_check(const char *name, const char *path,
    struct bk_err *e);

/*
 * Where WAL ends in a segment that is not whole: after the last record that is
 * whole within the first size bytes of the open file fd.  What follows may be
 * zeros, half a record, or, on a standby, what the file held before.  Where the
 * first record's beginning is not known: before the zeros at the end.  0 with
 * *bytes set, or -1 with *e set: it cannot be read, or no memory.
 */
int bk_whole_segment_end(const char *name, int fd, uint64_t size,
    uint64_t *bytes, struct bk_err *e);

#endif
