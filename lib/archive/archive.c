#include "archive/archive.h"
#include "archive/archive_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct bk_archive *
bk_archive_open(struct bk_source src, const char *name, struct bk_err *e)
{
	struct bk_archive *a = calloc(1, sizeof(*a));

	if (a == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	a->src = src;
	a->name = name;
	return a;
}

void
bk_archive_free(struct bk_archive *a)
{
	free(a);
}

uint64_t
bk_archive_offset(const struct bk_archive *a)
{
	return a->offset;
}

int
bk_archive_damaged(struct bk_archive *a, const char *cause, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: damaged archive: %s at offset %"
	    PRIu64, a->name, cause, a->offset);
}

/* Make sure that buf is not empty: 1; 0 at the end; -1 with *e set. */
static int
fill(struct bk_archive *a, struct bk_err *e)
{
	ssize_t n;

	if (a->pos < a->len)
		return 1;
	if (a->ended)
		return 0;
	n = a->src.read(a->src.ctx, a->buf, sizeof(a->buf), e);
	if (n == -1)
		return -1;
	a->pos = 0;
	a->len = (size_t)n;
	a->ended = n == 0;
	return n > 0;
}

/* Count consumed bytes; copy them to keep while the TOC is read. */
static int
consume(struct bk_archive *a, const void *p, size_t n, struct bk_err *e)
{
	a->offset += n;
	return a->keep == NULL ? 0 : bk_buf_add(a->keep, p, n, e);
}

int
bk_archive_bytes(struct bk_archive *a, void *out, size_t n, struct bk_err *e)
{
	uint8_t *p = out;
	size_t m;
	int r;

	while (n > 0) {
		if ((r = fill(a, e)) == -1)
			return -1;
		if (r == 0)
			return bk_archive_damaged(a, "unexpected end", e);
		m = a->len - a->pos < n ? a->len - a->pos : n;
		memcpy(p, a->buf + a->pos, m);
		if (consume(a, a->buf + a->pos, m, e) == -1)
			return -1;
		a->pos += m;
		p += m;
		n -= m;
	}
	return 0;
}

int
bk_archive_byte(struct bk_archive *a, int *out, struct bk_err *e)
{
	uint8_t c;

	if (bk_archive_bytes(a, &c, 1, e) == -1)
		return -1;
	*out = c;
	return 0;
}

int
bk_archive_int(struct bk_archive *a, int32_t *out, struct bk_err *e)
{
	uint8_t b[BK_INT_LEN];
	uint32_t v;

	if (bk_archive_bytes(a, b, sizeof(b), e) == -1)
		return -1;
	v = (uint32_t)b[1] | (uint32_t)b[2] << 8 | (uint32_t)b[3] << 16 |
	    (uint32_t)b[4] << 24;
	/* nobody writes a negative zero */
	if (b[0] > 1 || (b[0] == 1 && v == 0) ||
	    v > (uint32_t)INT32_MAX + (b[0] == 1))
		return bk_archive_damaged(a, "a malformed number", e);
	*out = b[0] == 1 ? (int32_t)-(int64_t)v : (int32_t)v;
	return 0;
}

/* Skip to the end of the current object or DATA block. */
static int
skip_data(struct bk_archive *a, struct bk_err *e)
{
	uint8_t scratch[4096];
	ssize_t n;

	do
		n = bk_archive_data(a, scratch, sizeof(scratch), e);
	while (n > 0);
	return (int)n;
}

static int
skip_block(struct bk_archive *a, struct bk_err *e)
{
	uint32_t oid;
	int r = 0;

	if (a->block == BK_BLOCK_DATA)
		return skip_data(a, e);
	while (a->block == BK_BLOCK_BLOBS &&
	    (r = bk_archive_object(a, &oid, e)) == 1)
		;
	return r;
}

/*
 * pg_dump 17 -Fc > FILE rewrites the TOC to fill in the blocks' offsets, but
 * opens its standard output for appending: a second TOC follows the blocks.
 * Its first byte, a sign, has been read.  0, or -1 with *e set.
 */
