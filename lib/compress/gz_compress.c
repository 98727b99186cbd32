#include <libdeflate.h>
#include <stdlib.h>

#include "compress/deflate.h"
#include "compress/gz.h"
#include "compress/gz_header.h"
#include "compress/le.h"
#include "stream/pipeline.h"

struct job {
	struct bk_reader *in;
	struct bk_writer *out;
	struct bk_deflate **worker;
	char opening[BK_SEAL_OPENING];
	struct bk_gz_total total;
};

/* Read a member's content.  Empty input makes one member, too. */
static int
fill(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct job *job = ctx;
	ssize_t n = bk_reader_read(job->in, b->in, BK_GZ_MEMBER, e);

	if (n == -1)
		return -1;
	b->in_len = (size_t)n;
	return n > 0 || b->seq == 0;
}

static int
work(void *ctx, unsigned worker, struct bk_block *b, struct bk_err *e)
{
	struct job *job = ctx;
	uint32_t content = (uint32_t)b->in_len;
	uint8_t *p = b->out;

	(void)e;
	p += bk_gz_header_put(p, b->seq == 0 ? job->opening : NULL);
	p += bk_deflate_run(job->worker[worker], b->in, b->in_len, p);
	bk_le_put32(p, libdeflate_crc32(0, b->in, b->in_len));
	bk_le_put32(p + 4, content);
	b->out_len = (size_t)(p + BK_GZ_TRAILER - b->out);
	bk_gz_header_sizes(b->out, (uint32_t)b->out_len, content);
	return 0;
}

static int
drain(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct job *job = ctx;
	const uint8_t *trailer = (uint8_t *)b->out + b->out_len - BK_GZ_TRAILER;

	bk_gz_total_add(&job->total, bk_le_get32(trailer), b->in_len);
	return bk_writer_write(job->out, b->out, b->out_len, e);
}

int
bk_gz_compress(struct bk_reader *in, struct bk_writer *out, int level,
    unsigned threads, struct bk_err *e)
{
	struct job job = { .in = in, .out = out };
	struct bk_pipeline pipeline = {
		.workers = threads,
		.in_cap = BK_GZ_MEMBER,
		.out_cap = BK_GZ_HEADER_MAX + bk_deflate_bound(BK_GZ_MEMBER) +
		    BK_GZ_TRAILER,
		.in = in,
		.fill = fill,
		.work = work,
		.drain = drain,
		.ctx = &job,
	};
	uint8_t last[BK_GZ_HEADER_MAX];
	struct bk_seal seal;
	unsigned i;
	int rc = -1;

	if ((job.worker = calloc(threads, sizeof(*job.worker))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < threads; i++)
		if ((job.worker[i] = bk_deflate_new(level, e)) == NULL)
			goto done;
	if (bk_seal_new(&seal, bk_reader_label(in), e) == -1)
		goto done;
	(void)bk_seal_open(&seal, job.opening);
	if (bk_pipeline_run(&pipeline, e) == 0)
		rc = bk_writer_write(out, last, bk_gz_header_closing(last,
		    &seal, &job.total), e);
 done:
	for (i = 0; i < threads; i++)
		bk_deflate_free(job.worker[i]);
	free(job.worker);
	return rc;
}
