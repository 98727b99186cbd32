#include "archive/unpack.h"

#include <stdlib.h>

#include <zlib.h>
#include <zstd.h>

#include "base/majors.h"

enum packing { NONE, ZLIB, LZ4, ZSTD };	/* numbered as in 1.15 and later */

struct bk_unpack {
	struct bk_archive *a;
	const char *name;
	enum packing packing;
	z_stream z;
	int z_ready;
	ZSTD_DStream *zstd;
	int complete;		/* the compressed stream has ended */
	size_t pos, len;	/* of in: not decompressed yet */
	uint8_t in[64 * 1024];
};

/* Up to 1.14 the header has zlib's level: -1 the default, 0 none. */
static enum packing
packing_of(const struct bk_toc *toc)
{
	if (toc->minor < BK_PG_ARCHIVE_METHODS)
		return toc->compression == 0 ? NONE : ZLIB;
	return toc->compression <= ZSTD ? (enum packing)toc->compression : LZ4;
}

struct bk_unpack *
bk_unpack_new(struct bk_archive *a, const struct bk_toc *toc,
    const char *name, struct bk_err *e)
{
	struct bk_unpack *u = calloc(1, sizeof(*u));

	if (u == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	u->a = a;
	u->name = name;
	u->packing = packing_of(toc);
	if (u->packing == LZ4) {
		bk_fail(e, BK_FAIL, "%s: an archive with LZ4 compression; "
		    "unpack it first: pg_restore -f - FILE | bk-verify", name);
		bk_unpack_free(u);
		return NULL;
	}
	if (u->packing == ZLIB)
		u->z_ready = inflateInit(&u->z) == Z_OK;
	if (u->packing == ZSTD)
		u->zstd = ZSTD_createDStream();
	if ((u->packing == ZLIB && !u->z_ready) ||
	    (u->packing == ZSTD && u->zstd == NULL)) {
		bk_fail_memory(e);
		bk_unpack_free(u);
		return NULL;
	}
	return u;
}

void
bk_unpack_free(struct bk_unpack *u)
{
	if (u == NULL)
		return;
	if (u->z_ready)
		(void)inflateEnd(&u->z);
	(void)ZSTD_freeDStream(u->zstd);
	free(u);
}

int
bk_unpack_begin(struct bk_unpack *u, struct bk_err *e)
{
	u->complete = 0;
	u->pos = u->len = 0;
	if ((u->packing == ZLIB && inflateReset(&u->z) != Z_OK) ||
	    (u->packing == ZSTD && ZSTD_isError(ZSTD_initDStream(u->zstd))))
		return bk_fail_memory(e);
	return 0;
}

static int
damaged(struct bk_unpack *u, const char *cause, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: damaged: packed data %s before offset "
	    "%ju", u->name, cause, (uintmax_t)bk_archive_offset(u->a));
}

/* Decompress from in to buf: the number of bytes produced, or -1. */
static ssize_t
inflate_some(struct bk_unpack *u, void *buf, size_t n, struct bk_err *e)
{
	int rc;

	u->z.next_in = u->in + u->pos;
	u->z.avail_in = (uInt)(u->len - u->pos);
	u->z.next_out = buf;
	u->z.avail_out = (uInt)n;
	rc = inflate(&u->z, Z_NO_FLUSH);
	if (rc == Z_MEM_ERROR)
		return bk_fail_memory(e);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return damaged(u, "cannot be inflated", e);
	u->pos = u->len - u->z.avail_in;
	u->complete = rc == Z_STREAM_END;
	return (ssize_t)(n - u->z.avail_out);
}

static ssize_t
zstd_some(struct bk_unpack *u, void *buf, size_t n, struct bk_err *e)
{
	ZSTD_inBuffer in = { u->in, u->len, u->pos };
	ZSTD_outBuffer out = { buf, n, 0 };
	size_t rc = ZSTD_decompressStream(u->zstd, &out, &in);

	if (ZSTD_isError(rc))
		return damaged(u, "cannot be decompressed", e);
	u->pos = in.pos;
	u->complete = rc == 0;
	return (ssize_t)out.pos;
}

/* The compressed stream is complete; the block must end, too. */
static ssize_t
check_end(struct bk_unpack *u, struct bk_err *e)
{
	ssize_t r = 0;

	if (u->pos == u->len)
		r = bk_archive_data(u->a, u->in, sizeof(u->in), e);
	if (r == -1)
		return -1;
	if (r > 0 || u->pos < u->len)
		return damaged(u, "has data after its end", e);
	return 0;
}

ssize_t
bk_unpack_read(struct bk_unpack *u, void *buf, size_t n, struct bk_err *e)
{
	ssize_t r, produced;

	if (u->packing == NONE)
		return bk_archive_data(u->a, buf, n, e);
	if (n > UINT32_MAX)
		n = UINT32_MAX;
	while (!u->complete) {
		if (u->pos == u->len) {
			r = bk_archive_data(u->a, u->in, sizeof(u->in), e);
			if (r == -1)
				return -1;
			if (r == 0)
				return damaged(u, "is truncated", e);
			u->pos = 0;
			u->len = (size_t)r;
		}
		produced = u->packing == ZLIB ? inflate_some(u, buf, n, e) :
		    zstd_some(u, buf, n, e);
		if (produced != 0)
			return produced;
	}
	return check_end(u, e);
}
