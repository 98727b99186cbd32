#ifndef BK_RECOVERY_WHOLE_SEGMENT_H
#define BK_RECOVERY_WHOLE_SEGMENT_H
/*
 * One segment by itself: from the first record that begins in it to its end,
 * or to a switch of segments, all is WAL.  PostgreSQL takes a record with a
 * wrong checksum for the end of WAL, and a bare file may have one.
 */
#include "base/err.h"

/*
 * Check the file path, which is called name in messages and is a whole segment
 * by its header and size.  0, or -1 with *e set: BK_DATA "NAME: damaged: ...".
 */
int bk_whole_segment_check(const char *name, const char *path,
    struct bk_err *e);

#endif
