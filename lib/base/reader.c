#include "base/reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/seal.h"

#define ENVELOPE_MIN 8		/* bytes of its mark: fewer are anybody's */

struct bk_reader {
	int fd;
	int stop[2];		/* a pipe: a byte in it stops reading */
	const char *name;
	unsigned flags;
	int marked;		/* there is an opening mark */
	size_t envelope;	/* its length if it is an envelope's, else 0 */
	struct bk_seal seal;
	int ended;		/* and complete */
	uint64_t bytes;
	/* read at the start, not returned yet: has room for the payload's head
	 * and both marks of an envelope */
	uint8_t head[BK_SEAL_OPENING + BK_SEAL_HEAD + BK_SEAL_CLOSING];
	size_t head_off, head_len;
	/* an envelope's last bytes so far: may be its closing mark */
	uint8_t held[BK_SEAL_CLOSING];
	/* the payload's last bytes so far */
	uint8_t tail[BK_SEAL_TAIL];
	size_t tail_len;
};

/* Bytes of a head, from here on; those of a field may end behind it. */
struct piece {
	const uint8_t *p;
	size_t n;
	int cut;		/* there were to be more */
};

static const struct piece nowhere, behind = { .cut = 1 };

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

/* Behind "-- bk-dump VERSION " in the first TOC entry's COPY statement. */
static struct piece
mark_of_archive(struct piece h)
{
	static const char author[] = "-- bk-dump ";
	struct piece s;
	const uint8_t *blank;
	unsigned minor, i;

	if (h.n < 11)
		return behind;
	minor = h.p[6];
	/* of these alone we know where they must not end */
	if (minor < BK_FORMAT_ARCHIVE_MIN || minor > BK_FORMAT_ARCHIVE_MAX)
		return nowhere;
	/* version, sizes, format; compression; time; three strings */
	(void)take(&h, 11 + (minor > 14 ? 1 : 5) + 7 * 5);
	for (i = 0; i < 3; i++)
		(void)take_string(&h);
	/* entries; id, data; tableoid, oid, tag */
	(void)take(&h, 3 * 5);
	for (i = 0; i < 3; i++)
		(void)take_string(&h);
	s = take_string(&h);
	if (s.n != 8 || !begins(s, "ENCODING"))
		return h.cut ? behind : nowhere;
	/* section; defn, drop; copy */
	(void)take(&h, 5);
	for (i = 0; i < 3; i++)
		s = take_string(&h);
	if (!begins(s, author))
		return h.cut ? behind : nowhere;
	(void)take(&s, strlen(author));
	if (s.n == 0 || (blank = memchr(s.p, ' ', s.n)) == NULL)
		return h.cut ? behind : nowhere;
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
		return behind;
	if (!(h.p[3] & 4))
		return nowhere;
	(void)take(&h, 10);
	h = take(&h, take_number(&h, 2));
	cut = h.cut;
	while (h.n > 4) {
		id = take(&h, 2);
		data = take(&h, take_number(&h, 2));
		if (begins(id, "BS"))
			return data;
	}
	return cut ? behind : nowhere;
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
	static const char version[] = "bk-crypt/v1 ";

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
	if (!begins(h, " comment="))
		return h.n < strlen(" comment=") ? behind : nowhere;
	(void)take(&h, strlen(" comment="));
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
	{ BK_FORMAT_ARCHIVE, 0, 0xff, "PGDMP", mark_of_archive },
	{ BK_FORMAT_GZIP, 0, 0xff, "\x1f\x8b\x08", mark_of_gzip },
	/* a skippable frame: any of 184D2A50 to 184D2A5F */
	{ BK_FORMAT_ZSTD, 0, 0xf0, "\x50\x2a\x4d\x18", mark_of_zstd },
	{ BK_FORMAT_ZSTD, 0, 0xff, "\x28\xb5\x2f\xfd", NULL },
	{ BK_FORMAT_CRYPT, 0, 0xff, "bk-crypt/", mark_of_crypt },
	{ BK_FORMAT_CRYPT, 0, 0xff, "age-encryption.org/", NULL },
	{ BK_FORMAT_CRYPT, 0, 0xff, "-----BEGIN AGE ENCRYPTED FILE-----",
	    NULL },
	{ BK_FORMAT_TAR, 257, 0xff, "ustar", mark_of_tar },
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
bk_reader_format(const void *head, size_t n)
{
	size_t i;

	for (i = 0; i < HEADS; i++)
		if (*heads[i].magic != '\0' && is_of(&heads[i], head, n))
			return heads[i].format;
	return BK_FORMAT_OTHER;
}

/* A stream that ends behind these n bytes, before its mark could. */
static int
ends_early(const uint8_t *head, size_t n)
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
bk_reader_mark(struct bk_seal *s, const void *head, size_t n, ptrdiff_t *len)
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

static int
unfinished(const struct bk_reader *in, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: unfinished: no closing mark; see the "
	    "messages of the command before it",
	    in->name);
}

