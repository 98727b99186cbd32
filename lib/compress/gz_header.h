#ifndef BK_COMPRESS_GZ_HEADER_H
#define BK_COMPRESS_GZ_HEADER_H
/*
 * Headers of gzip members (RFC 1952), with bk-gz's FEXTRA subfields; numbers
 * are little-endian:
 *
 *	'B' 'K', length 8	u32 bytes of the whole member, including header
 *				and trailer; u32 bytes of its content
 *	'B' 'S'			a mark (stream/seal.h): the opening one with its
 *				label, or the closing one with its digits
 *	'B' 'T', length 12	u64 bytes and u32 CRC32 of all content since the
 *				opening mark
 *
 * The first member has sizes and a mark, later ones the sizes only, and the
 * last, which is empty, the total and a mark.  BGZF's 'B' 'C' subfield, u16
 * bytes of the whole member minus 1, is supported, too.
 */
#include "compress/input.h"
#include "stream/seal.h"

#define BK_GZ_MEMBER (1024 * 1024)	/* content bytes of our members */
#define BK_GZ_HEADER_MAX 1024		/* maximum bytes of our headers */
#define BK_GZ_TRAILER 8			/* u32 CRC32, u32 content bytes */

struct bk_gz_total {
	uint64_t bytes;
	uint32_t crc;
};

struct bk_gz_header {
	size_t len;		/* bytes of this header */
	uint32_t member;	/* bytes of the whole member; 0: unknown */
	uint32_t content;	/* if known: maximum bytes of content */
	enum bk_input_marked mark;
	int has_total;
	struct bk_gz_total total;
};

/* Add n bytes with that CRC32 to *t, which begins as all zeros. */
void bk_gz_total_add(struct bk_gz_total *t, uint32_t crc, size_t n);

/*
 * Write a member's header to the BK_GZ_HEADER_MAX bytes at p; returns its
 * length.  opening: an opening mark with its label, or NULL.  Fill in the sizes
 * with bk_gz_header_sizes() once they are known.
 */
size_t bk_gz_header_put(uint8_t *p, const char *opening);
void bk_gz_header_sizes(uint8_t *p, uint32_t member, uint32_t content);

/* Write the complete last member to p; returns its length, 110 bytes. */
size_t bk_gz_header_closing(uint8_t p[BK_GZ_HEADER_MAX],
    const struct bk_seal *s, const struct bk_gz_total *total);

/*
 * Read the next member's header with any optional fields, and check its marks;
 * leaves in at the first byte of the deflate stream.  1: *h is set; 0: no more
 * members, and the input is complete; -1 with *e set.
 */
int bk_gz_header_read(struct bk_input *in, struct bk_gz_header *h,
    struct bk_err *e);

#endif
