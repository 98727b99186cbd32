#include "compress/input.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct bk_input {
	struct bk_reader *reader;
	const char *name, *unit;
	uint64_t frame;		/* offset of the current frame */
	uint64_t base;		/* offset of buf[0] */
	int ended;
	int open;		/* an opening mark without its closing one */
	struct bk_seal seal;	/* the mark's */
	size_t off, len;	/* buf[off..len) is not consumed yet */
	uint8_t buf[BK_INPUT_CAP];
};

struct bk_input *
bk_input_new(struct bk_reader *reader, const char *name, const char *unit,
    struct bk_err *e)
{
	struct bk_input *in = malloc(sizeof(*in));

	if (in == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	memset(in, 0, offsetof(struct bk_input, buf));
	in->reader = reader;
	in->name = name;
	in->unit = unit;
	return in;
}

void
bk_input_free(struct bk_input *in)
{
	free(in);
}

/* Buffer at least want bytes and at most upto, or what is left. */
static int
buffer_more(struct bk_input *in, size_t want, size_t upto, struct bk_err *e)
{
	ssize_t n;

	if (in->len - in->off >= want || in->ended)
		return 0;
	memmove(in->buf, in->buf + in->off, in->len - in->off);
	in->base += in->off;
	in->len -= in->off;
	in->off = 0;
	/* a short read means that the next one returns 0 */
	while (in->len < want && !in->ended) {
		n = bk_reader_read(in->reader, in->buf + in->len,
		    upto - in->len, e);
		if (n == -1)
			return -1;
		in->ended = n == 0;
		in->len += (size_t)n;
	}
	return 0;
}

ssize_t
bk_input_peek(struct bk_input *in, size_t n, const uint8_t **p,
    struct bk_err *e)
{
	if (buffer_more(in, n, n, e) == -1)
		return -1;
	*p = in->buf + in->off;
	return (ssize_t)(in->len - in->off);
}

ssize_t
bk_input_fill(struct bk_input *in, const uint8_t **p, struct bk_err *e)
{
	if (buffer_more(in, 1, BK_INPUT_CAP, e) == -1)
		return -1;
	*p = in->buf + in->off;
	return (ssize_t)(in->len - in->off);
}

void
bk_input_skip(struct bk_input *in, size_t n)
{
	in->off += n;
}

int
bk_input_take(struct bk_input *in, void *buf, size_t n, struct bk_err *e)
{
	size_t have = in->len - in->off;
	ssize_t r;

	if (have > n)
		have = n;
	memcpy(buf, in->buf + in->off, have);
	in->off += have;
	/* read the rest directly, without a copy */
	while (have < n && !in->ended) {
		r = bk_reader_read(in->reader, (uint8_t *)buf + have, n - have,
		    e);
		if (r == -1)
			return -1;
		in->ended = r == 0;
		have += (size_t)r;
		in->base += (size_t)r;
	}
	return have == n ? 0 : bk_input_cut(in, e);
}

static int
garbage(const struct bk_input *in, uint64_t offset, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: offset %" PRIu64 ": trailing garbage",
	    in->name, offset);
}

/* The rest may only be zero bytes, as tape drives pad with. */
static int
skip_padding(struct bk_input *in, struct bk_err *e)
{
	const uint8_t *p;
	ssize_t n;

	while ((n = bk_input_fill(in, &p, e)) > 0) {
		for (; n > 0 && *p == 0; n--, p++)
			in->off++;
		if (n > 0)
			return garbage(in, in->base + in->off, e);
	}
	return (int)n;
}

int
bk_input_frame(struct bk_input *in, struct bk_err *e)
{
	const uint8_t *p;
	ssize_t n = bk_input_peek(in, 1, &p, e);

	if (n == -1)
		return -1;
	in->frame = in->base + in->off;
	if (n > 0 && (*p != 0 || in->frame == 0))
		return 1;
	if (skip_padding(in, e) == -1)
		return -1;
	if (in->open)
		return bk_fail(e, BK_DATA, "%s: unfinished: no closing mark; "
		    "see the messages of the command before it", in->name);
	return 0;
}

uint64_t
bk_input_offset(const struct bk_input *in)
{
	return in->frame;
}

int
bk_input_mark(struct bk_input *in, const void *p, size_t n, unsigned after,
    struct bk_err *e)
{
	struct bk_seal seal;

	if (bk_seal_read(&seal, p, n) != 0) {
		if (in->open)
			return bk_input_bad(in, in->frame, "another stream "
			    "begins, but the previous one is unfinished", e);
		in->seal = seal;
		in->open = 1;
		return BK_INPUT_OPENS;
	}
	if (in->open && bk_seal_closes(&in->seal, p, n, after)) {
		in->open = 0;
		return BK_INPUT_CLOSES;
	}
	if (bk_seal_find_closing(p, n) != -1)
		return bk_input_bad(in, in->frame, "a stream ends, but its "
		    "beginning is missing", e);
	return BK_INPUT_OTHER;
}

int
bk_input_bad(const struct bk_input *in, uint64_t offset, const char *cause,
    struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: %s at offset %" PRIu64 ": %s",
	    in->name, in->unit, offset, cause);
}

int
bk_input_no_frame(const struct bk_input *in, struct bk_err *e)
{
	if (in->frame > 0)
		return garbage(in, in->frame, e);
	return bk_fail(e, BK_DATA, "%s: does not begin with a %s", in->name,
	    in->unit);
}

int
bk_input_cut(const struct bk_input *in, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, "%s: unfinished: it ended within the %s at "
	    "offset %" PRIu64 "; see the messages of the command before it",
	    in->name, in->unit, in->frame);
}