/* From the head, then from the descriptor; short only at end of file. */
static ssize_t
raw_read(struct bk_reader *in, uint8_t *buf, size_t n, struct bk_err *e)
{
	size_t have = in->head_len - in->head_off;
	ssize_t r;

	if (have > n)
		have = n;
	memcpy(buf, in->head + in->head_off, have);
	in->head_off += have;
	if (have == n)
		return (ssize_t)n;
	if ((r = bk_io_read_until(in->fd, in->stop[0], buf + have, n - have,
	    in->name, e)) == -1)
		return -1;
	return (ssize_t)have + r;
}

/* Keep the last BK_SEAL_TAIL bytes of the payload. */
static void
remember_tail(struct bk_reader *in, const uint8_t *buf, size_t n)
{
	size_t keep;

	if (n >= BK_SEAL_TAIL) {
		memcpy(in->tail, buf + n - BK_SEAL_TAIL, BK_SEAL_TAIL);
		in->tail_len = BK_SEAL_TAIL;
		return;
	}
	keep = in->tail_len;
	if (keep > BK_SEAL_TAIL - n)
		keep = BK_SEAL_TAIL - n;
	memmove(in->tail, in->tail + in->tail_len - keep, keep);
	memcpy(in->tail + keep, buf, n);
	in->tail_len = keep + n;
}

/* As raw_read(), but holding back the last BK_SEAL_CLOSING bytes. */
static ssize_t
envelope_read(struct bk_reader *in, uint8_t *buf, size_t n, struct bk_err *e)
{
	uint8_t next[BK_SEAL_CLOSING];
	size_t take = n < BK_SEAL_CLOSING ? n : BK_SEAL_CLOSING, body = 0;
	ssize_t r;

	/* read the body to its place after the held bytes, without a copy */
	if (n > BK_SEAL_CLOSING) {
		r = raw_read(in, buf + BK_SEAL_CLOSING, n - BK_SEAL_CLOSING, e);
		if (r == -1)
			return -1;
		body = (size_t)r;
	}
	if ((r = raw_read(in, next, take, e)) == -1)
		return -1;
	/* held + body + next: return all but the last BK_SEAL_CLOSING */
	if (body > 0 || n >= BK_SEAL_CLOSING) {
		memcpy(buf, in->held, BK_SEAL_CLOSING);
		body += BK_SEAL_CLOSING;
		body -= BK_SEAL_CLOSING - (size_t)r;
		memcpy(in->held, buf + body, BK_SEAL_CLOSING - (size_t)r);
	} else {
		memcpy(buf, in->held, (size_t)r);
		memmove(in->held, in->held + r, BK_SEAL_CLOSING - (size_t)r);
		body = (size_t)r;
	}
	memcpy(in->held + BK_SEAL_CLOSING - (size_t)r, next, (size_t)r);
	return (ssize_t)body;
}

/* At end of file: is the stream complete? */
static int
verdict(struct bk_reader *in, struct bk_err *e)
{
	if (in->envelope > 0 ? !bk_seal_closes(&in->seal, in->held,
	    BK_SEAL_CLOSING, 0) : in->marked &&
	    !(in->flags & BK_READER_PARSED) &&
	    !bk_seal_ends(&in->seal, in->tail, in->tail_len))
		return unfinished(in, e);
	if (in->bytes == 0 &&
	    ((in->flags & BK_READER_NONEMPTY) || bk_io_is_pipe(in->fd))) {
		e->empty = e->code == BK_OK && !in->marked;
		return bk_fail(e, BK_DATA, "%s: unfinished: it is empty; see "
		    "the messages of the command before it", in->name);
	}
	in->ended = 1;
	return 0;
}

