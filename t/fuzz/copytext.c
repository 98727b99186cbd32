/* COPY text, in pieces, against a model that has all of it at once. */
#include "fuzz.h"

#include "archive/copytext.h"

struct model {
	enum bk_copytext_end end;
	struct bk_content c;
	size_t taken;		/* up to the end of "\." */
};

static struct model
think(const uint8_t *p, size_t n)
{
	struct model m = { .end = BK_COPYTEXT_OPEN, .taken = n };
	const uint8_t *at = p, *nl;
	size_t len;

	for (; at < p + n; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(p + n - at));
		if (nl == NULL) {
			m.end = BK_COPYTEXT_CUT;
			return m;
		}
		len = (size_t)(nl - at);
		if (len == 2 && at[0] == '\\' && at[1] == '.') {
			m.taken = (size_t)(nl + 1 - p);
			m.end = BK_COPYTEXT_CLOSED;
			for (at = nl + 1; at < p + n; at++)
				if (*at != '\n')
					m.end = BK_COPYTEXT_MORE;
			return m;
		}
		bk_digest_item(&m.c.digest, at, len);
		m.c.rows++;
		m.c.bytes += len + 1;
	}
	return m;
}

static void
compare(struct bk_copytext *t, const struct model *m)
{
	const struct bk_content *c = bk_copytext_content(t);

	CHECK(bk_copytext_end(t) == m->end);
	CHECK(c->rows == m->c.rows && c->bytes == m->c.bytes);
	CHECK(c->digest.lo == m->c.digest.lo && c->digest.hi ==
	    m->c.digest.hi);
}

FUZZ(4 << 10, 1)
{
	struct model m = think(p, n);
	struct bk_err e = {0};
	struct bk_copytext *t = bk_copytext_new(&e);
	size_t at, step, most;

	CHECK(t != NULL);
	for (most = 1; most < 5000; most = most * 9 + 1) {
		bk_copytext_begin(t);
		for (at = 0; at < n; at += step) {
			step = 1 + fuzz_pick(most);
			if (step > n - at)
				step = n - at;
			bk_copytext_feed(t, p + at, step);
		}
		compare(t, &m);
	}
	bk_copytext_begin(t);
	CHECK(bk_copytext_take(t, p, n) == m.taken);
	bk_copytext_free(t);
}
