#include "compress/zst.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/io.h"
#include "compress/input.h"
#include "compress/le.h"
#include "stream/seal.h"

#define SKIPPABLE (ZSTD_MAGIC_SKIPPABLE_START | 0xb) /* of ours */
#define HEADER 8		/* magic and length of a skippable frame */
#define FRAME_HEADER_MAX 18	/* of one with content */

/* Write a mark in a skippable frame. */
static int
write_mark(struct bk_writer *out, const char *mark, struct bk_err *e)
{
	size_t n = strlen(mark);
	uint8_t header[HEADER];

	bk_le_put32(header, SKIPPABLE);
	bk_le_put32(header + 4, (uint32_t)n);
	if (bk_writer_write(out, header, HEADER, e) == -1)
		return -1;
	return bk_writer_write(out, mark, n, e);
}

static int
zstd_failed(size_t rc, struct bk_err *e)
{
	if (ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
		return bk_fail_memory(e);
	return bk_fail(e, BK_FAIL, "libzstd: %s", ZSTD_getErrorName(rc));
}

static int
set_up(ZSTD_CCtx *z, int level, unsigned threads, struct bk_err *e)
{
	size_t rc;

	rc = ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(rc))
		rc = ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	if (ZSTD_isError(rc))
		return zstd_failed(rc, e);
	/* fails if libzstd has no threads: compress without them */
	(void)ZSTD_CCtx_setParameter(z, ZSTD_c_nbWorkers, (int)threads);
	return 0;
}

/* Compress all of in, writing what libzstd outputs; ZSTD_e_end: flush all. */
static int
push(ZSTD_CCtx *z, ZSTD_inBuffer *in, ZSTD_EndDirective op, uint8_t *buf,
    struct bk_writer *out, struct bk_err *e)
{
	ZSTD_outBuffer o;
	size_t rc;

	do {
		o = (ZSTD_outBuffer){ .dst = buf, .size = BK_IO_BUFSZ };
		rc = ZSTD_compressStream2(z, &o, in, op);
		if (ZSTD_isError(rc))
			return zstd_failed(rc, e);
		if (bk_writer_write(out, buf, o.pos, e) == -1)
			return -1;
	} while (op == ZSTD_e_end ? rc != 0 : in->pos < in->size);
	return 0;
}

/* buf holds a piece of input and one of output, BK_IO_BUFSZ each. */
static int
compress_frame(ZSTD_CCtx *z, struct bk_reader *in, struct bk_writer *out,
    uint8_t *buf, struct bk_err *e)
{
	uint8_t *outbuf = buf + BK_IO_BUFSZ;
	ZSTD_inBuffer i = { .src = buf };
	ssize_t n;

	while ((n = bk_reader_read(in, buf, BK_IO_BUFSZ, e)) > 0) {
		i.size = (size_t)n;
		i.pos = 0;
		if (push(z, &i, ZSTD_e_continue, outbuf, out, e) == -1)
			return -1;
	}
	if (n == -1)
		return -1;
	i.size = i.pos = 0;
	return push(z, &i, ZSTD_e_end, outbuf, out, e);
}

int
bk_zst_compress(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *e)
{
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	struct bk_seal seal;
	ZSTD_CCtx *z = ZSTD_createCCtx();
	uint8_t *buf = malloc(2 * BK_IO_BUFSZ);
	int rc = -1;

	if (z == NULL || buf == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (bk_seal_new(&seal, bk_reader_label(in), e) == -1)
		goto done;
	(void)bk_seal_open(&seal, opening);
	bk_seal_close(&seal, 0, closing);
	if (set_up(z, level, threads, e) == -1 ||
	    write_mark(out, opening, e) == -1 ||
	    compress_frame(z, in, out, buf, e) == -1)
		goto done;
	rc = write_mark(out, closing, e);
 done:
	free(buf);
	(void)ZSTD_freeCCtx(z);
	return rc;
}

/* A skippable frame: a mark, or foreign data. */
static int
skip_frame(struct bk_input *in, struct bk_err *e)
{
	const uint8_t *p;
	uint64_t left;
	ssize_t n;

	if ((n = bk_input_peek(in, HEADER, &p, e)) == -1)
		return -1;
	if (n < HEADER)
		return bk_input_cut(in, e);
	left = bk_le_get32(p + 4);
	bk_input_skip(in, HEADER);
	if (left <= BK_SEAL_HEAD) {
		if ((n = bk_input_peek(in, (size_t)left, &p, e)) == -1)
			return -1;
		if ((uint64_t)n >= left &&
		    bk_input_mark(in, p, (size_t)left, 0, e) == -1)
			return -1;
	}
	while (left > 0) {
		if ((n = bk_input_fill(in, &p, e)) == -1)
			return -1;
		if (n == 0)
			return bk_input_cut(in, e);
		if ((uint64_t)n > left)
			n = (ssize_t)left;
		bk_input_skip(in, (size_t)n);
		left -= (uint64_t)n;
	}
	return 0;
}

static int
frame_failed(const struct bk_input *in, size_t rc, struct bk_err *e)
{
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_memory_allocation:
		return bk_fail_memory(e);
	case ZSTD_error_checksum_wrong:
		return bk_input_bad(in, bk_input_offset(in), "wrong checksum",
		    e);
	case ZSTD_error_frameParameter_windowTooLarge:
		return bk_input_bad(in, bk_input_offset(in), "needs more than "
		    "128 MiB of memory; use zstd -d --long=31", e);
	case ZSTD_error_dictionary_wrong:
		return bk_input_bad(in, bk_input_offset(in), "needs a "
		    "dictionary; use zstd -d -D", e);
	default:
		return bk_input_bad(in, bk_input_offset(in), "damaged", e);
	}
}

