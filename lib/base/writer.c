#include "base/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/seal.h"

#define CAP (64 * 1024)

struct bk_writer {
	int fd;
	const char *name;
	int envelope;
	uint64_t bytes;		/* accepted */
	size_t len;		/* of these, in buf; the rest is written */
	uint8_t buf[CAP];
};

struct bk_writer *
bk_writer_open(int fd, const char *name, unsigned flags, struct bk_err *e)
{
	struct bk_writer *out = calloc(1, sizeof(*out));

	if (out == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	out->fd = fd;
	out->name = name;
	bk_io_pipe_grow(fd);
	if (flags & BK_WRITER_ENVELOPE) {
		if (bk_writer_write(out, bk_seal_opening(), BK_SEAL_LEN,
		    e) == -1) {
			bk_writer_free(out);
			return NULL;
		}
		out->bytes = 0;
		out->envelope = 1;
	}
	return out;
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
	int fd = out->fd;
	size_t go;

	if (out->envelope &&
	    bk_writer_write(out, bk_seal_closing(), BK_SEAL_LEN, e) == -1)
		return -1;
	/* the end by itself: a write of up to PIPE_BUF bytes is atomic */
	go = out->len > BK_WRITER_HELD ? out->len - BK_WRITER_HELD : 0;
	if (bk_io_write(fd, out->buf, go, out->name, e) == -1 ||
	    bk_io_write(fd, out->buf + go, out->len - go, out->name, e) == -1)
		return -1;
	out->len = 0;
	return bk_io_close(fd, out->name, e);
}

void
bk_writer_abandon(struct bk_writer *out)
{
	struct bk_err ignored = {0};
	ptrdiff_t mark;

	/* nested envelopes: there may be several marks */
	while ((mark = bk_seal_find_closing(out->buf, out->len)) != -1)
		out->len = (size_t)mark;
	(void)bk_io_write(out->fd, out->buf, out->len, out->name, &ignored);
	out->len = 0;
}

void
bk_writer_free(struct bk_writer *out)
{
	if (out != NULL)
		bk_wipe(out->buf, out->len);	/* plaintext, in bk-crypt -d */
	free(out);
}
