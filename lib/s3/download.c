#include "s3/download.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/queue.h"
#include "base/thread.h"
#include "base/utctime.h"
#include "s3/integrity.h"
#include "s3/object.h"

#define STEP_MS 1000
#define MAX_POLL 300		/* seconds between two looks while thawing */

struct range {
	struct bk_link link;
	uint8_t *data;
	size_t len;
	struct bk_s3_task *task;	/* NULL: complete */
};

/*
 * The calling thread fetches ranges into empty buffers and puts them into the
 * queue in order; the writer thread takes, writes and recycles them.
 */
struct download {
	struct bk_s3 *s3;
	const struct bk_s3_download_options *o;
	struct bk_writer *out;
	struct bk_s3_integrity *integrity;
	struct bk_s3_pair headers[2], query[2];
	char etag[BK_S3_ETAG + 2];
	uint64_t size, ranges;
	struct bk_handover h;
	struct range *range;		/* array of o->jobs */
	struct range **started;		/* range n at n % o->jobs */
	uint64_t next, first;		/* range to start, range to put */
	pthread_t writer;
	int writing;			/* writer was started */
};

static void *
run_writer(void *arg)
{
	struct download *d = arg;
	struct bk_err e = {0};
	struct range *r;

	while ((r = bk_handover_take(&d->h, BK_WAIT)) != NULL) {
		if ((d->integrity != NULL && bk_s3_integrity_add(d->integrity,
		    r->data, r->len, &e) == -1) || (d->out != NULL &&
		    bk_writer_write(d->out, r->data, r->len, &e) == -1))
			bk_handover_stop(&d->h, &e);
		if (d->o->progress != NULL)
			d->o->progress->bytes += r->len;
		bk_handover_recycle(&d->h, r);
		bk_s3_wake(d->s3);
	}
	return NULL;
}

/* Allocate the buffers and start the writer thread. */
static int
start_writer(struct download *d, struct bk_err *e)
{
	unsigned i;

	if ((d->range = calloc(d->o->jobs, sizeof(*d->range))) == NULL ||
	    (d->started = calloc(d->o->jobs, sizeof(*d->started))) == NULL)
		return bk_fail_memory(e);
	for (i = 0; i < d->o->jobs; i++)
		bk_handover_recycle(&d->h, &d->range[i]);
	if (bk_thread_start(&d->writer, run_writer, d, e) == -1)
		return -1;
	d->writing = 1;
	return 0;
}

static void
join_writer(struct download *d)
{
	if (d->writing)
		pthread_join(d->writer, NULL);
	d->writing = 0;
}

/*
 * The size of the object's first part; 0 where the server does not tell: many
 * ignore partNumber.
 */
static int
read_first_part(struct download *d, uint64_t *size, struct bk_err *e)
{
	struct bk_s3_pair query[3] = { { "partNumber", "1" }, d->query[0] };
	struct bk_s3_request rq = {
		.method = "HEAD", .key = d->o->key, .query = query,
		.headers = d->headers,
	};
	struct bk_s3_reply r = {0};
	struct bk_err refused = {0};
	int rc = 0;

	*size = 0;
	if (bk_s3_do(d->s3, &rq, &r, &refused) == 0)
		rc = bk_s3_object_size(&r, d->o->key, size, e);
	bk_s3_reply_free(&r);
	return rc;
}

/* HEAD, with checksums where there are any. */
static int
ask_head(struct download *d, struct bk_s3_reply *r, struct bk_err *e)
{
	struct bk_s3_pair mode[] = {
		{ "x-amz-checksum-mode", "ENABLED" }, { 0 },
	};

	return bk_s3_head_with(d->s3, d->o->key, d->query, mode, r, e);
}

/*
 * If the object is archived: request a thawed copy, and ask for it until it is
 * there, at most thaw.wait seconds.  *r is its HEAD response, then the last.
 */
static int
thaw(struct download *d, struct bk_s3_reply *r, struct bk_err *e)
{
	const struct bk_s3_thaw *o = &d->o->thaw;
	double end = bk_monotonic() + o->wait;
	int pause = o->wait < 60 * MAX_POLL ? (int)(o->wait / 60 + 1) :
	    MAX_POLL;
	int told = 0;

	if (bk_s3_object_state(r) == BK_S3_ARCHIVED && bk_s3_thaw_start(d->s3,
	    d->o->key, d->query, r, o, e) == -1)
		return -1;
	while (bk_s3_object_state(r) != BK_S3_READABLE) {
		if (bk_monotonic() >= end)
			return bk_fail(e, BK_BUSY, "%s/%s: archived, a "
			    "readable copy is being made; try again later",
			    bk_s3_place(d->s3), d->o->key);
		if (d->o->warn != NULL && !told++)
			d->o->warn("the object is archived, a readable copy is "
			    "being made; waiting for it");
		if (bk_s3_step(d->s3, pause * 1000, e) == -1 ||
		    ask_head(d, r, e) == -1)
			return -1;
	}
	return 0;
}

