#include "verify/stream_split.h"

#include <unistd.h>

#include "base/io.h"
#include "base/thread.h"

#define SCRATCH (16 * 1024)

static ssize_t
read_pipe(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	const struct bk_split *b = ctx;

	return bk_io_read(b->from, buf, n, "pipe", e);
}

static void *
check_stream(void *arg)
{
	struct bk_split *b = arg;
	char scratch[SCRATCH];
	struct bk_err ignored = {0};

	b->rc = b->check(b->ctx, (struct bk_source){ read_pipe, b }, &b->e);
	/* a failed check must not block the first reader */
	while (read_pipe(b, scratch, sizeof(scratch), &ignored) > 0)
		continue;
	return NULL;
}

static void
close_pipe(struct bk_split *b)
{
	if (b->to != -1)
		close(b->to);
	b->to = -1;
}

int
bk_split_start(struct bk_split *b, struct bk_err *e)
{
	int p[2];

	b->to = b->from = -1;
	b->runs = b->rc = 0;
	b->e = (struct bk_err){0};
	if (bk_io_pipe(p, e) == -1)
		return -1;
	bk_io_pipe_grow(p[1]);
	b->from = p[0];
	b->to = p[1];
	if (bk_thread_start(&b->thread, check_stream, b, e) == -1)
		return -1;
	b->runs = 1;
	return 0;
}

ssize_t
bk_split_read(void *ctx, void *buf, size_t n, struct bk_err *e)
{
	struct bk_split *b = ctx;
	ssize_t r = b->src.read(b->src.ctx, buf, n, e);

	if (r == 0)
		close_pipe(b);
	if (r > 0 && b->to != -1 &&
	    bk_io_write(b->to, buf, (size_t)r, "pipe", e) == -1)
		return -1;
	return r;
}

static void
join(struct bk_split *b)
{
	close_pipe(b);
	if (b->runs)
		(void)pthread_join(b->thread, NULL);
	b->runs = 0;
}

int
bk_split_finish(struct bk_split *b, int reading, int rc, struct bk_err *e)
{
	char scratch[SCRATCH];
	struct bk_err ignored = {0};

	while (rc == -1 && reading &&
	    bk_split_read(b, scratch, sizeof(scratch), &ignored) > 0)
		continue;
	join(b);
	if (b->rc == -1 && (rc == 0 || (reading && b->e.code == BK_DATA))) {
		*e = b->e;
		return -1;
	}
	return rc;
}

void
bk_split_free(struct bk_split *b)
{
	join(b);
	if (b->from != -1)
		close(b->from);
	b->from = -1;
}
