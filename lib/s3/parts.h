#ifndef BK_S3_PARTS_H
#define BK_S3_PARTS_H
/*
 * How a stream of unknown length is split into the parts of a multipart upload.
 *
 * S3 allows at most 10,000 parts (some providers 1,000) of at most 5 GiB, and
 * objects of at most 5 TiB.  So the part size doubles after every `step` parts,
 * up to 1 GiB; step is the largest value with which all parts together reach 5
 * TiB, or 540 MiB per allowed part if that is less (1,000 parts: 527 GiB).
 * With 8 MiB and 10,000 parts step is 770:
 *
 *	input up to	6 GiB	18 GiB	42 GiB	90 GiB	186 GiB	378 GiB
 *	part size	8 MiB	16 MiB	32 MiB	64 MiB	128 MiB	256 MiB
 *
 * Where the stream's length is about known, half the allowed parts hold it, in
 * one size, and the other half, of twice that size, what is in excess of it.
 * Where all parts must have one size, they hold a quarter more than expected.
 *
 * The layout is stored with the object (x-amz-meta-bk-parts: SIZExSTEP), so
 * that a reader can recompute an ETag made of the parts' MD5s.
 */
#include <stdint.h>

#include "base/err.h"

#define BK_S3_PART_MIN (5ULL << 20)	/* S3's limits, bytes */
#define BK_S3_PART_MAX (5ULL << 30)
#define BK_S3_PART_GROWN (1ULL << 30)	/* ours: where they stop growing */
#define BK_S3_PARTS_MAX 10000
#define BK_S3_OBJECT_MAX (5ULL << 40)
#define BK_S3_PARTS_TEXT 48

struct bk_s3_parts {
	uint64_t size;		/* bytes of the first part */
	unsigned step;		/* parts between two doublings */
	unsigned max;		/* parts */
};

struct bk_s3_parts_wish {
	uint64_t size;		/* of the first part; 0: as is fit */
	unsigned max;		/* parts, 1 to BK_S3_PARTS_MAX */
	int fixed;		/* all but the last have one size */
	uint64_t expected;	/* bytes of the stream; 0: unknown */
	uint64_t share;		/* of the memory, for one part */
};

/*
 * Plan parts.  0; -1 with *e set: BK_USAGE, so many parts do not hold what is
 * expected.
 */
int bk_s3_parts_plan(struct bk_s3_parts *p, const struct bk_s3_parts_wish *w,
    struct bk_err *e);

/* Bytes of part number (from 1) unless it is the last. */
uint64_t bk_s3_part_size(const struct bk_s3_parts *p, unsigned number);

/* The layout as text, and back: 0, or -1 if malformed. */
void bk_s3_parts_format(const struct bk_s3_parts *p,
    char out[BK_S3_PARTS_TEXT]);
int bk_s3_parts_parse(const char *s, struct bk_s3_parts *p);

#endif
