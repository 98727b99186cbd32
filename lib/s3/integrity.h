#ifndef BK_S3_INTEGRITY_H
#define BK_S3_INTEGRITY_H
/*
 * Whether the bytes downloaded are those uploaded, judged by the first of these
 * that the server reports:
 *
 *   x-amz-checksum-sha256		SHA-256 of the whole
 *   the same, "...-N"			of the N parts' SHA-256s
 *   ETag of 32 hex digits		MD5 of the whole, unless a KMS encrypts
 *   ETag "...-N"			of the N parts' MD5s, likewise; a tag of
 *					the object's has it if the ETag has not
 *
 * Those of parts need the parts' sizes: the layout that bk-s3put stores in the
 * object's metadata (parts.h), which is stale once the object was copied in
 * other parts, or else the first part's size, if all are alike.
 *
 * A value that differs proves damage only if it is known what it was computed
 * from.  Sizes of parts that were guessed prove nothing; nor does an ETag of
 * parts, which some servers compute in ways of their own, unless the response
 * shows a server that is known not to.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/reply.h"

struct bk_s3_integrity;

/*
 * 1 if the parts' sizes are needed and not known: ask for the first part's
 * before bk_s3_integrity_new().
 */
int bk_s3_integrity_needs_part(const struct bk_s3_reply *head, uint64_t size);

/*
 * Begin with the response to a HEAD (sent with x-amz-checksum-mode: ENABLED),
 * the object's size, and that of its first part (0: not known).  NULL with *e
 * set (memory).
 */
struct bk_s3_integrity *bk_s3_integrity_new(const struct bk_s3_reply *head,
    uint64_t size, uint64_t first_part, struct bk_err *e);

/* Take the next n bytes.  0, or -1 with *e set. */
int bk_s3_integrity_add(struct bk_s3_integrity *v, const void *p, size_t n,
    struct bk_err *e);

/*
 * End of data.  1: it is not what the object's ETag says, and bk-s3put, whose
 * object it is, may have left a tag with another (object.h), for
 * bk_s3_integrity_told().  0: there is nothing to ask; -1 with *e set (memory).
 */
int bk_s3_integrity_asks(struct bk_s3_integrity *v, struct bk_err *e);

/* Judge by this ETag of the tag. */
void bk_s3_integrity_told(struct bk_s3_integrity *v, const char *etag);

/*
 * How a download will judge a complete object of ours, of which made is the
 * ETag as S3 makes it, by this response to a HEAD.
 */
enum bk_s3_verdict {
	BK_S3_AGREES,		/* or not by an ETag */
	BK_S3_DOUBTS,		/* it differs, and is taken for no damage */
	BK_S3_MISLEADS		/* it differs, and is taken for damage */
};
enum bk_s3_verdict bk_s3_integrity_foresee(const struct bk_s3_reply *head,
    const char *made);

/*
 * End of data.  0: intact; 1: nothing is proved either way, *doubt (borrowed)
 * says why; -1 with *e set: BK_DATA if damaged (name is the object's name in
 * the message).
 */
int bk_s3_integrity_finish(struct bk_s3_integrity *v, const char *name,
    const char **doubt, struct bk_err *e);

void bk_s3_integrity_free(struct bk_s3_integrity *v);	/* NULL is fine */

#endif
