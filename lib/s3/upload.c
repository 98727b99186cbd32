#include "s3/upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "s3/multipart.h"
#include "s3/part_reader.h"

#define STEP_MS 1000
#define CLASS 64		/* of a storage class's name */

struct slot {			/* a part in flight */
	struct bk_s3_part *part;	/* NULL: free */
	struct bk_s3_task *task;
	char number[12];
	struct bk_s3_sums sums;
	unsigned has;			/* of them: see provider.h */
	struct bk_s3_pair query[3], headers[BK_S3_SUMS + 1];
};

struct upload {
	struct bk_s3 *s3;
	const struct bk_s3_upload_options *o;
	struct bk_s3_part_reader *reader;
	struct bk_s3_multipart multipart;
	struct slot *slots;		/* o->jobs of them */
	struct bk_s3_sent *sent;	/* by part number - 1 */
	size_t n_sent, cap_sent;
	uint64_t bytes;
};

static void
wake(void *s3)
{
	bk_s3_wake(s3);
}

static int
start_part(struct upload *u, struct slot *s, struct bk_s3_part *p,
    struct bk_err *e)
{
	struct bk_s3_request rq = {
		.method = "PUT", .key = u->o->key, .query = s->query,
		.headers = s->headers, .body = p->data, .body_len = p->len,
		.body_sha256 = p->sha256,
		.patience = bk_s3_part_patience(p->len),
	};
	size_t n = 0;

	s->part = p;
	(void)snprintf(s->number, sizeof(s->number), "%u", p->number);
	s->query[0] = (struct bk_s3_pair){ "partNumber", s->number };
	s->query[1] = (struct bk_s3_pair){ "uploadId",
	    u->multipart.upload_id.data };
	s->has = bk_s3_multipart_sums(&u->multipart, p, &s->sums, s->headers,
	    &n);
	s->headers[n] = (struct bk_s3_pair){0};
	if ((s->has & BK_S3_HAS_MD5) != 0)
		bk_s3_part_reader_md5(u->reader);
	s->task = bk_s3_start(u->s3, &rq, e);
	return s->task == NULL ? -1 : 0;
}

/* Make room for part number; new entries are empty. */
static int
make_room(struct upload *u, size_t number, struct bk_err *e)
{
	size_t cap = u->cap_sent > 0 ? 2 * u->cap_sent : 64;
	struct bk_s3_sent *more;

	if (number <= u->cap_sent)
		return 0;
	if ((more = realloc(u->sent, cap * sizeof(*more))) == NULL)
		return bk_fail_memory(e);
	memset(more + u->cap_sent, 0, (cap - u->cap_sent) * sizeof(*more));
	u->sent = more;
	u->cap_sent = cap;
	return make_room(u, number, e);
}

/* Keep what was answered to a part. */
static int
keep(struct upload *u, const struct slot *s, const struct bk_s3_reply *r,
    struct bk_err *e)
{
	const char *etag, *echo;
	char md5[2 * sizeof(s->part->md5) + 1];
	struct bk_s3_sent *sent;
	size_t n = s->part->number;

	if (make_room(u, n, e) == -1)
		return -1;
	etag = bk_s3_reply_header(r, "etag");	/* there: origin_check.h */
	echo = bk_s3_reply_header(r, "x-amz-checksum-sha256");
	if ((s->has & BK_S3_HAS_CHECKSUM) == 0)
		echo = NULL;
	if (echo != NULL && strcmp(echo, s->sums.sha256) != 0)
		return bk_fail(e, BK_FAIL, "%s/%s: part %zu: the server "
		    "stored different bytes: SHA-256 %s instead of %s",
		    bk_s3_place(u->s3), u->o->key, n, echo, s->sums.sha256);
	sent = &u->sent[n - 1];
	if ((sent->etag = strdup(etag)) == NULL)
		return bk_fail_memory(e);
	memcpy(sent->sha256, s->part->sha256, sizeof(sent->sha256));
	sent->echoed = echo != NULL;
	/* one part will do to see how the server makes them */
	if (s->part->last && bk_s3_part_md5(s->part)) {
		bk_hex(s->part->md5, sizeof(s->part->md5), md5);
		sent->odd = strstr(etag, md5) == NULL;
	}
	if (n > u->n_sent)
		u->n_sent = n;
	return 0;
}

