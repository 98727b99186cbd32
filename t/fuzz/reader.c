/*
 * The sealed reader against a model of it that has all bytes at once: whatever
 * the pieces are in which they come and in which they are asked for.
 */
#include "fuzz.h"

#include <stdio.h>

#include "stream/heads.h"
#include "stream/seal.h"

#define WORD 32			/* characters of a mark's word */

enum { NO, YES, EITHER };

struct model {
	int opens, good;	/* bk_reader_open() succeeds; the end does */
	int marked;
	size_t skip, n;		/* the payload */
	struct bk_seal seal;
};

/* A closing mark anywhere in the last bytes, with the right digits. */
static int
closes(const struct bk_seal *s, const uint8_t *p, size_t n)
{
	size_t at = n > BK_SEAL_TAIL ? n - BK_SEAL_TAIL : 0;

	for (; at + BK_SEAL_CLOSING <= n; at++)
		if (bk_seal_closes(s, p + at, BK_SEAL_CLOSING,
		    (unsigned)(n - at - BK_SEAL_CLOSING)))
			return 1;
	return 0;
}

static int
begins(const uint8_t *p, size_t n, const char *with, size_t len)
{
	return n >= len && memcmp(p, with, len) == 0;
}

/*
 * A stream without a mark: did it end before its mark?  Where an envelope and
 * bk-crypt have it there is no doubt; the other formats say at many places that
 * there is to be more.
 */
static int
is_cut(const uint8_t *p, size_t n)
{
	static const char crypt[] = "bk-crypt/v1 ";
	const size_t len = sizeof(crypt) - 1;
	const struct bk_seal s = { .sum = "" };
	char mark[BK_SEAL_OPENING];

	if (n >= BK_SEAL_HEAD)
		return NO;
	(void)bk_seal_open(&s, mark);
	if (n >= 8 && n < WORD && memcmp(p, mark, n) == 0)
		return YES;
	if (begins(p, n, crypt, len))
		return n - len < WORD &&
		    memcmp(p + len, mark, n - len) == 0;
	return begins(p, n, "PGDMP", 5) || begins(p, n, "\x1f\x8b\x08", 3) ||
	    (n > 3 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0) ||
	    (n >= 262 && memcmp(p + 257, "ustar", 5) == 0) ? EITHER : NO;
}

static struct model
think(const uint8_t *p, size_t n, unsigned flags)
{
	struct model m = { .n = n };
	ptrdiff_t len, at = bk_heads_mark(&m.seal, p, n, &len);
	int cut;

	m.marked = at != -1;
	if (m.marked && len == -1)
		return m;
	m.good = 1;
	if (at == 0) {
		if (n < (size_t)len + BK_SEAL_CLOSING)
			return m;
		m.skip = (size_t)len;
		m.n = n - m.skip - BK_SEAL_CLOSING;
		m.good = bk_seal_closes(&m.seal, p + n - BK_SEAL_CLOSING,
		    BK_SEAL_CLOSING, 0);
	} else if (m.marked && !(flags & BK_READER_PARSED)) {
		m.good = closes(&m.seal, p, n);
	}
	if (m.n == 0 && (flags & BK_READER_NONEMPTY))
		m.good = 0;
	m.opens = m.marked || !(flags & BK_READER_SEALED);
	if (m.opens && !m.marked && !(flags & BK_READER_PARSED) &&
	    (cut = is_cut(p, n)) != NO)
		m.opens = cut == YES ? NO : EITHER;
	return m;
}

static void
compare(struct bk_reader *in, const struct model *m, const uint8_t *p)
{
	static uint8_t buf[20000];
	struct bk_err e = {0};
	const uint8_t *head;
	size_t got = 0, want;
	ssize_t r;

	CHECK(bk_reader_sealed(in) == m->marked);
	CHECK(bk_reader_envelope(in) == (m->skip > 0));
	CHECK(memcmp(bk_reader_label(in), &m->seal.label,
	    sizeof(m->seal.label)) == 0);
	head = bk_reader_head(in, &want);
	CHECK(want == (m->n < BK_SEAL_HEAD ? m->n : BK_SEAL_HEAD));
	CHECK(memcmp(head, p + m->skip, want) == 0);
	do {
		want = 1 + fuzz_pick(fuzz_pick(2) == 0 ? 100 : sizeof(buf));
		r = bk_reader_read(in, buf, want, &e);
		CHECK(r <= (ssize_t)want);
		if (r > 0) {
			/* fewer only before the end */
			CHECK(r == (ssize_t)want || got + (size_t)r == m->n);
			CHECK(got + (size_t)r <= m->n);
			CHECK(memcmp(buf, p + m->skip + got, (size_t)r) == 0);
			got += (size_t)r;
		}
	} while (r > 0);
	CHECK(got == m->n && bk_reader_bytes(in) == got);
	CHECK((r == 0) == m->good);
	fuzz_agree((int)r, &e);
}

FUZZ(32 << 10, 0)
{
	static const unsigned sets[] = { 0, BK_READER_SEALED,
	    BK_READER_NONEMPTY, BK_READER_PARSED,
	    BK_READER_PARSED | BK_READER_NONEMPTY };
	struct bk_reader *in;
	struct model m;
	struct bk_err e;
	size_t i, k;

	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (k = 0; k < 2; k++) {
			e = (struct bk_err){0};
			m = think(p, n, sets[i]);
			fuzz_short_reads((int)k);
			in = bk_reader_open(fuzz_file(0, p, n), "fuzz",
			    sets[i], &e);
			CHECK(m.opens == EITHER || (in != NULL) == m.opens);
			fuzz_agree(in == NULL ? -1 : 0, &e);
			if (in != NULL)
				compare(in, &m, p);
			bk_reader_free(in);
		}
}
