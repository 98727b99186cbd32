#include "s3/part_reader.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/thread.h"

#define CHUNK (256 * 1024)	/* one read, hashed while in the cache */

struct bk_s3_part_reader {
	struct bk_reader *in;
	const struct bk_s3_parts *plan;
	void (*wake)(void *);
	void *ctx;
	pthread_t thread;
	struct bk_handover h;
	struct bk_s3_part *parts;	/* array of all parts */
	unsigned n_parts;
	unsigned in_use;		/* of them: the rest were let go */
	uint64_t memory;		/* bytes for all of them */
	EVP_MD_CTX *md;		/* the thread's */
	atomic_int md5;		/* wanted too */
};

int
bk_s3_part_md5(struct bk_s3_part *p)
{
	if (!p->has_md5)
		p->has_md5 = EVP_Digest(p->data, p->len, p->md5, NULL,
		    EVP_md5(), NULL);
	return p->has_md5;
}

unsigned
bk_s3_part_patience(size_t len)
{
	return 60 + (unsigned)(len >> 22);	/* 1 s for each 4 MiB */
}

static int
make_room(struct bk_s3_part *p, uint64_t size, struct bk_err *e)
{
	if (p->cap >= size)
		return 0;
	free(p->data);
	p->cap = 0;
	if ((p->data = malloc(size)) == NULL)
		return bk_fail(e, BK_FAIL, "out of memory for a part of %ju "
		    "MiB; give a smaller --memory", (uintmax_t)size >> 20);
	p->cap = size;
	return 0;
}

/* Fill p.  1: there may be more; 0: the stream is complete; -1: *e set. */
static int
fill(struct bk_s3_part_reader *r, struct bk_s3_part *p, struct bk_err *e)
{
	uint64_t size = bk_s3_part_size(r->plan, p->number);
	ssize_t n = 1;
	size_t want;

	p->len = 0;
	if (make_room(p, size, e) == -1)
		return -1;
	if (!EVP_DigestInit_ex(r->md, EVP_sha256(), NULL))
		return bk_fail_memory(e);
	while (p->len < size) {
		want = size - p->len < CHUNK ? size - p->len : CHUNK;
		n = bk_reader_read(r->in, p->data + p->len, want, e);
		if (n <= 0)
			break;
		if (!EVP_DigestUpdate(r->md, p->data + p->len, (size_t)n))
			return bk_fail_memory(e);
		p->len += (size_t)n;
	}
	if (!EVP_DigestFinal_ex(r->md, p->sha256, NULL))
		return bk_fail_memory(e);
	p->has_md5 = 0;
	if (r->md5)
		(void)bk_s3_part_md5(p);
	p->last = n == 0;
	return n > 0 ? 1 : (int)n;
}

/*
 * The next empty buffer; one more than the memory allows of that size is let
 * go.  NULL: the run is to stop.
 */
static struct bk_s3_part *
get_empty(struct bk_s3_part_reader *r, unsigned number)
{
	uint64_t size = bk_s3_part_size(r->plan, number);
	struct bk_s3_part *p;

	while ((p = bk_handover_get(&r->h, BK_WAIT)) != NULL) {
		if (r->in_use == 1 || r->in_use * size <= r->memory)
			return p;
		free(p->data);
		p->data = NULL;
		p->cap = 0;
		r->in_use--;
	}
	return NULL;
}

static void *
run(void *arg)
{
	struct bk_s3_part_reader *r = arg;
	struct bk_s3_part *p;
	struct bk_err e = {0};
	unsigned number = 0;
	int more = 1;

	while (more == 1 && (p = get_empty(r, number + 1)) != NULL) {
		p->number = ++number;
		more = fill(r, p, &e);
		if (number > r->plan->max && p->len > 0)
			more = bk_fail(&e, BK_FAIL, "the input is too large "
			    "for %u parts of %ju MiB at first; give its "
			    "--expected-size", r->plan->max,
			    (uintmax_t)r->plan->size >> 20);
		/* an empty stream is unfinished, so part 1 is not empty */
		if (more != -1 && p->len > 0)
			bk_handover_put(&r->h, p);
		if (more == 0)
			bk_handover_end(&r->h);
		if (more == -1)
			bk_handover_stop(&r->h, &e);
		r->wake(r->ctx);
	}
	return NULL;
}

/* Free it; the thread has ended or was never started. */
static void
discard(struct bk_s3_part_reader *r)
{
	unsigned i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n_parts; i++)
		free(r->parts[i].data);
	free(r->parts);
	EVP_MD_CTX_free(r->md);
	free(r);
}

struct bk_s3_part_reader *
bk_s3_part_reader_start(struct bk_reader *in, const struct bk_s3_parts *plan,
    unsigned buffers, uint64_t memory, void (*wake)(void *), void *ctx,
    struct bk_err *e)
{
	struct bk_s3_part_reader *r = calloc(1, sizeof(*r));
	unsigned i;

	if (r == NULL || (r->md = EVP_MD_CTX_new()) == NULL ||
	    (r->parts = calloc(buffers, sizeof(*r->parts))) == NULL) {
		bk_fail_memory(e);
		discard(r);
		return NULL;
	}
	r->in = in;
	r->plan = plan;
	r->wake = wake;
	r->ctx = ctx;
	r->n_parts = r->in_use = buffers;
	r->memory = memory;
	bk_handover_init(&r->h);
	for (i = 0; i < buffers; i++)
		bk_handover_recycle(&r->h, &r->parts[i]);
	if (bk_thread_start(&r->thread, run, r, e) == -1) {
		bk_handover_destroy(&r->h);
		discard(r);
		return NULL;
	}
	return r;
}

struct bk_s3_part *
bk_s3_part_reader_take(struct bk_s3_part_reader *r)
{
	return bk_handover_take(&r->h, BK_NOW);
}

void
bk_s3_part_reader_md5(struct bk_s3_part_reader *r)
{
	r->md5 = 1;
}

void
bk_s3_part_reader_give_back(struct bk_s3_part_reader *r, struct bk_s3_part *p)
{
	bk_handover_recycle(&r->h, p);
}

int
bk_s3_part_reader_over(struct bk_s3_part_reader *r, struct bk_err *e)
{
	return bk_handover_over(&r->h, e);
}

void
bk_s3_part_reader_free(struct bk_s3_part_reader *r)
{
	if (r == NULL)
		return;
	bk_handover_stop(&r->h, NULL);
	bk_reader_stop(r->in);
	pthread_join(r->thread, NULL);
	bk_handover_destroy(&r->h);
	discard(r);
}
