#include "stream/heads.h"

#include <string.h>

#include "base/majors.h"

#define ENVELOPE_MIN 8		/* bytes of its mark: fewer are anybody's */

/* Bytes of a head, from here on; those of a field may end after it. */
struct piece {
	const uint8_t *p;
	size_t n;
	int cut;		/* there were to be more */
};

static const struct piece nowhere, beyond = { .cut = 1 };

/* The first n bytes of *h, or what there is of them; *h is what follows. */
static struct piece
take(struct piece *h, size_t n)
{
	struct piece out = { h->p, n < h->n ? n : h->n, h->cut || n > h->n };

	if (out.n > 0)
		h->p += out.n;
	h->n -= out.n;
	h->cut = out.cut;
	return out;
}

static int
begins(struct piece h, const char *with)
{
	return h.n >= strlen(with) && memcmp(h.p, with, strlen(with)) == 0;
}

/* A number of n bytes, the least significant first; 0 if it is not there. */
static size_t
take_number(struct piece *h, size_t n)
{
	struct piece f = take(h, n);
	size_t v = 0;

	if (f.n < n)
		return 0;
	while (n > 0)
		v = v << 8 | f.p[--n];
	return v;
}

/* An archive's int: a sign, and four bytes.  Negative: 0, as for no string. */
static size_t
take_int(struct piece *h)
{
	size_t negative = take_number(h, 1), v = take_number(h, 4);

	return negative ? 0 : v;
}

static struct piece
take_string(struct piece *h)
{
	return take(h, take_int(h));
}

/* After the author and VERSION in the first TOC entry's COPY statement. */
static struct piece
mark_of_archive(struct piece h)
{
	static const char author[] = BK_HEAD_ARCHIVE_AUTHOR;
	struct piece s;
	const uint8_t *blank;
	unsigned minor, i;

	if (h.n < 11)
		return beyond;
	minor = h.p[6];
	/* of these alone we know where they must not end */
	if (minor < BK_PG_ARCHIVE_MIN || minor > BK_PG_ARCHIVE_MAX)
		return nowhere;
	/* version, sizes, format; compression; time; three strings */
	(void)take(&h, 11 + (minor >= BK_PG_ARCHIVE_METHODS ? 1 : 5) + 7 * 5);
	for (i = 0; i < 3; i++)
		(void)take_string(&h);
	/* entries; id, data; tableoid, oid, tag */
	(void)take(&h, 3 * 5);
	for (i = 0; i < 3; i++)
		(void)take_string(&h);
	s = take_string(&h);
	if (s.n != 8 || !begins(s, "ENCODING"))
		return h.cut ? beyond : nowhere;
	/* section; defn, drop; copy */
	(void)take(&h, 5);
	for (i = 0; i < 3; i++)
		s = take_string(&h);
	if (!begins(s, author))
		return h.cut ? beyond : nowhere;
	(void)take(&s, strlen(author));
	if (s.n == 0 || (blank = memchr(s.p, ' ', s.n)) == NULL)
		return h.cut ? beyond : nowhere;
	(void)take(&s, (size_t)(blank - s.p) + 1);
	return s;
}

/* The first BS subfield of the first member's FEXTRA. */
static struct piece
mark_of_gzip(struct piece h)
{
	struct piece id, data;
	int cut;

	if (h.n < 10)
		return beyond;
	if (!(h.p[3] & 4))
		return nowhere;
	(void)take(&h, 10);
	h = take(&h, take_number(&h, 2));
	cut = h.cut;
	while (h.n > 4) {
		id = take(&h, 2);
		data = take(&h, take_number(&h, 2));
		if (begins(id, BK_HEAD_GZIP_FIELD))
			return data;
	}
	return cut ? beyond : nowhere;
}

/* The content of a skippable frame at the beginning. */
static struct piece
mark_of_zstd(struct piece h)
{
	(void)take(&h, 4);
	return take(&h, take_number(&h, 4));
}

/* The rest of the version line. */
static struct piece
mark_of_crypt(struct piece h)
{
	static const char version[] = BK_HEAD_CRYPT BK_HEAD_VERSION " ";

	if (!begins(h, version))
		return nowhere;
	(void)take(&h, strlen(version));
	h.cut = 1;
	return h;
}