/* Keep the ETag of a finished part, free its slot; or send it again. */
static int
collect(struct upload *u, struct slot *s, struct bk_err *e)
{
	const struct bk_s3_reply *r;
	struct bk_err failure = {0};
	int again;

	if (bk_s3_task_result(s->task, &r, &failure) == -1) {
		again = bk_s3_manners_learn(bk_s3_manners(u->s3), s->has, r);
		bk_s3_task_free(s->task);
		s->task = NULL;
		if (again)
			return start_part(u, s, s->part, e);
		*e = failure;
		return -1;
	}
	if (keep(u, s, r, e) == -1)
		return -1;
	u->bytes += s->part->len;
	if (u->o->progress != NULL)
		u->o->progress->bytes += s->part->len;
	bk_s3_task_free(s->task);
	s->task = NULL;
	bk_s3_part_reader_give_back(u->reader, s->part);
	s->part = NULL;
	return 0;
}

/* Collect finished parts, start new ones; *busy slots are then in use. */
static int
step(struct upload *u, unsigned *busy, struct bk_err *e)
{
	struct bk_s3_part *p;
	struct slot *s;

	*busy = 0;
	for (s = u->slots; s < u->slots + u->o->jobs; s++) {
		if (s->task != NULL && bk_s3_task_over(s->task) &&
		    collect(u, s, e) == -1)
			return -1;
		if (s->part == NULL &&
		    (p = bk_s3_part_reader_take(u->reader)) != NULL &&
		    start_part(u, s, p, e) == -1)
			return -1;
		*busy += s->part != NULL;
	}
	return 0;
}

/* Send all parts, beginning with first. */
static int
send_parts(struct upload *u, struct bk_s3_part *first, struct bk_err *e)
{
	unsigned busy;
	int over = 0;

	if (start_part(u, &u->slots[0], first, e) == -1)
		return -1;
	for (;;) {
		/* first, so that a part filled meanwhile is not missed */
		if ((over = bk_s3_part_reader_over(u->reader, e)) == -1 ||
		    step(u, &busy, e) == -1)
			return -1;
		if (over && busy == 0)
			return 0;
		if (bk_s3_step(u->s3, STEP_MS, e) == -1)
			return -1;
	}
}

static int
send_multipart(struct upload *u, struct bk_s3_part *first, struct bk_err *e)
{
	if (bk_s3_multipart_create(&u->multipart, e) == -1 ||
	    send_parts(u, first, e) == -1)
		return -1;
	return bk_s3_multipart_complete(&u->multipart, u->sent, u->n_sent, e);
}

/*
 * The first part decides between PUT and multipart upload.  0; 1 if the object
 * was there meanwhile (multipart.h), -1 with *e set.
 */
static int
send_all(struct upload *u, struct bk_err *e)
{
	struct bk_s3_part *p;
	int rc;

	while ((p = bk_s3_part_reader_take(u->reader)) == NULL) {
		if (bk_s3_part_reader_over(u->reader, e) == -1 ||
		    bk_s3_step(u->s3, STEP_MS, e) == -1)
			return -1;
	}
	if (!p->last)
		return send_multipart(u, p, e);
	u->bytes = p->len;
	rc = bk_s3_multipart_put(&u->multipart, p, e);
	if (rc == 0 && u->o->progress != NULL)
		u->o->progress->bytes += p->len;
	return rc;
}

