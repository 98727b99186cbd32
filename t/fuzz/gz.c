/*
 * bk-gz -d against zlib: what we take is what zlib makes of it, on one thread
 * and on two; and what zlib takes, we refuse only for what the seal asks for.
 */
#include "fuzz.h"

#include <zlib.h>

#include "compress/gz.h"

#define OUT_MAX (8 << 20)	/* bytes that are compared */

static int
decode(struct bk_reader *in, struct bk_writer *out, void *threads,
    struct bk_err *e)
{
	return bk_gz_decompress(in, "fuzz", out, *(unsigned *)threads, e);
}

/* Inflate all members into out: their bytes, -1 if they are not all right. */
static ssize_t
reference(const uint8_t *p, size_t n, uint8_t *out)
{
	z_stream z = { .next_in = (uint8_t *)(uintptr_t)p,
	    .avail_in = (unsigned)n, .next_out = out, .avail_out = OUT_MAX };
	int rc = inflateInit2(&z, 16 + MAX_WBITS);

	CHECK(rc == Z_OK);
	while ((rc = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in > 0) {
		/* zeros may pad the end */
		while (z.avail_in > 0 && *z.next_in == 0) {
			z.next_in++;
			z.avail_in--;
		}
		if (z.avail_in == 0)
			break;
		CHECK(inflateReset(&z) == Z_OK);
	}
	(void)inflateEnd(&z);
	return rc == Z_STREAM_END ? OUT_MAX - (ssize_t)z.avail_out : -1;
}

/* Two threads: (2 + 2) * 2.1 MiB, input and output. */
FUZZ(9 << 20, 0)
{
	static uint8_t out[OUT_MAX];
	unsigned threads = 1;
	ssize_t want = reference(p, n, out);
	struct fuzz_made m;
	size_t len;
	int rc;

	fuzz_short_reads(1);
	m = fuzz_run(p, n, BK_READER_PARSED | BK_READER_NONEMPTY, decode,
	    &threads);
	rc = m.rc;
	len = m.n;
	if (rc == 0 && len <= OUT_MAX)
		CHECK(want == (ssize_t)len && (len == 0 ||
		    memcmp(out, m.p, len) == 0));
	/* which takes time to start */
	if (fuzz_pick(8) != 0)
		return;
	threads = 2;
	m = fuzz_run(p, n, BK_READER_PARSED | BK_READER_NONEMPTY, decode,
	    &threads);
	CHECK(m.rc == rc && (rc != 0 || m.n == len));
}
