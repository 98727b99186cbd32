#include "stream/reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "stream/heads.h"
#include "stream/seal.h"

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
	at = bk_heads_mark(&in->seal, in->head, in->head_len, &len);
	in->marked = at != -1;
	if (!in->marked && !(in->flags & BK_READER_PARSED) &&
	    in->head_len < BK_SEAL_HEAD && bk_heads_cut(in->head, in->head_len))
		return unfinished(in, e);
	if (in->marked && len == -1)
		return in->head_len < BK_SEAL_HEAD ? unfinished(in, e) :
		    bk_fail(e, BK_DATA, "%s: damaged: the label after its "
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
