#include "compress/gz_header.h"

#include <libdeflate.h>
#include <string.h>
#include <zlib.h>

#include "compress/le.h"
#include "stream/heads.h"

/* FLG, RFC 1952 section 2.3.1; FTEXT (1) is ignored */
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };

#define FIXED 10		/* bytes before the optional fields */
#define SUB 4			/* bytes of a subfield's own header */
#define SIZES_AT (FIXED + 2 + SUB)	/* ours is the first subfield */
#define SIZES_LEN 8
#define TOTAL_LEN 12
#define LAST_LEN (2 + BK_GZ_TRAILER)	/* of the last member, after its mark */
#define BGZF_CONTENT 65536	/* maximum content of a BGZF member */

static const uint8_t magic[] = BK_HEAD_GZIP;
#define MAGIC (sizeof(magic) - 1)

static size_t
get16(const uint8_t *p)
{
	return (size_t)p[0] | (size_t)p[1] << 8;
}

static uint8_t *
put16(uint8_t *p, size_t v)
{
	*p++ = (uint8_t)v;
	*p++ = (uint8_t)(v >> 8);
	return p;
}

/* The fixed part and FEXTRA's length; no time and no OS: reproducible. */
static uint8_t *
put_fixed(uint8_t *p, size_t extra)
{
	static const uint8_t rest[] = { FEXTRA, 0, 0, 0, 0, 0, 255 };

	memcpy(p, magic, MAGIC);
	memcpy(p + MAGIC, rest, sizeof(rest));
	return put16(p + FIXED, extra);
}

static uint8_t *
put_mark(uint8_t *p, const char *mark)
{
	size_t n = strlen(mark);

	memcpy(p, BK_HEAD_GZIP_FIELD, 2);
	p = put16(p + 2, n);
	memcpy(p, mark, n);
	return p + n;
}

size_t
bk_gz_header_put(uint8_t *p, const char *opening)
{
	uint8_t *q = put_fixed(p, SUB + SIZES_LEN +
	    (opening == NULL ? 0 : SUB + strlen(opening)));

	*q++ = 'B';
	*q++ = 'K';
	q = put16(q, SIZES_LEN);
	memset(q, 0, SIZES_LEN);
	q += SIZES_LEN;
	if (opening != NULL)
		q = put_mark(q, opening);
	return (size_t)(q - p);
}

void
bk_gz_header_sizes(uint8_t *p, uint32_t member, uint32_t content)
{
	bk_le_put32(p + SIZES_AT, member);
	bk_le_put32(p + SIZES_AT + 4, content);
}

size_t
bk_gz_header_closing(uint8_t p[BK_GZ_HEADER_MAX], const struct bk_seal *s,
    const struct bk_gz_total *total)
{
	uint8_t *q = put_fixed(p, SUB + TOTAL_LEN + SUB + BK_SEAL_CLOSING);
	char closing[BK_SEAL_CLOSING + 1];

	*q++ = 'B';
	*q++ = 'T';
	q = put16(q, TOTAL_LEN);
	bk_le_put32(q, (uint32_t)total->bytes);
	bk_le_put32(q + 4, (uint32_t)(total->bytes >> 32));
	bk_le_put32(q + 8, total->crc);
	q += TOTAL_LEN;
	bk_seal_close(s, LAST_LEN, closing);
	q = put_mark(q, closing);
	q = put16(q, 3); /* deflate: one final, empty block */
	memset(q, 0, BK_GZ_TRAILER);
	return (size_t)(q + BK_GZ_TRAILER - p);
}

void
bk_gz_total_add(struct bk_gz_total *t, uint32_t crc, size_t n)
{
	t->bytes += n;
	t->crc = (uint32_t)crc32_combine(t->crc, crc, (z_off_t)n);
}

/* Consume n bytes of the header, updating its length and CRC. */
static void
consume(struct bk_input *in, const uint8_t *p, size_t n, struct bk_gz_header *h,
    uint32_t *crc)
{
	*crc = libdeflate_crc32(*crc, p, n);
	h->len += n;
	bk_input_skip(in, n);
}

/* Look ahead n bytes; NULL with *e set if there are fewer. */
static const uint8_t *
need(struct bk_input *in, size_t n, struct bk_err *e)
{
	const uint8_t *p;
	ssize_t have = bk_input_peek(in, n, &p, e);

	if (have != -1 && (size_t)have < n)
		have = bk_input_cut(in, e);
	return have == -1 ? NULL : p;
}