/* The first record of a global pax header at the beginning: a comment. */
static struct piece
mark_of_tar(struct piece h)
{
	struct piece block = take(&h, 512);
	size_t n = 0;

	if (block.p[156] != 'g')
		return nowhere;
	for (; h.n > 0 && *h.p >= '0' && *h.p <= '9' && n < BK_SEAL_HEAD;
	    (void)take(&h, 1))
		n = n * 10 + (size_t)(*h.p - '0');
	if (!begins(h, " " BK_HEAD_TAR_MARK))
		return h.n < strlen(" " BK_HEAD_TAR_MARK) ? beyond : nowhere;
	(void)take(&h, strlen(" " BK_HEAD_TAR_MARK));
	return take(&h, n);
}

static struct piece
mark_of_envelope(struct piece h)
{
	h.cut = h.n >= ENVELOPE_MIN;
	return h;
}

/* Every stream may be an envelope; the others have this at an offset. */
static const struct head {
	enum bk_format format;
	size_t at;
	unsigned mask;		/* of the first byte there */
	const char *magic;
	struct piece (*mark)(struct piece);	/* NULL: it has no room */
} heads[] = {
	{ BK_FORMAT_OTHER, 0, 0xff, "", mark_of_envelope },
	{ BK_FORMAT_ARCHIVE, 0, 0xff, BK_HEAD_ARCHIVE, mark_of_archive },
	{ BK_FORMAT_GZIP, 0, 0xff, BK_HEAD_GZIP, mark_of_gzip },
	{ BK_FORMAT_ZSTD, 0, 0xf0, BK_HEAD_SKIPPABLE, mark_of_zstd },
	{ BK_FORMAT_ZSTD, 0, 0xff, BK_HEAD_ZSTD, NULL },
	{ BK_FORMAT_CRYPT, 0, 0xff, BK_HEAD_CRYPT, mark_of_crypt },
	{ BK_FORMAT_CRYPT, 0, 0xff, BK_HEAD_AGE, NULL },
	{ BK_FORMAT_CRYPT, 0, 0xff, BK_HEAD_ARMOR, NULL },
	{ BK_FORMAT_TAR, BK_HEAD_TAR_AT, 0xff, BK_HEAD_TAR, mark_of_tar },
};
#define HEADS (sizeof(heads) / sizeof(heads[0]))

static int
is_of(const struct head *f, const uint8_t *head, size_t n)
{
	size_t len = strlen(f->magic);

	return n >= f->at + len && (len == 0 ||
	    ((head[f->at] & f->mask) == (uint8_t)*f->magic &&
	    memcmp(head + f->at + 1, f->magic + 1, len - 1) == 0));
}

/* Where a stream of this head has its mark, if it is one. */
static struct piece
where(const struct head *f, struct piece h)
{
	return f->mark != NULL && is_of(f, h.p, h.n) ? f->mark(h) : nowhere;
}

enum bk_format
bk_heads_format(const void *head, size_t n)
{
	size_t i;

	for (i = 0; i < HEADS; i++)
		if (*heads[i].magic != '\0' && is_of(&heads[i], head, n))
			return heads[i].format;
	return BK_FORMAT_OTHER;
}

int
bk_heads_cut(const void *head, size_t n)
{
	struct piece at;
	size_t i;

	for (i = 0; i < HEADS; i++) {
		at = where(&heads[i], (struct piece){ head, n, 0 });
		if (at.cut && bk_seal_begins(at.p, at.n))
			return 1;
	}
	return 0;
}

ptrdiff_t
bk_heads_mark(struct bk_seal *s, const void *head, size_t n, ptrdiff_t *len)
{
	struct piece h = { head, n < BK_SEAL_HEAD ? n : BK_SEAL_HEAD, 0 }, at;
	size_t i;

	for (i = 0; i < HEADS; i++) {
		at = where(&heads[i], h);
		*len = at.n == 0 ? 0 : bk_seal_read(s, at.p, at.n);
		if (*len != 0)
			return at.p - h.p;
	}
	memset(s, 0, sizeof(*s));
	return -1;
}
