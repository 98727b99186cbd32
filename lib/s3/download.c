#include "s3/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "s3/integrity.h"
#include "s3/object.h"

#define STEP_MS 1000

/*
 * Range number n is in slot n % jobs.  The main thread starts a range in an
 * empty slot and marks it full; the writer empties the slots in order.
 */
struct slot {
	uint8_t *data;
	size_t len;
	struct bk_s3_task *task;
	int full;			/* under the lock */
};

struct download {
	struct bk_s3 *s3;
	const struct bk_s3_download_options *o;
	struct bk_writer *out;
	struct bk_s3_integrity *verify;
	struct bk_s3_pair headers[2];
	char etag[BK_S3_ETAG + 2];
	uint64_t size, ranges;
	uint64_t next;			/* range to start */
	struct slot *slots;
	pthread_t writer;
	int writing;			/* there is a writer */
	pthread_mutex_t lock;		/* for what follows, and full */
	pthread_cond_t filled;
	uint64_t written;		/* ranges */
	int stop;
	struct bk_err err;		/* the writer's */
};

/* Range n, when it is there; NULL if it is time to stop. */
static struct slot *
await_range(struct download *d, uint64_t n)
{
	struct slot *s = &d->slots[n % d->o->jobs];

	pthread_mutex_lock(&d->lock);
	while (!s->full && !d->stop)
		pthread_cond_wait(&d->filled, &d->lock);
	if (d->stop)
		s = NULL;
	pthread_mutex_unlock(&d->lock);
	return s;
}

static void *
run_writer(void *arg)
{
	struct download *d = arg;
	struct bk_err e = {0};
	struct slot *s;
	uint64_t n;
	int rc = 0;

	for (n = 0; n < d->ranges && rc == 0; n++) {
		if ((s = await_range(d, n)) == NULL)
			break;
		rc = bk_s3_integrity_add(d->verify, s->data, s->len, &e);
		if (rc == 0)
			rc = bk_writer_write(d->out, s->data, s->len, &e);
		if (d->o->progress != NULL)
			d->o->progress->bytes += s->len;
		pthread_mutex_lock(&d->lock);
		s->full = 0;
		d->written = n + 1;
		d->err = e;
		pthread_mutex_unlock(&d->lock);
		bk_s3_wake(d->s3);
	}
	return NULL;
}

static int
start_writer(struct download *d, struct bk_err *e)
{
	if (bk_thread_start(&d->writer, run_writer, d, e) == -1)
		return -1;
	d->writing = 1;
	return 0;
}

static void
stop_writer(struct download *d)
{
	if (!d->writing)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = 1;
	pthread_cond_signal(&d->filled);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->writer, NULL);
	d->writing = 0;
}

/* HEAD: size, ETag, and what to judge by. */
static int
look(struct download *d, struct bk_err *e)
{
	struct bk_s3_pair mode[] = {
		{ "x-amz-checksum-mode", "ENABLED" }, { 0 },
	};
	struct bk_s3_reply r = {0};
	const char *etag;
	int rc = -1;

	if (bk_s3_head(d->s3, d->o->key, mode, &r, e) == -1 ||
	    bk_s3_object_size(&r, d->o->key, &d->size, e) == -1)
		goto done;
	d->ranges = (d->size + BK_S3_RANGE - 1) / BK_S3_RANGE;
	etag = bk_s3_reply_header(&r, "etag");
	if (etag != NULL && strlen(etag) < sizeof(d->etag)) {
		(void)snprintf(d->etag, sizeof(d->etag), "%s", etag);
		d->headers[0] = (struct bk_s3_pair){ "if-match", d->etag };
	}
	if ((d->verify = bk_s3_integrity_new(&r, e)) != NULL)
		rc = 0;
 done:
	bk_s3_reply_free(&r);
	return rc;
}

