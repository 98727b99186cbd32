/* bk-zst -d against libzstd: what we take is what that makes of it. */
#include "fuzz.h"

#include <zstd.h>

#include "compress/zst.h"

#define OUT_MAX (4 << 20)

static int
decode(struct bk_reader *in, struct bk_writer *out, void *ctx,
    struct bk_err *e)
{
	(void)ctx;
	return bk_zst_decompress(in, "fuzz", out, 1, e);
}

/* All frames' content: its bytes, OUT_MAX for more, -1 if damaged. */
static ssize_t
reference(const uint8_t *p, size_t n, uint8_t *dst)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = { p, n, 0 };
	ZSTD_outBuffer out = { dst, OUT_MAX, 0 };
	size_t r = 0, from, to;

	CHECK(z != NULL);
	do {
		from = in.pos;
		to = out.pos;
		r = ZSTD_decompressStream(z, &out, &in);
		if (ZSTD_isError(r) || out.pos == OUT_MAX ||
		    (r == 0 && in.pos == n))
			break;
	} while (in.pos > from || out.pos > to);
	(void)ZSTD_freeDStream(z);
	return out.pos == OUT_MAX ? OUT_MAX : ZSTD_isError(r) || r != 0 ? -1 :
	    (ssize_t)out.pos;
}

/* 128 MiB is the largest window that a frame may ask for. */
FUZZ(131 << 20, 0)
{
	static uint8_t out[OUT_MAX];
	ssize_t want = reference(p, n, out);
	struct fuzz_made m;

	/* a bomb is as good as any content, and takes long to write */
	if (want == OUT_MAX)
		return;
	fuzz_short_reads(1);
	m = fuzz_run(p, n, BK_READER_PARSED | BK_READER_NONEMPTY, decode, NULL);
	/* zeros may pad the end, which is no frame to libzstd */
	if (m.rc == 0 && want != -1)
		CHECK((size_t)want == m.n && (m.n == 0 ||
		    memcmp(m.p, out, m.n) == 0));
	else if (m.rc == 0)
		CHECK(n > 0 && p[n - 1] == 0);
}
