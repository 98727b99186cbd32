#include "compress/input.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/seal.h"

struct bk_input {
	struct bk_reader *in;
	const char *name, *what;
	uint64_t frame;		/* offset of the frame that is being read */
	uint64_t base;		/* offset of buf[0] */
	int ended;
	int open;		/* an opening mark awaits its closing one */
	size_t off, len;	/* buf[off..len) is not consumed */
	uint8_t buf[BK_INPUT_CAP];
};

struct bk_input *
bk_input_new(struct bk_reader *in, const char *name, const char *what,
    struct bk_err *e)
{
	struct bk_input *f = malloc(sizeof(*f));

	if (f == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	memset(f, 0, offsetof(struct bk_input, buf));
	f->in = in;
	f->name = name;
	f->what = what;
	return f;
}

void
bk_input_free(struct bk_input *f)
{
	free(f);
}

/* Read on until at least want bytes are at hand, at most up to the cap. */
static int
more(struct bk_input *f, size_t want, size_t upto, struct bk_err *e)
{
	ssize_t n;

	if (f->len - f->off >= want || f->ended)
		return 0;
	memmove(f->buf, f->buf + f->off, f->len - f->off);
	f->base += f->off;
	f->len -= f->off;
	f->off = 0;
	/* short only before the end, which the next read then tells */
	while (f->len < want && !f->ended) {
		n = bk_reader_read(f->in, f->buf + f->len, upto - f->len, e);
		if (n == -1)
			return -1;
		f->ended = n == 0;
		f->len += (size_t)n;
	}
	return 0;
}

ssize_t
bk_input_peek(struct bk_input *f, size_t n, const uint8_t **p, struct bk_err *e)
{
	if (more(f, n, n, e) == -1)
		return -1;
	*p = f->buf + f->off;
	return (ssize_t)(f->len - f->off);
}

ssize_t
bk_input_fill(struct bk_input *f, const uint8_t **p, struct bk_err *e)
{
	if (more(f, 1, BK_INPUT_CAP, e) == -1)
		return -1;
	*p = f->buf + f->off;
	return (ssize_t)(f->len - f->off);
}

void
bk_input_skip(struct bk_input *f, size_t n)
{
	f->off += n;
}

int
bk_input_take(struct bk_input *f, void *buf, size_t n, struct bk_err *e)
{
	size_t have = f->len - f->off;
	ssize_t r;

	if (have > n)
		have = n;
	memcpy(buf, f->buf + f->off, have);
	f->off += have;
	/* the rest goes past our buffer: no copy */
	while (have < n && !f->ended) {
		r = bk_reader_read(f->in, (uint8_t *)buf + have, n - have, e);
		if (r == -1)
			return -1;
		f->ended = r == 0;
		have += (size_t)r;
		f->base += (size_t)r;
	}
	return have == n ? 0 : bk_input_cut(f, e);
}

static int
garbage(const struct bk_input *f, uint64_t offset, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: offset %" PRIu64 ": trailing garbage",
	    f->name, offset);
}

/* From here on there may only be zero bytes, as tape drives leave them. */
static int
padding(struct bk_input *f, struct bk_err *e)
{
	const uint8_t *p;
	ssize_t n;

	while ((n = bk_input_fill(f, &p, e)) > 0) {
		for (; n > 0 && *p == 0; n--, p++)
			f->off++;
		if (n > 0)
			return garbage(f, f->base + f->off, e);
	}
	return (int)n;
}

int
bk_input_frame(struct bk_input *f, struct bk_err *e)
{
	const uint8_t *p;
	ssize_t n = bk_input_peek(f, 1, &p, e);

	if (n == -1)
		return -1;
	f->frame = f->base + f->off;
	if (n > 0 && (*p != 0 || f->frame == 0))
		return 1;
	if (padding(f, e) == -1)
		return -1;
	if (f->open)
		return bk_fail(e, BK_DATA, "%s: unfinished: no closing mark; "
		    "see the messages of the command before it", f->name);
	return 0;
}

uint64_t
bk_input_offset(const struct bk_input *f)
{
	return f->frame;
}

int
bk_input_mark(struct bk_input *f, const void *p, size_t n, struct bk_err *e)
{
	if (bk_seal_find_opening(p, n, NULL) != -1) {
		if (f->open)
			return bk_input_bad(f, f->frame, "another stream "
			    "begins, but the previous one is unfinished", e);
		f->open = 1;
	}
	if (bk_seal_find_closing(p, n) != -1) {
		if (!f->open)
			return bk_input_bad(f, f->frame, "a stream ends, but "
			    "its beginning is missing", e);
		f->open = 0;
	}
	return 0;
}

int
bk_input_bad(const struct bk_input *f, uint64_t offset, const char *how,
    struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: %s at offset %" PRIu64 ": %s",
	    f->name, f->what, offset, how);
}

int
bk_input_alien(const struct bk_input *f, struct bk_err *e)
{
	if (f->frame > 0)
		return garbage(f, f->frame, e);
	return bk_fail(e, BK_DATA, "%s: does not begin with a %s", f->name,
	    f->what);
}

int
bk_input_cut(const struct bk_input *f, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: unfinished: it ended within the %s at "
	    "offset %" PRIu64 "; look at what the command before this one said",
	    f->name, f->what, f->frame);
}
