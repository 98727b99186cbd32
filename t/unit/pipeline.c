/* bk_pipeline: order, end, failures in every callback. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/pipeline.h"
#include "tap.h"

enum { CAP = 16 };
#define AT(block) ((block) + 1)		/* 0: never */

/* A run: its parameters and results. */
struct run {
	int blocks;		/* number of blocks from fill */
	int fill_fails, drain_fails;	/* AT a block */
	int work_fails[3];	/* AT these */
	int hangs;		/* AT: fill reads in, which has no data */
	struct bk_reader *in;
	unsigned workers;
	int drained;		/* blocks, in order */
	int bad;		/* violations of the contract */
	_Atomic int worked[1000];
	_Atomic int busy[16];	/* by worker */
};

static int
fill(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct run *r = ctx;
	static char text[8192];

	if (b->in_len != 0 || b->out_len != 0 || b->tag != 0)
		r->bad++;
	if (AT((int)b->seq) == r->hangs)
		return (int)bk_reader_read(r->in, text, sizeof(text), e);
	if (AT((int)b->seq) == r->fill_fails)
		return bk_fail(e, BK_DATA, "fill %d", (int)b->seq);
	if ((int)b->seq == r->blocks)
		return 0;
	b->in_len = (size_t)snprintf((char *)b->in, CAP, "%d", (int)b->seq);
	b->tag = (int)b->seq * 3;
	return 1;
}

static int
work(void *ctx, unsigned worker, struct bk_block *b, struct bk_err *e)
{
	struct run *r = ctx;
	int i, n = (int)b->seq;

	if (worker >= r->workers ||
	    atomic_fetch_add(&r->busy[worker], 1) != 0 || b->tag != n * 3)
		atomic_store(&r->worked[n], 100);
	atomic_fetch_add(&r->worked[n], 1);
	for (i = 0; i < (n * 7919) % 13; i++)
		sched_yield();
	b->out_len = (size_t)snprintf((char *)b->out, CAP, "<%.*s>",
	    (int)b->in_len, (char *)b->in);
	atomic_fetch_sub(&r->busy[worker], 1);
	for (i = 0; i < 3; i++) {
		if (AT(n) != r->work_fails[i])
			continue;
		b->out_len = n % 2;	/* a verified prefix, or nothing */
		return bk_fail(e, BK_DATA, "work %d", n);
	}
	return 0;
}

static int
drain(void *ctx, struct bk_block *b, struct bk_err *e)
{
	struct run *r = ctx;
	char want[CAP];

	(void)snprintf(want, sizeof(want), "<%d>", r->drained);
	if ((int)b->seq != r->drained || b->out_len > strlen(want) ||
	    memcmp(b->out, want, b->out_len) != 0)
		r->bad++;
	if (AT((int)b->seq) == r->drain_fails)
		return bk_fail(e, BK_FAIL, "drain %d", (int)b->seq);
	r->drained++;
	return 0;
}

static int
run(struct run *r, struct bk_err *e)
{
	struct bk_pipeline p = { .workers = r->workers, .in_cap = CAP,
	    .out_cap = CAP, .in = r->in, .fill = fill, .work = work,
	    .drain = drain, .ctx = r };
	int i, rc;

	*e = (struct bk_err){0};
	rc = bk_pipeline_run(&p, e);
	for (i = 0; i < 1000; i++)
		r->bad += atomic_load(&r->worked[i]) > 1;
	return rc;
}

static void
test_order(void)
{
	struct bk_err e;
	struct run r;
	unsigned workers;
	int blocks, bad = 0;

	for (workers = 1; workers <= 9; workers++) {
		for (blocks = 0; blocks < 400; blocks = blocks * 2 + 1) {
			r = (struct run){ .workers = workers,
			    .blocks = blocks };
			bad += run(&r, &e) != 0 || r.bad ||
			    r.drained != blocks;
		}
	}
	is_int(bad, 0, "all blocks, once, in order, whatever the workers");
}

static void
test_fill_fails(void)
{
	struct bk_err e;
	struct run r;
	char want[32];
	int at, bad = 0;

	for (at = 0; at < 200; at++) {
		r = (struct run){.workers = 1 + (unsigned)at % 4,
		    .blocks = 1000,
		    .fill_fails = AT(at)};
		(void)snprintf(want, sizeof(want), "fill %d", at);
		bad += run(&r, &e) != -1 || r.bad || r.drained != at ||
		    strcmp(e.msg, want) != 0 || e.code != BK_DATA;
	}
	is_int(bad, 0, "fill's failure comes after all that was filled");
}

