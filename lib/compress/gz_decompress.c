#include <libdeflate.h>
#include <stdlib.h>

#include "compress/gz.h"
#include "compress/gz_header.h"
#include "compress/inflate.h"
#include "compress/input.h"
#include "compress/le.h"
#include "stream/pipeline.h"

/*
 * The filler reads the headers.  A member with its size in the header, within
 * the bounds below, is inflated by a worker.  Any other is inflated by the
 * filler, and the worker has nothing to do.
 */
#define BODY_CAP (BK_GZ_MEMBER + 64 * 1024)	/* also if incompressible */
#define OUT_CAP BK_GZ_MEMBER

enum tag { SIZED, INFLATED };

/* A SIZED block's in: a member without its header. */
struct member {
	uint64_t offset;	/* of the header, for messages */
	uint8_t body[];		/* deflate stream and trailer */
};

struct job {
	struct bk_input *input;
	struct bk_writer *out;
	struct bk_inflate *inflate;
	int inflating;		/* within a member of unknown size */
	int sealed;		/* between two marks; total is since then */
	struct bk_gz_total total;
	struct libdeflate_decompressor **worker;
};

static int
usable_size(const struct bk_gz_header *h)
{
	return h->member >= h->len + BK_GZ_TRAILER &&
	    h->member - h->len <= BODY_CAP && h->content <= OUT_CAP;
}

static int
fill_sized(struct job *job, const struct bk_gz_header *h, struct bk_block *b,
    struct bk_err *e)
{
	struct member *m = (struct member *)(void *)b->in;
	const uint8_t *trailer;

	b->tag = SIZED;
	m->offset = bk_input_offset(job->input);
	b->in_len = h->member - h->len;
	if (bk_input_take(job->input, m->body, b->in_len, e) == -1)
		return -1;
	trailer = m->body + b->in_len - BK_GZ_TRAILER;	/* work() checks it */
	bk_gz_total_add(&job->total, bk_le_get32(trailer),
	    bk_le_get32(trailer + 4));
	return 1;
}

/*
 * Inflate until b->out is full or the member ends.  out_len is set only then:
 * nothing of a piece with a failure is written.
 */
static int
fill_inflated(struct job *job, struct bk_block *b, struct bk_err *e)
{
	struct bk_input *in = job->input;
	uint8_t *out = b->out;
	const uint8_t *p, *q;
	size_t room = OUT_CAP, len;
	enum bk_inflated state;
	ssize_t n = bk_input_peek(in, 0, &p, e);

	b->tag = INFLATED;
	for (;;) {
		/* without input at first: output may be pending */
		q = p;
		len = (size_t)n;
		state = bk_inflate_run(job->inflate, &q, &len, &out, &room);
		bk_input_skip(in, (size_t)(q - p));
		if (state != BK_INFLATE_MORE || room == 0)
			break;
		if ((n = bk_input_fill(in, &p, e)) == -1)
			return -1;
		if (n == 0)
			return bk_input_cut(in, e);
	}
	if (state == BK_INFLATE_BAD)
		return bk_input_bad(in, bk_input_offset(in), "damaged", e);
	if (state == BK_INFLATE_SUM)
		return bk_input_bad(in, bk_input_offset(in), "wrong checksum",
		    e);
	job->inflating = state == BK_INFLATE_MORE;
	b->out_len = OUT_CAP - room;
	if (job->sealed)
		bk_gz_total_add(&job->total, libdeflate_crc32(0, b->out,
		    b->out_len), b->out_len);
	return 1;
}

/*
 * Each member has a checksum of its own; that none is missing, doubled or moved
 * is seen by the total.
 */
static int
check_total(struct job *job, const struct bk_gz_header *h, struct bk_err *e)
{
	if (h->mark == BK_INPUT_CLOSES && (!h->has_total ||
	    h->total.bytes != job->total.bytes ||
	    h->total.crc != job->total.crc))
		return bk_input_bad(job->input, bk_input_offset(job->input),
		    "wrong checksum of all: a member is missing, doubled or "
		    "moved", e);
	if (h->mark != BK_INPUT_OTHER) {
		job->sealed = h->mark == BK_INPUT_OPENS;
		job->total = (struct bk_gz_total){0};
	}
	return 0;
}

static int
fill(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct job *job = ctx;
	struct bk_gz_header h;
	int rc;

	if (!job->inflating) {
		if ((rc = bk_gz_header_read(job->input, &h, e)) != 1)
			return rc;
		if (check_total(job, &h, e) == -1)
			return -1;
		if (usable_size(&h))
			return fill_sized(job, &h, b, e);
		bk_inflate_start(job->inflate);
	}
	return fill_inflated(job, b, e);
}

static int
work(void *ctx, unsigned worker, struct bk_block *b, struct bk_err *e)
{
	struct job *job = ctx;
	const struct member *m = (const struct member *)(const void *)b->in;
	size_t body, used, content;
	const uint8_t *trailer;

	if (b->tag == INFLATED)
		return 0;
	body = b->in_len - BK_GZ_TRAILER;
	trailer = m->body + body;
	content = bk_le_get32(trailer + 4);
	if (content > OUT_CAP)
		return bk_input_bad(job->input, m->offset, "longer than its "
		    "header states", e);
	if (libdeflate_deflate_decompress_ex(job->worker[worker], m->body,
	    body, b->out, content, &used, NULL) != LIBDEFLATE_SUCCESS ||
	    used != body)
		return bk_input_bad(job->input, m->offset, "damaged", e);
	if (libdeflate_crc32(0, b->out, content) != bk_le_get32(trailer))
		return bk_input_bad(job->input, m->offset, "wrong checksum", e);
	b->out_len = content;
	return 0;
}

static int
drain(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct job *job = ctx;

	return bk_writer_write(job->out, b->out, b->out_len, e);
}

/* Allocate what job needs; the caller frees it, also on failure. */
static int
prepare(struct job *job, struct bk_reader *in, const char *name,
    unsigned threads, struct bk_err *e)
{
	unsigned i;

	job->input = bk_input_new(in, name, "gzip member", e);
	job->inflate = bk_inflate_new(e);
	job->worker = calloc(threads, sizeof(*job->worker));
	if (job->input == NULL || job->inflate == NULL || job->worker == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < threads; i++)
		if ((job->worker[i] = libdeflate_alloc_decompressor()) == NULL)
			return bk_fail_memory(e);
	return 0;
}

int
bk_gz_decompress(struct bk_reader *in, const char *name, struct bk_writer *out,
    unsigned threads, struct bk_err *e)
{
	struct job job = { .out = out };
	struct bk_pipeline pipeline = {
		.workers = threads,
		.in_cap = sizeof(struct member) + BODY_CAP,
		.out_cap = OUT_CAP,
		.in = in,
		.fill = fill,
		.work = work,
		.drain = drain,
		.ctx = &job,
	};
	unsigned i;
	int rc = -1;

	if (prepare(&job, in, name, threads, e) == 0)
		rc = bk_pipeline_run(&pipeline, e);
	for (i = 0; job.worker != NULL && i < threads; i++)
		libdeflate_free_decompressor(job.worker[i]);
	free(job.worker);
	bk_inflate_free(job.inflate);
	bk_input_free(job.input);
	return rc;
}
