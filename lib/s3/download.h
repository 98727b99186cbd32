#ifndef BK_S3_DOWNLOAD_H
#define BK_S3_DOWNLOAD_H
/*
 * Download an object as a stream: ranges of BK_S3_RANGE bytes are fetched
 * concurrently and written in order by a separate thread, so that a slow reader
 * does not delay the connections.  An interrupted range is continued where it
 * broke off.  All requests name the same ETag: if the object is replaced
 * meanwhile, that is an error, not a mixture.  The whole is checked
 * (integrity.h) before bk_writer_finish().
 *
 * A failure is reported when the current write(2) returns: a reader that has
 * stalled delays it, as in any filter.  Interruptible writes would have to be
 * of PIPE_BUF bytes at most, each after a poll(2): twice the work.
 *
 * Memory: BK_S3_RANGE * jobs, and 13 MiB with libraries.
 */
#include <stdint.h>

#include "base/progress.h"
#include "s3/client.h"
#include "s3/object.h"
#include "stream/writer.h"

#define BK_S3_RANGE (8 << 20)		/* bytes */

struct bk_s3_download_options {
	const char *key;
	const char *version;		/* ID of the version; NULL: current */
	unsigned jobs;			/* 1 or more */
	int size_only;			/* compute no checksum */
	struct bk_s3_thaw thaw;
	struct bk_progress *progress;	/* or NULL */
	/*
	 * Print a line: only the size could be checked, or it waits for an
	 * archived object.
	 */
	void (*warn)(const char *text);
	int must_check;		/* only the size: a failure instead */
	int more;		/* another object follows in out */
};

/*
 * Write the object to out and finish out, unless there is more; without out
 * (NULL) only read and check it.  0; -1 with *e set and out not finished:
 * BK_NONE the object does not exist, BK_DATA it is damaged, BK_BUSY it is being
 * thawed, BK_FAIL anything else; or out's write errors.
 */
int bk_s3_download(struct bk_s3 *s3, const struct bk_s3_download_options *o,
    struct bk_writer *out, struct bk_err *e);

#endif