/* Read the head and find the opening mark. */
static int
begin(struct bk_reader *in, struct bk_err *e)
{
	ssize_t n = bk_io_read(in->fd, in->head, sizeof(in->head), in->name, e);
	ptrdiff_t at, len;

	if (n == -1)
		return -1;
	in->head_len = (size_t)n;
	at = bk_reader_mark(&in->seal, in->head, in->head_len, &len);
	in->marked = at != -1;
	if (!in->marked && !(in->flags & BK_READER_PARSED) &&
	    in->head_len < BK_SEAL_HEAD && ends_early(in->head, in->head_len))
		return unfinished(in, e);
	if (in->marked && len == -1)
		return in->head_len < BK_SEAL_HEAD ? unfinished(in, e) :
		    bk_fail(e, BK_DATA, "%s: damaged: the label behind its "
		    "opening mark", in->name);
	if (at == 0) {
		in->envelope = in->head_off = (size_t)len;
		if ((n = raw_read(in, in->held, BK_SEAL_CLOSING, e)) == -1)
			return -1;
		if (n < BK_SEAL_CLOSING)
			return unfinished(in, e);
	}
	if ((in->flags & BK_READER_SEALED) && !in->marked)
		return bk_fail(e, BK_DATA, "%s: not sealed: no opening mark; "
		    "make it with bk-seal, or leave out --sealed",
		    in->name);
	return 0;
}

struct bk_reader *
bk_reader_open(int fd, const char *name, unsigned flags, struct bk_err *e)
{
	struct bk_reader *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	in->fd = fd;
	in->name = name;
	in->flags = flags;
	in->stop[0] = in->stop[1] = -1;
	bk_io_pipe_grow(fd);
	if (bk_io_pipe(in->stop, e) == -1 || begin(in, e) == -1) {
		bk_reader_free(in);
		return NULL;
	}
	return in;
}

void
bk_reader_parsed(struct bk_reader *in)
{
	in->flags |= BK_READER_PARSED;
}

ssize_t
bk_reader_read(struct bk_reader *in, void *buf, size_t n, struct bk_err *e)
{
	ssize_t r;

	if (in->ended || n == 0)
		return 0;
	r = in->envelope > 0 ? envelope_read(in, buf, n, e)
	    : raw_read(in, buf, n, e);
	if (r == -1)
		return -1;
	if (r == 0)
		return verdict(in, e);
	remember_tail(in, buf, (size_t)r);
	in->bytes += (uint64_t)r;
	return r;
}

void
bk_reader_stop(struct bk_reader *in)
{
	struct bk_err ignored = {0};

	(void)bk_io_write(in->stop[1], "", 1, in->name, &ignored);
}

int
bk_reader_drain(struct bk_reader *in, struct bk_err *e)
{
	uint8_t buf[16384];
	ssize_t n;

	while ((n = bk_reader_read(in, buf, sizeof(buf), e)) > 0)
		continue;
	return (int)n;
}

int
bk_reader_sealed(const struct bk_reader *in)
{
	return in->marked;
}

int
bk_reader_envelope(const struct bk_reader *in)
{
	return in->envelope > 0;
}

const struct bk_label *
bk_reader_label(const struct bk_reader *in)
{
	return &in->seal.label;
}

const uint8_t *
bk_reader_head(const struct bk_reader *in, size_t *n)
{
	*n = in->head_len - in->envelope;
	/* the last bytes may be an envelope's closing mark */
	if (in->envelope > 0)
		*n = *n > BK_SEAL_CLOSING ? *n - BK_SEAL_CLOSING : 0;
	if (*n > BK_SEAL_HEAD)
		*n = BK_SEAL_HEAD;
	return in->head + in->envelope;
}

uint64_t
bk_reader_bytes(const struct bk_reader *in)
{
	return in->bytes;
}

void
bk_reader_free(struct bk_reader *in)
{
	if (in == NULL)
		return;
	if (in->stop[0] != -1) {
		close(in->stop[0]);
		close(in->stop[1]);
	}
	free(in);
}