static int
skip_second_toc(struct bk_archive *a, struct bk_err *e)
{
	const uint64_t start = a->offset - 1;
	int r;

	while ((r = fill(a, e)) == 1) {
		a->offset += a->len - a->pos;
		a->pos = a->len;
	}
	if (r == 0 && a->offset - start != a->toc_len)
		return bk_archive_damaged(a, "a block of unknown type", e);
	return r;
}

int
bk_archive_next(struct bk_archive *a, int *type, int32_t *id, struct bk_err *e)
{
	int r;

	if (skip_block(a, e) == -1)
		return -1;
	a->block = 0;
	if ((r = fill(a, e)) != 1)
		return r;
	if (bk_archive_byte(a, type, e) == -1)
		return -1;
	if (*type == 0 && a->toc_len > 0)
		return skip_second_toc(a, e);
	if (*type != BK_BLOCK_DATA && *type != BK_BLOCK_BLOBS)
		return bk_archive_damaged(a, "a block of unknown type", e);
	if (bk_archive_int(a, id, e) == -1)
		return -1;
	a->block = *type;
	a->in_data = *type == BK_BLOCK_DATA;
	a->left = 0;
	return 1;
}

int
bk_archive_object(struct bk_archive *a, uint32_t *oid, struct bk_err *e)
{
	int32_t v;

	if (a->in_data && skip_data(a, e) == -1)
		return -1;
	if (a->block != BK_BLOCK_BLOBS)
		return 0;
	if (bk_archive_int(a, &v, e) == -1)
		return -1;
	if (v == 0) {
		a->block = 0;
		return 0;
	}
	*oid = (uint32_t)v;	/* OIDs from 2^31 are stored as negative */
	a->in_data = 1;
	a->left = 0;
	return 1;
}

ssize_t
bk_archive_data(struct bk_archive *a, void *buf, size_t n, struct bk_err *e)
{
	int32_t len;
	int r;

	if (!a->in_data)
		return 0;
	if (a->left == 0) {
		if (bk_archive_int(a, &len, e) == -1)
			return -1;
		if (len < 0)
			return bk_archive_damaged(a, "a negative length", e);
		if (len == 0) {
			a->in_data = 0;
			if (a->block == BK_BLOCK_DATA)
				a->block = 0;
			return 0;
		}
		a->left = (uint32_t)len;
	}
	if ((r = fill(a, e)) == -1)
		return -1;
	if (r == 0)
		return bk_archive_damaged(a, "unexpected end", e);
	if (n > a->left)
		n = a->left;
	if (n > a->len - a->pos)
		n = a->len - a->pos;
	memcpy(buf, a->buf + a->pos, n);
	a->pos += n;
	a->offset += n;
	a->left -= (uint32_t)n;
	return (ssize_t)n;
}

void
bk_archive_put_int(uint8_t out[BK_INT_LEN], int32_t v)
{
	uint32_t u = v < 0 ? (uint32_t)-(int64_t)v : (uint32_t)v;
	int i;

	out[0] = v < 0;
	for (i = 1; i < BK_INT_LEN; i++, u >>= 8)
		out[i] = (uint8_t)u;
}

int
bk_archive_add_int(struct bk_buf *b, int32_t v, struct bk_err *e)
{
	uint8_t out[BK_INT_LEN];

	bk_archive_put_int(out, v);
	return bk_buf_add(b, out, sizeof(out), e);
}

int
bk_archive_add_str(struct bk_buf *b, const char *s, struct bk_err *e)
{
	size_t n;

	if (s == NULL)
		return bk_archive_add_int(b, -1, e);
	n = strlen(s);
	if (n > INT32_MAX)
		return bk_fail(e, BK_FAIL, "a string of %zu bytes", n);
	if (bk_archive_add_int(b, (int32_t)n, e) == -1)
		return -1;
	return bk_buf_add(b, s, n, e);
}

int
bk_archive_add_block(struct bk_buf *b, int type, int32_t id, struct bk_err *e)
{
	const uint8_t t = (uint8_t)type;

	if (bk_buf_add(b, &t, 1, e) == -1)
		return -1;
	return bk_archive_add_int(b, id, e);
}

int
bk_archive_add_chunk(struct bk_buf *b, const void *p, size_t n,
    struct bk_err *e)
{
	if (bk_archive_add_int(b, (int32_t)n, e) == -1)
		return -1;
	return bk_buf_add(b, p, n, e);
}