static void
clear(struct upload *u)
{
	struct slot *s;
	size_t i;

	for (s = u->slots; s != NULL && s < u->slots + u->o->jobs; s++) {
		bk_s3_task_free(s->task);	/* closes its connection */
		s->task = NULL;
	}
	bk_s3_part_reader_free(u->reader);
	u->reader = NULL;
	for (i = 0; i < u->n_sent; i++)
		free(u->sent[i].etag);
	free(u->sent);
	free(u->slots);
	u->sent = NULL;
	u->slots = NULL;
}

static int
plan_parts(struct bk_s3 *s3, const struct bk_s3_upload_options *o,
    struct bk_s3_parts *plan, struct bk_err *e)
{
	const struct bk_s3_manners *m = bk_s3_manners(s3);
	const struct bk_s3_parts_wish wish = {
		.size = o->part_size,
		.max = o->max_parts > 0 ? o->max_parts : m->max_parts,
		.fixed = o->fixed_parts || m->uniform_parts,
		.expected = o->expected, .share = o->memory / o->jobs,
	};

	return bk_s3_parts_plan(plan, &wish, e);
}

/*
 * The storage class of the object that is to be replaced; "": there is none, or
 * it is not shown, as is STANDARD.  0, or -1 with *e set.
 */
static int
find_class(struct bk_s3 *s3, const char *key, char class[CLASS],
    struct bk_err *e)
{
	struct bk_s3_reply r = {0};
	struct bk_err none = {0};
	const char *got;
	int rc = bk_s3_head(s3, key, NULL, &r, &none);

	if (rc == 0 && (got = bk_s3_reply_header(&r,
	    "x-amz-storage-class")) != NULL && strlen(got) < CLASS)
		memcpy(class, got, strlen(got) + 1);
	if (rc == -1 && (none.code == BK_NONE || bk_s3_object_is_hidden(&r)))
		rc = 0;
	if (rc == -1)
		*e = none;
	bk_s3_reply_free(&r);
	return rc;
}

int
bk_s3_upload(struct bk_s3 *s3, struct bk_reader *in,
    const struct bk_s3_upload_options *options, uint64_t *bytes,
    struct bk_err *e)
{
	struct bk_s3_upload_options own = *options, *o = &own;
	char class[CLASS] = "";
	struct upload u = { .s3 = s3, .o = o };
	struct bk_s3_parts plan;
	struct bk_s3_expected want = { .o = o };
	struct bk_err ignored = {0};
	int rc = -1;

	if (o->overwrite && o->storage_class == NULL &&
	    find_class(s3, o->key, class, e) == -1)
		return -1;
	if (*class != '\0')
		o->storage_class = class;
	if (plan_parts(s3, o, &plan, e) == -1 ||
	    bk_s3_multipart_open(&u.multipart, s3, o, &plan, e) == -1)
		return -1;
	/* fail on a bad key or name before reading for hours */
	if ((rc = bk_s3_key_is_free(&u.multipart, e)) != 0) {
		if (rc == 1)
			rc = bk_reader_drain(in, e);
		goto done;
	}
	rc = -1;
	if (bk_s3_multipart_lock(&u.multipart, e) == -1)
		goto done;
	if ((u.slots = calloc(o->jobs, sizeof(*u.slots))) == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	u.reader = bk_s3_part_reader_start(in, &plan, o->jobs, o->memory, wake,
	    s3, e);
	if (u.reader == NULL || (rc = send_all(&u, e)) != 0)
		goto done;
	want.id = u.multipart.id;
	want.size = u.bytes;
	want.lock_until = u.multipart.lock_until;
	want.etag = u.multipart.etag;
	rc = bk_s3_confirm(s3, &want, e);
 done:
	clear(&u);
	if (rc != 0)
		bk_s3_multipart_abort(&u.multipart, rc == -1 ? e : &ignored);
	if (rc == 1)
		rc = 0;
	bk_s3_multipart_close(&u.multipart);
	*bytes = u.bytes;
	return rc;
}