/* Read marks and sizes from the subfields; ignore others. */
static int
read_subfields(struct bk_input *in, const uint8_t *p, size_t n,
    struct bk_gz_header *h, struct bk_err *e)
{
	size_t len;
	int mark;

	for (; n >= SUB; p += SUB + len, n -= SUB + len) {
		if ((len = get16(p + 2)) > n - SUB)
			return 0;	/* not subfields: gzip allows that */
		if (p[0] != 'B')
			continue;
		if (p[1] == BK_HEAD_GZIP_FIELD[1]) {
			mark = bk_input_mark(in, p + SUB, len, LAST_LEN, e);
			if (mark == -1)
				return -1;
			h->mark = (enum bk_input_marked)mark;
		} else if (p[1] == 'T' && len == TOTAL_LEN) {
			h->total.bytes = bk_le_get32(p + SUB) |
			    (uint64_t)bk_le_get32(p + SUB + 4) << 32;
			h->total.crc = bk_le_get32(p + SUB + 8);
			h->has_total = 1;
		} else if (p[1] == 'K' && len == SIZES_LEN) {
			h->member = bk_le_get32(p + SUB);
			h->content = bk_le_get32(p + SUB + 4);
		} else if (p[1] == 'C' && len == 2) {
			h->member = (uint32_t)get16(p + SUB) + 1;
			h->content = BGZF_CONTENT;
		}
	}
	return 0;
}

static int
read_extra(struct bk_input *in, struct bk_gz_header *h, uint32_t *crc,
    struct bk_err *e)
{
	const uint8_t *p = need(in, 2, e);
	size_t len;

	if (p == NULL)
		return -1;
	len = 2 + get16(p);
	if ((p = need(in, len, e)) == NULL ||
	    read_subfields(in, p + 2, len - 2, h, e) == -1)
		return -1;
	consume(in, p, len, h, crc);
	return 0;
}

/* Skip a name or comment of any length, ended by a NUL. */
static int
skip_string(struct bk_input *in, struct bk_gz_header *h, uint32_t *crc,
    struct bk_err *e)
{
	const uint8_t *p, *nul;
	ssize_t n;

	do {
		if ((n = bk_input_fill(in, &p, e)) == -1)
			return -1;
		if (n == 0)
			return bk_input_cut(in, e);
		nul = memchr(p, '\0', (size_t)n);
		consume(in, p, nul ? (size_t)(nul - p) + 1 : (size_t)n, h, crc);
	} while (nul == NULL);
	return 0;
}

static int
check_crc(struct bk_input *in, struct bk_gz_header *h, uint32_t crc,
    struct bk_err *e)
{
	const uint8_t *p = need(in, 2, e);

	if (p == NULL)
		return -1;
	if (get16(p) != (crc & 0xffff))
		return bk_input_bad(in, bk_input_offset(in), "wrong header "
		    "checksum", e);
	consume(in, p, 2, h, &crc);
	return 0;
}

int
bk_gz_header_read(struct bk_input *in, struct bk_gz_header *h, struct bk_err *e)
{
	const uint8_t *p;
	uint32_t crc = 0;
	unsigned flags;
	int rc = bk_input_frame(in, e);

	if (rc != 1)
		return rc;
	*h = (struct bk_gz_header){0};
	if ((p = need(in, 1, e)) == NULL)
		return -1;
	if (p[0] != magic[0])
		return bk_input_no_frame(in, e);
	if ((p = need(in, FIXED, e)) == NULL)
		return -1;
	if (p[1] != magic[1])
		return bk_input_no_frame(in, e);
	flags = p[3];
	if (p[2] != magic[2] || (flags & RESERVED))
		return bk_input_bad(in, bk_input_offset(in), "unknown method "
		    "or flags", e);
	consume(in, p, FIXED, h, &crc);
	if ((flags & FEXTRA) && read_extra(in, h, &crc, e) == -1)
		return -1;
	if ((flags & FNAME) && skip_string(in, h, &crc, e) == -1)
		return -1;
	if ((flags & FCOMMENT) && skip_string(in, h, &crc, e) == -1)
		return -1;
	if ((flags & FHCRC) && check_crc(in, h, crc, e) == -1)
		return -1;
	return 1;
}
