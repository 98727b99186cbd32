#ifndef BK_S3_UPLOAD_H
#define BK_S3_UPLOAD_H
/*
 * A stream as one object, or no object.
 *
 * What fits into the first part goes by one PUT, the rest by a multipart
 * upload whose parts are sent concurrently while the input is still being
 * read (part_reader.h).  The PUT or CompleteMultipartUpload is sent only after
 * the stream was found complete (base/reader.h), and what is there is then
 * looked at (confirm.h): this very upload, its size, its ETag, and what was
 * asked for.  On any failure before, the multipart upload is aborted.
 *
 * Memory: part size (parts.h: it grows) * jobs, and 12 MiB with libraries.
 */
#include "base/reader.h"
#include "s3/client.h"
#include "s3/upload_options.h"

/*
 * Upload in's rest.  0: it is there and as it was asked for, *bytes its size.
 * -1 with *e set: BK_DATA the input is unfinished, BK_FAIL anything else;
 * there is no object by this upload, unless the message says that there is.
 */
int bk_s3_upload(struct bk_s3 *s3, struct bk_reader *in,
    const struct bk_s3_upload_options *o, uint64_t *bytes, struct bk_err *e);

#endif
