#ifndef BK_COMPRESS_GZ_HEADER_H
#define BK_COMPRESS_GZ_HEADER_H
/*
 * The headers of gzip members (RFC 1952), and what bk-gz adds to them in
 * FEXTRA subfields, all numbers little-endian:
 *
 *	'B' 'K', length 8	u32 bytes of the whole member, header and
 *				trailer included; u32 bytes of its content
 *	'B' 'S', length 32...	a mark (seal.h), an opening one with its label
 *
 * The first member has both, the members after it the size alone, and the
 * last, which is empty, a closing mark alone.  BGZF's 'B' 'C' subfield, u16
 * bytes of the whole member minus 1, is understood as well.
 */
#include "compress/input.h"

#define BK_GZ_MEMBER (1024 * 1024)	/* bytes of content in each of ours */
#define BK_GZ_HEADER_MAX 512		/* room for any header of ours */
#define BK_GZ_TRAILER 8			/* u32 CRC32, u32 content bytes */

struct bk_gz_header {
	size_t len;		/* bytes of this header */
	uint32_t member;	/* bytes of the whole member; 0: not told */
	uint32_t content;	/* where it was told: at most so many bytes */
};

/*
 * Write the header of a member to p, which has room for BK_GZ_HEADER_MAX
 * bytes; returns its length.  seal: an opening mark with its label, or NULL.
 * The sizes are filled in by bk_gz_header_sizes() when they are known.
 */
size_t bk_gz_header_put(uint8_t *p, const char *seal);
void bk_gz_header_sizes(uint8_t *p, uint32_t member, uint32_t content);

/* Write the whole last member to p; returns its length, 58 bytes. */
size_t bk_gz_header_closing(uint8_t p[BK_GZ_HEADER_MAX]);

/*
 * Read the header of the next member, whatever fields it has, and its marks;
 * f is then at the first byte of the deflate stream.  1: *h is filled in; 0:
 * there are no more members and the input is complete; -1 with *e set.
 */
int bk_gz_header_read(struct bk_input *f, struct bk_gz_header *h,
    struct bk_err *e);

#endif
