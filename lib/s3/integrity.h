#ifndef BK_S3_INTEGRITY_H
#define BK_S3_INTEGRITY_H
/*
 * Whether the bytes downloaded are those uploaded, judged by the first of these
 * that the server reports:
 *
 *   x-amz-checksum-sha256		SHA-256 of the whole
 *   the same, "...-N"			of the N parts' SHA-256s
 *   ETag of 32 hex digits		MD5 of the whole, unless a KMS encrypts
 *   ETag "...-N"			of the N parts' MD5s, likewise
 *
 * Those of parts need the part layout, which bk-s3put stores in the object's
 * metadata (parts.h); without it only the size is checked.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/reply.h"

struct bk_s3_integrity;

/*
 * Begin with the response to a HEAD (sent with x-amz-checksum-mode: ENABLED).
 * NULL with *e set (memory).
 */
struct bk_s3_integrity *bk_s3_integrity_new(const struct bk_s3_reply *head,
    struct bk_err *e);

/* Take the next n bytes.  0, or -1 with *e set. */
int bk_s3_integrity_add(struct bk_s3_integrity *v, const void *p, size_t n,
    struct bk_err *e);

/*
 * End of data.  0: intact, or nothing to judge by; -1 with *e set: BK_DATA if
 * damaged (name is the object's name in the message).
 */
int bk_s3_integrity_finish(struct bk_s3_integrity *v, const char *name,
    struct bk_err *e);

void bk_s3_integrity_free(struct bk_s3_integrity *v);	/* NULL is fine */

#endif
