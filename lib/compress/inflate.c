#include "compress/inflate.h"

#include <stdlib.h>

#ifdef BK_HAVE_ISAL

#include <isa-l.h>

struct bk_inflate {
	struct inflate_state s;
};

struct bk_inflate *
bk_inflate_new(struct bk_err *e)
{
	struct bk_inflate *z = malloc(sizeof(*z));

	if (z == NULL)
		bk_fail_memory(e);
	return z;
}

void
bk_inflate_free(struct bk_inflate *z)
{
	free(z);
}

void
bk_inflate_start(struct bk_inflate *z)
{
	isal_inflate_init(&z->s);
	z->s.crc_flag = ISAL_GZIP_NO_HDR_VER;
}

enum bk_inflated
bk_inflate_run(struct bk_inflate *z, const uint8_t **in, size_t *in_len,
    uint8_t **out, size_t *out_len)
{
	int rc;

	z->s.next_in = (uint8_t *)(uintptr_t)*in;	/* it is only read */
	z->s.avail_in = (uint32_t)*in_len;
	z->s.next_out = *out;
	z->s.avail_out = (uint32_t)*out_len;
	rc = isal_inflate(&z->s);
	*in = z->s.next_in;
	*in_len = z->s.avail_in;
	*out = z->s.next_out;
	*out_len = z->s.avail_out;
	if (rc == ISAL_INCORRECT_CHECKSUM)
		return BK_INFLATE_SUM;
	/* positive: out of input or of room, not damage */
	if (rc < 0)
		return BK_INFLATE_BAD;
	return z->s.block_state == ISAL_BLOCK_FINISH ? BK_INFLATE_END :
	    BK_INFLATE_MORE;
}

#else

#include <string.h>
#include <zlib.h>

#include "compress/le.h"

#define TRAILER 8

struct bk_inflate {
	z_stream s;
	int body_done;
	uint32_t crc, content;
	size_t have;		/* bytes of the trailer */
	uint8_t trailer[TRAILER];
};

struct bk_inflate *
bk_inflate_new(struct bk_err *e)
{
	struct bk_inflate *z = calloc(1, sizeof(*z));

	if (z == NULL || inflateInit2(&z->s, -15) != Z_OK) {
		free(z);
		bk_fail_memory(e);
		return NULL;
	}
	return z;
}

void
bk_inflate_free(struct bk_inflate *z)
{
	if (z != NULL)
		(void)inflateEnd(&z->s);
	free(z);
}

void
bk_inflate_start(struct bk_inflate *z)
{
	(void)inflateReset(&z->s);
	z->body_done = 0;
	z->crc = z->content = 0;
	z->have = 0;
}

static enum bk_inflated
run_trailer(struct bk_inflate *z, const uint8_t **in, size_t *in_len)
{
	size_t n = TRAILER - z->have;

	if (n > *in_len)
		n = *in_len;
	memcpy(z->trailer + z->have, *in, n);
	z->have += n;
	*in += n;
	*in_len -= n;
	if (z->have < TRAILER)
		return BK_INFLATE_MORE;
	return bk_le_get32(z->trailer) == z->crc &&
	    bk_le_get32(z->trailer + 4) == z->content ? BK_INFLATE_END :
	    BK_INFLATE_SUM;
}

static enum bk_inflated
run_body(struct bk_inflate *z, const uint8_t **in, size_t *in_len,
    uint8_t **out, size_t *out_len)
{
	size_t produced;
	int rc;

	z->s.next_in = (Bytef *)(uintptr_t)*in;		/* it is only read */
	z->s.avail_in = (uInt)*in_len;
	z->s.next_out = *out;
	z->s.avail_out = (uInt)*out_len;
	rc = inflate(&z->s, Z_NO_FLUSH);
	produced = *out_len - z->s.avail_out;
	z->crc = (uint32_t)crc32_z(z->crc, *out, produced);
	z->content += (uint32_t)produced;
	*in = z->s.next_in;
	*in_len = z->s.avail_in;
	*out += produced;
	*out_len -= produced;
	/* Z_BUF_ERROR: no progress without more input or more room */
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return BK_INFLATE_BAD;
	z->body_done = rc == Z_STREAM_END;
	return BK_INFLATE_MORE;
}

enum bk_inflated
bk_inflate_run(struct bk_inflate *z, const uint8_t **in, size_t *in_len,
    uint8_t **out, size_t *out_len)
{
	if (!z->body_done && run_body(z, in, in_len, out, out_len) ==
	    BK_INFLATE_BAD)
		return BK_INFLATE_BAD;
	return z->body_done ? run_trailer(z, in, in_len) : BK_INFLATE_MORE;
}

#endif
