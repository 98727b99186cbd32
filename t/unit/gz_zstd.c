/* bk_zst_decompress: all kinds of valid streams and of damage. */
#include "gz_run.h"

#include <zstd.h>

#include "compress/zst.h"
#include "stream/seal.h"

static void
add_skippable(struct bytes *b, uint32_t magic, const char *p, size_t n)
{
	uint8_t h[8];
	int i;

	for (i = 0; i < 4; i++) {
		h[i] = (uint8_t)(magic >> (8 * i));
		h[4 + i] = (uint8_t)(n >> (8 * i));
	}
	append(b, h, sizeof(h));
	append(b, p, n);
}

/* A foreign frame. */
static void
add_foreign(struct bytes *b, const struct bytes *content, int checksum,
    int window_log)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t cap = ZSTD_compressBound(content->len), n;
	uint8_t *out = malloc(cap);
	ZSTD_inBuffer in = { .src = content->p, .size = content->len };
	ZSTD_outBuffer o = { .dst = out, .size = cap };

	if (z == NULL || out == NULL)
		bail("out of memory");
	(void)ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, checksum);
	if (window_log > 0)
		(void)ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window_log);
	do
		n = ZSTD_compressStream2(z, &o, &in, ZSTD_e_end);
	while (n != 0 && !ZSTD_isError(n));
	if (ZSTD_isError(n))
		bail(ZSTD_getErrorName(n));
	append(b, out, o.pos);
	(void)ZSTD_freeCCtx(z);
	free(out);
}

static void
add_own(struct bytes *b, const struct bytes *content)
{
	struct result r = compress_by(bk_zst_compress, content, 3, 1);

	append(b, r.out.p, r.out.len);
	free(r.out.p);
}

static void
test_joined(const struct bytes *content)
{
	struct bytes two = {0}, b = {0}, pad = {0};
	char zero[70000] = {0}, closing[BK_SEAL_CLOSING + 1];
	struct bk_seal seal;
	struct bk_err e = {0};

	append(&two, content->p, content->len);
	append(&two, content->p, content->len);
	add_own(&b, content);
	append(&pad, b.p, b.len);
	add_foreign(&b, content, 1, 0);
	check_good(bk_zst_decompress, &b, &two, 2, "own + zstd's");
	b.len = 0;
	add_foreign(&b, content, 0, 0);
	add_skippable(&b, 0x184D2A50U, zero, sizeof(zero));
	add_own(&b, content);
	check_good(bk_zst_decompress, &b, &two, 2,
	    "zstd's + somebody's skippable frame + own");
	append(&pad, zero, sizeof(zero));
	check_good(bk_zst_decompress, &pad, content, 2, "zero padding");
	append(&pad, "x", 1);
	check_bad(bk_zst_decompress, &pad, "trailing garbage",
	    "something behind the padding");

	b.len = 0;
	add_own(&b, content);
	b.len -= 8 + BK_SEAL_CLOSING;
	check_bad(bk_zst_decompress, &b, "unfinished", "a lost end");
	add_own(&b, content);
	check_bad(bk_zst_decompress, &b, "unfinished",
	    "a stream that lost its end before another");
	b.len = 0;
	add_foreign(&b, content, 1, 0);
	(void)bk_seal_new(&seal, NULL, &e);
	bk_seal_close(&seal, 0, closing);
	add_skippable(&b, 0x184D2A5BU, closing, BK_SEAL_CLOSING);
	check_bad(bk_zst_decompress, &b, "beginning is missing",
	    "a stream that lost its beginning");
	free(two.p);
	free(b.p);
	free(pad.p);
}

static void
test_hostile(const struct bytes *content)
{
	struct bytes b = {0}, big = prose(3000000);

	check_bad(bk_zst_decompress, content, "does not begin with a zstd",
	    "prose");
	add_foreign(&b, content, 1, 0);
	append(&b, content->p, content->len);
	check_bad(bk_zst_decompress, &b, "trailing garbage",
	    "prose behind zstd");
	b.len = 0;
	append(&b, "\x5b\x2a\x4d\x18\xff\xff\xff\xff", 8);
	check_bad(bk_zst_decompress, &b, "unfinished",
	    "a skippable frame of 4 GiB that is not there");
	/* a frame that requires 2^31 bytes: no content size, window 0xa8 */
	b.len = 0;
	append(&b, "\x28\xb5\x2f\xfd\x04\xa8\x01\x00\x00", 9);
	check_bad(bk_zst_decompress, &b, "--long=31",
	    "a window that is too large comes with a remedy");

	b.len = 0;
	add_foreign(&b, &big, 1, 0);
	b.p[b.len - 1] ^= 1;
	check_bad(bk_zst_decompress, &b, "offset 0: wrong checksum",
	    "a wrong checksum");
	free(b.p);
	free(big.p);
}

int
main(void)
{
	struct bytes content = prose(300), own = {0}, foreign = {0};

	add_own(&own, &content);
	add_foreign(&foreign, &content, 1, 0);
	check_good(bk_zst_decompress, &own, &content, 1, "own stream");
	check_good(bk_zst_decompress, &foreign, &content, 1, "zstd's stream");
	check_truncations(bk_zst_decompress, &own, &content, 1, "own");
	check_truncations(bk_zst_decompress, &foreign, &content, 1, "zstd's");
	check_flips(bk_zst_decompress, &own, &content, 1, "own");
	check_flips(bk_zst_decompress, &foreign, &content, 1, "zstd's");
	test_joined(&content);
	test_hostile(&content);
	free(content.p);
	free(own.p);
	free(foreign.p);
	return tap_done();
}
