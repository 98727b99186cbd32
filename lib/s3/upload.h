#ifndef BK_S3_UPLOAD_H
#define BK_S3_UPLOAD_H
/*
 * Upload a stream as one object, or none.
 *
 * A stream that fits into the first part goes by one PUT, any other by a
 * multipart upload whose parts are sent concurrently while the input is still
 * being read (part_reader.h).  The PUT or CompleteMultipartUpload is sent only
 * after the stream was found complete (stream/reader.h); the object is then
 * checked (confirm.h): this very upload, its size, its ETag, and what was
 * requested.  On any earlier failure the multipart upload is aborted.
 *
 * Memory: part size (it grows, see parts.h) * jobs, but no more than
 * options.memory, or one part where that is larger; and 13 MiB with libraries.
 */
#include "s3/client.h"
#include "s3/upload_options.h"
#include "stream/reader.h"

/*
 * Upload the rest of in.  0: stored and as requested, *bytes its size; or there
 * was nothing to store (options.wal).  -1 with
 * *e set: BK_DATA if the input is unfinished, BK_FAIL anything else; this
 * upload left no object, unless the message says that it did.
 */
int bk_s3_upload(struct bk_s3 *s3, struct bk_reader *in,
    const struct bk_s3_upload_options *o, uint64_t *bytes, struct bk_err *e);

#endif