static void
test_work_fails(void)
{
	struct bk_err e;
	struct run r;
	char want[32];
	int at, bad = 0;

	for (at = 0; at < 300; at++) {
		r = (struct run){.workers = 1 + (unsigned)at % 5,
		    .blocks = 500,
		    .fill_fails = at % 3 ? 0 : AT(at + 1),
		    .work_fails = {AT(at), AT(at + 1), AT(at + 2)}};
		(void)snprintf(want, sizeof(want), "work %d", at);
		/* with a prefix, the failed block is drained too */
		bad += run(&r, &e) != -1 || r.bad ||
		    r.drained != at + at % 2 || strcmp(e.msg, want) != 0;
	}
	is_int(bad, 0, "the first failed block is the failure, its prefix "
	    "drained, none of those behind it");
}

static void
test_drain_fails(void)
{
	struct bk_err e;
	struct run r;
	char want[32];
	int at, bad = 0;

	for (at = 0; at < 200; at++) {
		r = (struct run){.workers = 1 + (unsigned)at % 4,
		    .blocks = 900,
		    .drain_fails = AT(at),
		    .work_fails = {AT(at + 1)}};
		(void)snprintf(want, sizeof(want), "drain %d", at);
		bad += run(&r, &e) != -1 || r.bad || r.drained != at ||
		    strcmp(e.msg, want) != 0;
	}
	is_int(bad, 0, "drain's failure ends it");
}

/* The input blocks for ever; a failure must end the run nevertheless. */
static void
test_hanging_input(void)
{
	static const char head[5000];	/* read by bk_reader_open() */
	struct bk_err e = {0};
	struct run r;
	int at, bad = 0, p[2];

	for (at = 0; at < 60; at++) {
		r = (struct run){ .blocks = 1000, .hangs = AT(at + 1 + at % 3),
		    .workers = 1 + (unsigned)at % 3,
		    .drain_fails = at % 2 ? AT(at) : 0,
		    .work_fails = { at % 2 ? 0 : AT(at) } };
		if (pipe(p) == -1 || write(p[1], head, sizeof(head)) == -1 ||
		    (r.in = bk_reader_open(p[0], "input", 0, &e)) == NULL)
			abort();
		bad += run(&r, &e) != -1 || r.bad ||
		    strcmp(e.msg, "input: stopped") == 0;
		bk_reader_free(r.in);
		close(p[0]);
		close(p[1]);
	}
	is_int(bad, 0, "a failure need not wait for the input");
}

static int
fill_none(void *ctx, struct bk_block *b, struct bk_err *e)
{
	(void)ctx, (void)e;
	if (b->in != NULL || b->out != NULL)
		return -1;
	return b->seq < 50;
}

static int
work_none(void *ctx, unsigned worker, struct bk_block *b, struct bk_err *e)
{
	(void)ctx, (void)worker, (void)b, (void)e;
	return 0;
}

static int
drain_none(void *ctx, struct bk_block *b, struct bk_err *e)
{
	(void)b, (void)e;
	*(int *)ctx += 1000;
	return 0;
}

static void
test_no_buffers(void)
{
	struct bk_err e = {0};
	int seen = 0;
	struct bk_pipeline p = { .workers = 2, .fill = fill_none,
	    .work = work_none, .drain = drain_none, .ctx = &seen };

	is_int(bk_pipeline_run(&p, &e), 0, "blocks need no buffers");
	is_int(seen, 50 * 1000, "an empty block is drained as well");
	p.in_cap = SIZE_MAX / 2;
	is_int(bk_pipeline_run(&p, &e), -1, "more memory than there is");
	is_str(e.msg, "out of memory", "is a failure with a name");
}

/* Make the sanitizers' malloc return NULL too, not abort. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

const char *
__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

int
main(void)
{
	alarm(400);		/* a hang is a failure */
	test_order();
	test_fill_fails();
	test_work_fails();
	test_drain_fails();
	test_hanging_input();
	test_no_buffers();
	return tap_done();
}
