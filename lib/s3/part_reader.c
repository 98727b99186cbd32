#include "s3/part_reader.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "base/thread.h"

#define CHUNK (256 * 1024)	/* read and hash so much while it is in cache */

struct bk_s3_part_reader {
	struct bk_reader *in;
	const struct bk_s3_parts *plan;
	void (*wake)(void *);
	void *ctx;
	pthread_t thread;
	struct bk_handover h;
	struct bk_s3_part *parts;	/* all: an array */
	unsigned n_parts;
	EVP_MD_CTX *md;		/* the thread's */
};

static int
make_room(struct bk_s3_part *p, uint64_t size, struct bk_err *e)
{
	if (p->cap >= size)
		return 0;
	free(p->data);
	p->cap = 0;
	if ((p->data = malloc(size)) == NULL)
		return bk_fail(e, BK_FAIL, "out of memory for a part of %ju "
		    "MiB; use fewer in parallel (-j)", (uintmax_t)size >> 20);
	p->cap = size;
	return 0;
}

/* Fill p.  1: there may be more, 0: the stream ended well, -1: *e is set. */
static int
fill(struct bk_s3_part_reader *f, struct bk_s3_part *p, struct bk_err *e)
{
	uint64_t size = bk_s3_part_size(f->plan, p->number);
	ssize_t n = 1;
	size_t want;

	p->len = 0;
	if (make_room(p, size, e) == -1)
		return -1;
	if (!EVP_DigestInit_ex(f->md, EVP_sha256(), NULL))
		return bk_fail_memory(e);
	while (p->len < size) {
		want = size - p->len < CHUNK ? size - p->len : CHUNK;
		n = bk_reader_read(f->in, p->data + p->len, want, e);
		if (n <= 0)
			break;
		if (!EVP_DigestUpdate(f->md, p->data + p->len, (size_t)n))
			return bk_fail_memory(e);
		p->len += (size_t)n;
	}
	if (!EVP_DigestFinal_ex(f->md, p->sha256, NULL))
		return bk_fail_memory(e);
	p->last = n == 0;
	return n > 0 ? 1 : (int)n;
}

static void *
run(void *arg)
{
	struct bk_s3_part_reader *f = arg;
	struct bk_s3_part *p;
	struct bk_err e = {0};
	unsigned number = 0;
	int more = 1;

	while (more == 1 && (p = bk_handover_get(&f->h, BK_WAIT)) != NULL) {
		p->number = ++number;
		more = fill(f, p, &e);
		if (number > f->plan->max && p->len > 0)
			more = bk_fail(&e, BK_FAIL, "the input is too large "
			    "for %u parts starting at %ju MiB; use a larger "
			    "--part-size", f->plan->max,
			    (uintmax_t)f->plan->size >> 20);
		/* an empty stream never ends well, so part 1 holds something */
		if (more != -1 && p->len > 0)
			bk_handover_put(&f->h, p);
		if (more == 0)
			bk_handover_end(&f->h);
		if (more == -1)
			bk_handover_stop(&f->h, &e);
		f->wake(f->ctx);
	}
	return NULL;
}

/* Free it, its thread being gone or never begun. */
static void
discard(struct bk_s3_part_reader *f)
{
	unsigned i;

	if (f == NULL)
		return;
	for (i = 0; i < f->n_parts; i++)
		free(f->parts[i].data);
	free(f->parts);
	EVP_MD_CTX_free(f->md);
	free(f);
}

struct bk_s3_part_reader *
bk_s3_part_reader_start(struct bk_reader *in, const struct bk_s3_parts *plan,
    unsigned buffers, void (*wake)(void *), void *ctx, struct bk_err *e)
{
	struct bk_s3_part_reader *f = calloc(1, sizeof(*f));
	unsigned i;

	if (f == NULL || (f->md = EVP_MD_CTX_new()) == NULL ||
	    (f->parts = calloc(buffers, sizeof(*f->parts))) == NULL) {
		bk_fail_memory(e);
		discard(f);
		return NULL;
	}
	f->in = in;
	f->plan = plan;
	f->wake = wake;
	f->ctx = ctx;
	f->n_parts = buffers;
	bk_handover_init(&f->h);
	for (i = 0; i < buffers; i++)
		bk_handover_recycle(&f->h, &f->parts[i]);
	if (bk_thread_start(&f->thread, run, f, e) == -1) {
		bk_handover_destroy(&f->h);
		discard(f);
		return NULL;
	}
	return f;
}

struct bk_s3_part *
bk_s3_part_reader_take(struct bk_s3_part_reader *f)
{
	return bk_handover_take(&f->h, BK_NOW);
}

void
bk_s3_part_reader_give_back(struct bk_s3_part_reader *f, struct bk_s3_part *p)
{
	bk_handover_recycle(&f->h, p);
}

int
bk_s3_part_reader_over(struct bk_s3_part_reader *f, struct bk_err *e)
{
	return bk_handover_over(&f->h, e);
}

void
bk_s3_part_reader_free(struct bk_s3_part_reader *f)
{
	if (f == NULL)
		return;
	bk_handover_stop(&f->h, NULL);
	bk_reader_stop(f->in);
	pthread_join(f->thread, NULL);
	bk_handover_destroy(&f->h);
	discard(f);
}
