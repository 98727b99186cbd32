#ifndef BK_S3_PARTS_H
#define BK_S3_PARTS_H
/*
 * How a stream of unknown length is split into the parts of a multipart upload.
 *
 * S3 allows at most 10,000 parts (some providers 1,000) of at most 5 GiB, and
 * objects of at most 5 TiB.  So the part size doubles after every `step` parts;
 * step is the largest value with which all parts together reach 5 TiB, or 1.1
 * GiB per allowed part if that is less (1,000 parts: 1.07 TiB).  With 8 MiB and
 * 10,000 parts step is 1,000:
 *
 *	input up to	7.8 GiB	23 GiB	54 GiB	117 GiB	242 GiB	... 7.8 TiB
 *	part size	8 MiB	16 MiB	32 MiB	64 MiB	128 MiB	... 4 GiB
 *
 * The layout is stored with the object (x-amz-meta-bk-parts: SIZExSTEP), so
 * that a reader can recompute an ETag made of the parts' MD5s.
 */
#include <stdint.h>

#include "base/err.h"

#define BK_S3_PART_MIN (5ULL << 20)	/* S3's limits, bytes */
#define BK_S3_PART_MAX (5ULL << 30)
#define BK_S3_PARTS_MAX 10000
#define BK_S3_OBJECT_MAX (5ULL << 40)
#define BK_S3_PARTS_TEXT 48

struct bk_s3_parts {
	uint64_t size;		/* bytes of the first part */
	unsigned step;		/* parts between two doublings */
	unsigned max;		/* parts */
};

/*
 * Plan parts that begin with size bytes (BK_S3_PART_MIN to _MAX), at most max
 * of them (1 to BK_S3_PARTS_MAX).
 */
void bk_s3_parts_plan(struct bk_s3_parts *p, uint64_t size, unsigned max);

/* Bytes of part number (from 1) unless it is the last. */
uint64_t bk_s3_part_size(const struct bk_s3_parts *p, unsigned number);

/* The layout as text, and back: 0, or -1 if malformed. */
void bk_s3_parts_format(const struct bk_s3_parts *p,
    char out[BK_S3_PARTS_TEXT]);
int bk_s3_parts_parse(const char *s, struct bk_s3_parts *p);

#endif