/* Size, ETag and checksums. */
static int
read_head(struct download *d, struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	const char *etag;
	uint64_t part = 0;
	int rc = -1;

	if (ask_head(d, &r, e) == -1 ||
	    (d->o->thaw.days > 0 && thaw(d, &r, e) == -1) ||
	    bk_s3_object_size(&r, d->o->key, &d->size, e) == -1)
		goto done;
	d->ranges = (d->size + BK_S3_RANGE - 1) / BK_S3_RANGE;
	etag = bk_s3_reply_header(&r, "etag");
	if (etag != NULL && strlen(etag) < sizeof(d->etag)) {
		(void)snprintf(d->etag, sizeof(d->etag), "%s", etag);
		d->headers[0] = (struct bk_s3_pair){ "if-match", d->etag };
	}
	if (!d->o->size_only && ((bk_s3_integrity_needs_part(&r, d->size) &&
	    read_first_part(d, &part, e) == -1) || (d->integrity =
	    bk_s3_integrity_new(&r, d->size, part, e)) == NULL))
		goto done;
	rc = 0;
 done:
	bk_s3_reply_free(&r);
	return rc;
}

static int
start_range(struct download *d, struct range *r, struct bk_err *e)
{
	struct bk_s3_request rq = {
		.method = "GET", .key = d->o->key, .query = d->query,
		.headers = d->headers, .offset = d->next * BK_S3_RANGE,
	};
	uint64_t left = d->size - rq.offset;

	r->len = left < BK_S3_RANGE ? (size_t)left : BK_S3_RANGE;
	if (r->data == NULL && (r->data = malloc(r->len)) == NULL)
		return bk_fail_memory(e);
	rq.into = r->data;
	rq.into_len = r->len;
	d->started[d->next++ % d->o->jobs] = r;
	r->task = bk_s3_start(d->s3, &rq, e);
	return r->task == NULL ? -1 : 0;
}

/* The result of a finished range. */
static int
collect(struct download *d, struct range *r, struct bk_err *e)
{
	const struct bk_s3_reply *reply;
	struct bk_err failure = {0};

	if (bk_s3_task_result(r->task, &reply, &failure) == -1)
		return reply->status != 412 ?
		    bk_fail(e, failure.code, "%s", failure.msg) :
		    bk_fail(e, BK_FAIL, "%s/%s: replaced while it was "
		    "read; try again", bk_s3_place(d->s3), d->o->key);
	bk_s3_task_free(r->task);
	r->task = NULL;
	return 0;
}

/* Collect finished ranges, put them in order, start the next ones. */
static int
step(struct download *d, struct bk_err *e)
{
	struct range *r;

	for (r = d->range; r < d->range + d->o->jobs; r++)
		if (r->task != NULL && bk_s3_task_over(r->task) &&
		    collect(d, r, e) == -1)
			return -1;
	for (; d->first < d->next; d->first++) {
		r = d->started[d->first % d->o->jobs];
		if (r->task != NULL)
			break;
		bk_handover_put(&d->h, r);
	}
	while (d->next < d->ranges &&
	    (r = bk_handover_get(&d->h, BK_NOW)) != NULL)
		if (start_range(d, r, e) == -1)
			return -1;
	return 0;
}

static int
fetch_all(struct download *d, struct bk_err *e)
{
	while (d->first < d->ranges) {
		if (bk_handover_over(&d->h, e) == -1 || step(d, e) == -1)
			return -1;
		if (d->first < d->ranges &&
		    bk_s3_step(d->s3, STEP_MS, e) == -1)
			return -1;
	}
	bk_handover_end(&d->h);
	join_writer(d);
	return bk_handover_over(&d->h, e) == -1 ? -1 : 0;
}

static void
clear(struct download *d)
{
	unsigned i;

	bk_handover_stop(&d->h, NULL);
	join_writer(d);
	for (i = 0; d->range != NULL && i < d->o->jobs; i++) {
		bk_s3_task_free(d->range[i].task);
		free(d->range[i].data);
	}
	free(d->range);
	free(d->started);
	bk_s3_integrity_free(d->integrity);
	bk_handover_destroy(&d->h);
}

static int
judge(struct download *d, struct bk_err *e)
{
	struct bk_buf name = {0}, text = {0};
	const char *doubt = NULL;
	char etag[BK_S3_ETAG];
	int rc;

	if (d->integrity == NULL)
		return 0;
	rc = bk_buf_printf(&name, e, "%s/%s", bk_s3_place(d->s3),
	    d->o->key);
	if (rc == 0 && (rc = bk_s3_integrity_asks(d->integrity, e)) == 1) {
		if (bk_s3_etag_tag(d->s3, d->o->key, d->query, etag))
			bk_s3_integrity_told(d->integrity, etag);
		rc = 0;
	}
	if (rc == 0)
		rc = bk_s3_integrity_finish(d->integrity, name.data, &doubt, e);
	if (rc == 1 && d->o->must_check)
		rc = bk_fail(e, BK_FAIL, "%s: only its size could be checked: "
		    "%s", name.data, doubt);
	if (rc == 1 && (rc = bk_buf_printf(&text, e, "%s: only its size was "
	    "checked: %s", name.data, doubt)) == 0)
		d->o->warn(text.data);
	bk_buf_free(&name);
	bk_buf_free(&text);
	return rc;
}

int
bk_s3_download(struct bk_s3 *s3, const struct bk_s3_download_options *o,
    struct bk_writer *out, struct bk_err *e)
{
	struct download d = { .s3 = s3, .o = o, .out = out };
	int rc = -1;

	if (o->version != NULL)
		d.query[0] = (struct bk_s3_pair){ "versionId", o->version };
	bk_handover_init(&d.h);
	if (read_head(&d, e) == -1)
		goto done;
	if (o->progress != NULL)
		o->progress->bytes_total = d.size;
	if (start_writer(&d, e) == -1 || fetch_all(&d, e) == -1 ||
	    judge(&d, e) == -1)
		goto done;
	rc = out != NULL && !o->more ? bk_writer_finish(out, e) : 0;
 done:
	clear(&d);
	return rc;
}