/*
 * The content's size as the frame's header states it, which libzstd does not
 * compare if there is none; ZSTD_CONTENTSIZE_UNKNOWN: it does not.
 */
static int
stated_size(struct bk_input *in, unsigned long long *size, struct bk_err *e)
{
	const uint8_t *p;
	ssize_t n = bk_input_peek(in, FRAME_HEADER_MAX, &p, e);

	if (n == -1)
		return -1;
	*size = ZSTD_getFrameContentSize(p, (size_t)n);
	if (*size == ZSTD_CONTENTSIZE_ERROR)	/* then libzstd says how */
		*size = ZSTD_CONTENTSIZE_UNKNOWN;
	return 0;
}

/* A frame with content; buf holds BK_IO_BUFSZ bytes of it. */
static int
decompress_frame(ZSTD_DCtx *z, struct bk_input *in, struct bk_writer *out,
    uint8_t *buf, struct bk_err *e)
{
	unsigned long long stated, total = 0;
	ZSTD_inBuffer i = {0};
	ZSTD_outBuffer o;
	const uint8_t *p;
	size_t rc = 1;
	ssize_t n = 0;

	if (stated_size(in, &stated, e) == -1)
		return -1;
	do {
		/* libzstd left room in o, so it needs more input */
		if ((n = bk_input_peek(in, 0, &p, e)) == 0 &&
		    (n = bk_input_fill(in, &p, e)) == -1)
			return -1;
		if (n == 0)
			return bk_input_cut(in, e);
		i = (ZSTD_inBuffer){ .src = p, .size = (size_t)n };
		do {
			o = (ZSTD_outBuffer){ .dst = buf, .size = BK_IO_BUFSZ };
			rc = ZSTD_decompressStream(z, &o, &i);
			if (ZSTD_isError(rc))
				return frame_failed(in, rc, e);
			if (bk_writer_write(out, buf, o.pos, e) == -1)
				return -1;
			total += o.pos;
		} while (rc != 0 && (i.pos < i.size || o.pos == o.size));
		bk_input_skip(in, i.pos);
	} while (rc != 0);
	return stated == ZSTD_CONTENTSIZE_UNKNOWN || stated == total ? 0 :
	    bk_input_bad(in, bk_input_offset(in), "its content is not as long "
	    "as its header states", e);
}

static int
decompress_all(ZSTD_DCtx *z, struct bk_input *in, struct bk_writer *out,
    uint8_t *buf, struct bk_err *e)
{
	const uint8_t *p;
	uint32_t magic;
	ssize_t n;
	int rc;

	while ((rc = bk_input_frame(in, e)) == 1) {
		if ((n = bk_input_peek(in, sizeof(magic), &p, e)) == -1)
			return -1;
		if (n < (ssize_t)sizeof(magic))
			return bk_input_no_frame(in, e);
		magic = bk_le_get32(p);
		if ((magic & ZSTD_MAGIC_SKIPPABLE_MASK) ==
		    ZSTD_MAGIC_SKIPPABLE_START)
			rc = skip_frame(in, e);
		else if (magic == ZSTD_MAGICNUMBER)
			rc = decompress_frame(z, in, out, buf, e);
		else
			rc = bk_input_no_frame(in, e);
		if (rc == -1)
			return -1;
	}
	return rc;
}

int
bk_zst_decompress(struct bk_reader *in, const char *name, struct bk_writer *out,
    unsigned threads, struct bk_err *e)
{
	struct bk_input *input = bk_input_new(in, name, "zstd frame", e);
	ZSTD_DCtx *z = ZSTD_createDCtx();
	uint8_t *buf = malloc(BK_IO_BUFSZ);
	int rc = -1;

	(void)threads;
	if (input == NULL || z == NULL || buf == NULL)
		bk_fail_memory(e);
	else
		rc = decompress_all(z, input, out, buf, e);
	free(buf);
	(void)ZSTD_freeDCtx(z);
	bk_input_free(input);
	return rc;
}