static int
start_range(struct download *d, struct slot *s, struct bk_err *e)
{
	struct bk_s3_request rq = {
		.method = "GET", .key = d->o->key, .headers = d->headers,
		.offset = d->next * BK_S3_RANGE,
	};
	uint64_t left = d->size - rq.offset;

	s->len = left < BK_S3_RANGE ? (size_t)left : BK_S3_RANGE;
	if (s->data == NULL && (s->data = malloc(s->len)) == NULL)
		return bk_fail_memory(e);
	rq.into = s->data;
	rq.into_len = s->len;
	d->next++;
	s->task = bk_s3_start(d->s3, &rq, e);
	return s->task == NULL ? -1 : 0;
}

/* A range is over: it is the writer's. */
static int
collect(struct download *d, struct slot *s, struct bk_err *e)
{
	const struct bk_s3_reply *r;
	struct bk_err why = {0};

	if (bk_s3_task_result(s->task, &r, &why) == -1)
		return r->status != 412 ? bk_fail(e, why.code, "%s", why.msg) :
		    bk_fail(e, BK_FAIL, "s3://%s/%s: replaced while it was "
		    "read; try again", bk_s3_bucket(d->s3), d->o->key);
	bk_s3_task_free(s->task);
	s->task = NULL;
	pthread_mutex_lock(&d->lock);
	s->full = 1;
	pthread_cond_signal(&d->filled);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

/* Collect what is over, start what can be started. */
static int
turn(struct download *d, struct bk_err *e)
{
	struct slot *s;
	int full;

	for (s = d->slots; s < d->slots + d->o->jobs; s++)
		if (s->task != NULL && bk_s3_task_over(s->task) &&
		    collect(d, s, e) == -1)
			return -1;
	/* in order: a range waits for its slot */
	while (d->next < d->ranges) {
		s = &d->slots[d->next % d->o->jobs];
		pthread_mutex_lock(&d->lock);
		full = s->full;
		pthread_mutex_unlock(&d->lock);
		if (full || s->task != NULL)
			break;
		if (start_range(d, s, e) == -1)
			return -1;
	}
	return 0;
}

/* 1: all is written; 0: not yet; -1 with *e set: the writer failed. */
static int
is_written(struct download *d, struct bk_err *e)
{
	int rc;

	pthread_mutex_lock(&d->lock);
	rc = d->err.code != BK_OK ? -1 : d->written == d->ranges;
	if (rc == -1 && e->code == BK_OK)
		*e = d->err;
	pthread_mutex_unlock(&d->lock);
	return rc;
}

static int
fetch_all(struct download *d, struct bk_err *e)
{
	int rc;

	while ((rc = is_written(d, e)) == 0)
		if (turn(d, e) == -1 || bk_s3_step(d->s3, STEP_MS, e) == -1)
			return -1;
	return rc == 1 ? 0 : -1;
}

static void
clear(struct download *d)
{
	unsigned i;

	stop_writer(d);
	for (i = 0; d->slots != NULL && i < d->o->jobs; i++) {
		bk_s3_task_free(d->slots[i].task);
		free(d->slots[i].data);
	}
	free(d->slots);
	bk_s3_integrity_free(d->verify);
	pthread_cond_destroy(&d->filled);
	pthread_mutex_destroy(&d->lock);
}

int
bk_s3_download(struct bk_s3 *s3, const struct bk_s3_download_options *o,
    struct bk_writer *out, struct bk_err *e)
{
	struct download d = { .s3 = s3, .o = o, .out = out };
	struct bk_buf name = {0};
	int rc = -1;

	pthread_mutex_init(&d.lock, NULL);
	pthread_cond_init(&d.filled, NULL);
	if (bk_buf_printf(&name, e, "s3://%s/%s", bk_s3_bucket(s3),
	    o->key) == -1 || look(&d, e) == -1)
		goto done;
	if (o->progress != NULL)
		o->progress->bytes_total = d.size;
	if ((d.slots = calloc(o->jobs, sizeof(*d.slots))) == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (start_writer(&d, e) == -1 || fetch_all(&d, e) == -1 ||
	    bk_s3_integrity_finish(d.verify, name.data, e) == -1)
		goto done;
	stop_writer(&d);
	rc = bk_writer_finish(out, e);
 done:
	clear(&d);
	bk_buf_free(&name);
	return rc;
}
