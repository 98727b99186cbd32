#include "stream/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "stream/heads.h"

#define CAP (64 * 1024)
/* more than an SQL table has columns, so it is not a row of COPY text either */
#define FILLER BK_SEAL_TAIL

struct bk_writer {
	int fd;
	const char *name;
	int envelope;
	int unlabelled;		/* its label is to be found in the payload */
	int begun;		/* its opening mark is written */
	struct bk_seal seal;	/* of the envelope */
	uint64_t bytes;		/* accepted */
	size_t len;		/* of these, in buf; the rest is written */
	uint8_t buf[CAP];
};

struct bk_writer *
bk_writer_open(int fd, const char *name, struct bk_err *e)
{
	struct bk_writer *out = calloc(1, sizeof(*out));

	if (out == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	out->fd = fd;
	out->name = name;
	bk_io_pipe_grow(fd);
	return out;
}

int
bk_writer_envelope(struct bk_writer *out, const struct bk_label *label,
    struct bk_err *e)
{
	out->envelope = 1;
	out->unlabelled = label == NULL;
	return bk_seal_new(&out->seal, label, e);
}

int
bk_writer_head(int fd, const struct bk_label *label, struct bk_err *e)
{
	char mark[BK_SEAL_OPENING];
	struct bk_seal seal;

	if (bk_seal_new(&seal, label, e) == -1)
		return -1;
	return bk_io_write(fd, mark, bk_seal_open(&seal, mark),
	    "standard output", e);
}

/* The label in the payload's head: what is in buf, and the n bytes at p. */
static struct bk_label
find_label(const struct bk_writer *out, const uint8_t *p, size_t n)
{
	uint8_t head[BK_SEAL_HEAD];
	size_t have = out->len < sizeof(head) ? out->len : sizeof(head);
	struct bk_seal own;
	ptrdiff_t len;

	if (n > sizeof(head) - have)
		n = sizeof(head) - have;
	memcpy(head, out->buf, have);
	if (n > 0)
		memcpy(head + have, p, n);
	(void)bk_heads_mark(&own, head, have + n, &len);
	return own.label;
}

/* Before the first byte of the payload leaves: the opening mark. */
static int
begin(struct bk_writer *out, const uint8_t *p, size_t n, struct bk_err *e)
{
	char opening[BK_SEAL_OPENING];

	if (!out->envelope || out->begun)
		return 0;
	out->begun = 1;
	if (out->unlabelled)
		out->seal.label = find_label(out, p, n);
	return bk_io_write(out->fd, opening, bk_seal_open(&out->seal, opening),
	    out->name, e);
}

int
bk_writer_write(struct bk_writer *out, const void *buf, size_t n,
    struct bk_err *e)
{
	const uint8_t *p = buf;
	size_t go;

	if (n == 0)
		return 0;	/* buf may be NULL then */
	out->bytes += n;
	if (n <= CAP - out->len) {
		memcpy(out->buf + out->len, p, n);
		out->len += n;
		return 0;
	}
	if (begin(out, p, n, e) == -1)
		return -1;
	if (n < BK_WRITER_HELD) {
		/* make room: write all but the last BK_WRITER_HELD bytes */
		go = out->len - BK_WRITER_HELD;
		if (bk_io_write(out->fd, out->buf, go, out->name, e) == -1)
			return -1;
		memmove(out->buf, out->buf + go, BK_WRITER_HELD);
		memcpy(out->buf + BK_WRITER_HELD, p, n);
		out->len = BK_WRITER_HELD + n;
		return 0;
	}
	go = n - BK_WRITER_HELD;
	if (bk_io_write2(out->fd, out->buf, out->len, p, go, out->name,
	    e) == -1)
		return -1;
	memcpy(out->buf, p + go, BK_WRITER_HELD);
	out->len = BK_WRITER_HELD;
	return 0;
}

uint64_t
bk_writer_bytes(const struct bk_writer *out)
{
	return out->bytes;
}

int
bk_writer_patch(struct bk_writer *out, uint64_t off, const void *buf, size_t n,
    uint64_t base, struct bk_err *e)
{
	uint64_t start = out->bytes - out->len;	/* offset of buf[0] */
	size_t written = 0;

	if (off < start) {
		written = start - off < n ? (size_t)(start - off) : n;
		if (bk_io_pwrite(out->fd, buf, written, (off_t)(base + off),
		    out->name, e) == -1)
			return -1;
	}
	if (written < n)
		memcpy(out->buf + (off + written - start),
		    (const uint8_t *)buf + written, n - written);
	return 0;
}

int
bk_writer_finish(struct bk_writer *out, struct bk_err *e)
{
	char closing[BK_SEAL_CLOSING + 1];
	int fd = out->fd;
	size_t go;

	bk_seal_close(&out->seal, 0, closing);
	if (begin(out, NULL, 0, e) == -1 || (out->envelope &&
	    bk_writer_write(out, closing, BK_SEAL_CLOSING, e) == -1))
		return -1;
	/* the end by itself: a write of up to PIPE_BUF bytes is atomic */
	go = out->len > BK_WRITER_HELD ? out->len - BK_WRITER_HELD : 0;
	if (bk_io_write(fd, out->buf, go, out->name, e) == -1 ||
	    bk_io_write(fd, out->buf + go, out->len - go, out->name, e) == -1)
		return -1;
	out->len = 0;
	return bk_io_close(fd, out->name, e);
}

/*
 * What is not a statement, row, header or block of anything.  In an
 * envelope nothing in the payload counts, and its end is missing.
 */
static void
fill(const struct bk_writer *out)
{
	static const char text[] = "\nunfinished: what wrote this has failed; "
	    "nothing from here on is data;";
	struct bk_err ignored = {0};
	char filler[FILLER];

	if (out->envelope)
		return;
	memset(filler, '\t', FILLER);
	memcpy(filler, text, sizeof(text) - 1);
	filler[FILLER - 1] = '\n';
	(void)bk_io_write(out->fd, filler, FILLER, out->name, &ignored);
}

void
bk_writer_abandon(struct bk_writer *out)
{
	struct bk_err ignored = {0};
	ptrdiff_t mark = bk_seal_find_closing(out->buf, out->len);

	/* where we die between the two, the stream's own end is not there */
	if (mark != -1)
		out->len = (size_t)mark;
	if (begin(out, NULL, 0, &ignored) == 0 && bk_io_write(out->fd,
	    out->buf, out->len, out->name, &ignored) == 0 && mark != -1)
		fill(out);
	out->len = 0;
}

void
bk_writer_spoil(struct bk_writer *out)
{
	if (out->bytes > out->len)
		fill(out);
}

void
bk_writer_free(struct bk_writer *out)
{
	if (out != NULL)
		bk_wipe(out->buf, out->len);	/* plaintext, in bk-crypt -d */
	free(out);
}
