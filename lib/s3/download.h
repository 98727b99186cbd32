#ifndef BK_S3_DOWNLOAD_H
#define BK_S3_DOWNLOAD_H
/*
 * An object as a stream: ranges of BK_S3_RANGE bytes are fetched concurrently
 * and written in order by a thread of its own, so that a slow reader holds up
 * no connection.  A range that was cut is continued where it broke.  All of
 * them ask for the same ETag: an object that is replaced meanwhile is an
 * error, not a mixture.  The end is judged by integrity.h before
 * bk_writer_finish().
 *
 * A failure is reported when the write that is under way has ended: a reader
 * that takes nothing delays it, as it does any filter's.  To be able to leave
 * a blocked write(2), each had to be of PIPE_BUF bytes at most, behind a
 * poll(2), and that is twice the work.
 *
 * Memory: BK_S3_RANGE * jobs, and 13 MiB with libraries.
 */
#include <stdint.h>

#include "base/progress.h"
#include "base/writer.h"
#include "s3/client.h"

#define BK_S3_RANGE (8 << 20)		/* bytes */

struct bk_s3_download_options {
	const char *key;
	unsigned jobs;			/* 1 or more */
	struct bk_progress *progress;	/* NULL */
};

/*
 * Write the object to out and finish it.  0; -1 with *e set and out not
 * finished: BK_NONE there is no such object, BK_DATA it is damaged, BK_FAIL
 * anything else, and out's write errors.
 */
int bk_s3_download(struct bk_s3 *s3, const struct bk_s3_download_options *o,
    struct bk_writer *out, struct bk_err *e);

#endif
