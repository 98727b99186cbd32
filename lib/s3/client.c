#include "s3/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "base/debug.h"
#include "base/utctime.h"
#include "http/transport.h"
#include "s3/address.h"
#include "s3/attempt.h"
#include "s3/url.h"

#define WARN_AFTER 10.0		/* seconds of failing before a warning */
#define SKEW_SEEN 300		/* seconds that explain a bodyless 403 */
#define MAX_REDIRECTS 3

struct bk_s3_task {
	struct bk_s3 *s3;
	struct bk_s3_task *next;
	struct bk_s3_request rq;
	struct bk_s3_reply reply;
	struct bk_s3_attempt try;
	struct bk_err err;
	int over, rc, in_flight;
	unsigned attempts;	/* failed ones */
	unsigned redirects;		/* to other regions */
	int renewed;		/* this task has renewed the keys */
	double due;		/* when to try, on bk_monotonic() */
};

struct bk_s3 {
	struct bk_s3_cred *cred;
	struct bk_s3_options o;
	char *bucket;
	char *place;		/* "s3://bucket", for messages */
	char *region;
	struct bk_s3_address address;
	struct bk_s3_manners manners;
	CURLM *multi;
	struct bk_s3_task *tasks;
	time_t skew;		/* added to our time in signatures */
	time_t ahead;		/* the server's clock minus ours */
	int dated;		/* ahead is known */
	double failing_since;	/* 0: not failing */
	double stopped;		/* when stop_fd became readable; 0: not yet */
	unsigned grace;		/* seconds left after that */
	int warned_skew, warned_failing;
	int met;		/* something has answered as S3 does */
};

int
bk_s3_global_init(struct bk_err *e)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return bk_fail(e, BK_FAIL, "libcurl does not start");
	return 0;
}

/* Address the bucket in region from now on. */
static int
set_region(struct bk_s3 *s3, const char *region, struct bk_err *e)
{
	struct bk_s3_address address = {0};
	char *copy = strdup(region);

	if (copy == NULL)
		return bk_fail_memory(e);
	if (bk_s3_address_make(&address, bk_s3_cred_settings(s3->cred), copy,
	    s3->bucket, e) == -1) {
		free(copy);
		return -1;
	}
	bk_s3_address_free(&s3->address);
	s3->address = address;
	free(s3->region);
	s3->region = copy;
	return 0;
}

struct bk_s3 *
bk_s3_open(struct bk_s3_cred *cred, const struct bk_s3_options *o,
    struct bk_err *e)
{
	struct bk_s3 *s3 = calloc(1, sizeof(*s3));

	if (s3 == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	s3->cred = cred;
	s3->o = *o;
	s3->bucket = strdup(o->bucket);
	s3->place = bk_s3_url_place(bk_s3_cred_settings(cred)->google,
	    o->bucket);
	s3->multi = curl_multi_init();
	if (s3->bucket == NULL || s3->place == NULL || s3->multi == NULL) {
		bk_fail_memory(e);
		goto fail;
	}
	if (set_region(s3, bk_s3_cred_settings(cred)->region, e) == -1)
		goto fail;
	bk_s3_cred_stop(cred, o->stop_fd);
	s3->manners = (o->provider != NULL ? o->provider :
	    bk_s3_provider_at(s3->address.host))->manners;
	if (bk_s3_cred_settings(cred)->google) {
		s3->manners = bk_s3_provider_named("gcs")->manners;
		s3->manners.no_condition = 0;	/* in its own dialect */
	}
	return s3;
 fail:
	bk_s3_close(s3);
	return NULL;
}

void
bk_s3_close(struct bk_s3 *s3)
{
	if (s3 == NULL)
		return;
	while (s3->tasks != NULL)
		bk_s3_task_free(s3->tasks);
	curl_multi_cleanup(s3->multi);
	bk_s3_address_free(&s3->address);
	free(s3->region);
	free(s3->bucket);
	free(s3->place);
	free(s3);
}

const char *
bk_s3_place(const struct bk_s3 *s3)
{
	return s3->place;
}

struct bk_s3_manners *
bk_s3_manners(struct bk_s3 *s3)
{
	return &s3->manners;
}

void
bk_s3_stop_after(struct bk_s3 *s3, unsigned seconds)
{
	s3->grace = seconds;
}

void
bk_s3_cleanup_deadline(struct bk_s3 *s3, unsigned seconds)
{
	s3->o.stop_fd = -1;
	s3->stopped = 0;
	bk_s3_cred_stop(s3->cred, -1);
	s3->o.retry_for = seconds;
	s3->failing_since = 0;
}

struct bk_s3_task *
bk_s3_start(struct bk_s3 *s3, const struct bk_s3_request *rq,
    struct bk_err *e)
{
	struct bk_s3_task *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	t->s3 = s3;
	t->rq = *rq;
	t->try.rq = &t->rq;
	t->try.reply = &t->reply;
	t->next = s3->tasks;
	s3->tasks = t;
	return t;
}

int
bk_s3_task_over(const struct bk_s3_task *t)
{
	return t->over;
}

int
bk_s3_task_result(const struct bk_s3_task *t,
    const struct bk_s3_reply **reply, struct bk_err *e)
{
	*reply = &t->reply;
	if (t->rc == -1 && e->code == BK_OK)
		*e = t->err;
	return t->rc;
}

void
bk_s3_task_free(struct bk_s3_task *t)
{
	struct bk_s3_task **p;

	if (t == NULL)
		return;
	for (p = &t->s3->tasks; *p != t; p = &(*p)->next)
		continue;
	*p = t->next;
	if (t->in_flight)
		curl_multi_remove_handle(t->s3->multi, t->try.easy);
	bk_s3_attempt_free(&t->try);
	bk_s3_reply_free(&t->reply);
	free(t);
}

static void
finish(struct bk_s3_task *t, int rc)
{
	t->over = 1;
	t->rc = rc;
	t->reply.unsure = t->try.unsure;
}

/* Finish t as failed, with the object's name, the reason and a remedy. */
static void
fail(struct bk_s3_task *t, const char *reason, const char *more)
{
	bk_debug(BK_DEBUG_S3, "%s%s; no further attempt", reason, more);
	bk_fail(&t->err, BK_FAIL, "%s%s%s: %s%s%s", t->s3->place,
	    t->rq.key != NULL ? "/" : "", t->rq.key != NULL ? t->rq.key : "",
	    reason, more, bk_s3_remedy(t->reply.code));
	finish(t, -1);
}

/* Each transfer under way may take its share of the rate. */
static void
share_rate(struct bk_s3 *s3)
{
	struct bk_s3_task *t;
	curl_off_t share;
	uint64_t n = 0;

	for (t = s3->tasks; t != NULL; t = t->next)
		n += (unsigned)t->in_flight;
	if (s3->o.rate == 0 || n == 0)
		return;
	share = s3->o.rate > n ? (curl_off_t)(s3->o.rate / n) : 1;
	for (t = s3->tasks; t != NULL; t = t->next) {
		if (!t->in_flight)
			continue;
		(void)curl_easy_setopt(t->try.easy,
		    CURLOPT_MAX_SEND_SPEED_LARGE, share);
		(void)curl_easy_setopt(t->try.easy,
		    CURLOPT_MAX_RECV_SPEED_LARGE, share);
	}
}

/* A request of 1969 would be refused without a date, for a wrong reason. */
static int
can_sign(time_t now)
{
	char text[BK_UTCTIME_TEXT];

	bk_utctime_compact(now, text);
	return *text != '\0';
}

static void
start(struct bk_s3_task *t)
{
	struct bk_s3 *s3 = t->s3;
	struct bk_s3_keys keys;
	struct bk_s3_signer by = {
		.address = &s3->address,
		.keys = &keys,
		.region = s3->region,
		.ca_bundle = bk_s3_cred_settings(s3->cred)->ca_bundle,
		.now = time(NULL) + s3->skew,
		.google = bk_s3_cred_settings(s3->cred)->google,
	};

	if (!can_sign(by.now)) {
		fail(t, "this host's clock is not in the years 1970 to 9999",
		    "; set it");
		return;
	}
	if (bk_s3_cred_get(s3->cred, 0, &keys, &t->err) == -1 ||
	    bk_s3_attempt_prepare(&t->try, &by, &t->err) == -1) {
		finish(t, -1);
		return;
	}
	if (curl_easy_setopt(t->try.easy, CURLOPT_PRIVATE, t) != CURLE_OK ||
	    curl_multi_add_handle(s3->multi, t->try.easy) != CURLM_OK) {
		fail(t, "libcurl accepts no more transfers", "");
		return;
	}
	t->in_flight = 1;
	share_rate(s3);
}

static void
warn(struct bk_s3 *s3, const char *fmt, const char *what, long n)
{
	char text[512];

	if (s3->o.warn == NULL)
		return;
	(void)snprintf(text, sizeof(text), fmt, what, n);
	s3->o.warn(text);
}

/* Retry after a pause, unless retry_for has run out. */
static void
retry(struct bk_s3_task *t, const char *reason)
{
	struct bk_s3 *s3 = t->s3;
	double now = bk_monotonic(), delay;
	char more[64] = "";
	uint32_t r = 0;

	(void)RAND_bytes((unsigned char *)&r, sizeof(r));
	delay = bk_transport_pause(++t->attempts, r) / 1000.0;
	if (t->try.got > t->try.got_before)
		s3->failing_since = 0;		/* bytes are progress */
	if (s3->failing_since == 0)
		s3->failing_since = now;
	if (now + delay - s3->failing_since >= s3->o.retry_for) {
		if (s3->o.retry_for > 0)
			(void)snprintf(more, sizeof(more), "; gave up after "
			    "%us without success", s3->o.retry_for);
		fail(t, reason, more);
		return;
	}
	bk_debug(BK_DEBUG_S3, "%s; attempt %u in %.3f s, nothing has "
	    "succeeded for %.1f of %u s", reason, t->try.n + 1, delay,
	    now - s3->failing_since, s3->o.retry_for);
	if (now - s3->failing_since > WARN_AFTER && !s3->warned_failing) {
		s3->warned_failing = 1;
		warn(s3, "%s; trying again for up to %lds", reason,
		    (long)s3->o.retry_for);
	}
	t->due = now + delay;
}

/* The server's clock minus ours, by its Date header; 0 without one. */
static time_t
measure_skew(const struct bk_s3_reply *r)
{
	const char *date = bk_s3_reply_header(r, "date");
	time_t t = date != NULL ? curl_getdate(date, NULL) : -1;

	return t == -1 ? 0 : t - time(NULL);
}

/* Remember the server's time, if this answer is its and tells it. */
static void
note_time(struct bk_s3 *s3, const struct bk_s3_reply *r)
{
	const char *date = bk_s3_reply_header(r, "date");

	if (date == NULL || curl_getdate(date, NULL) == -1)
		return;
	s3->ahead = measure_skew(r);
	s3->dated = 1;
}

int
bk_s3_time(const struct bk_s3 *s3, time_t *now)
{
	*now = time(NULL) + s3->ahead;
	return s3->dated;
}

static void
adjust_clock(struct bk_s3_task *t, const char *reason)
{
	struct bk_s3 *s3 = t->s3;

	s3->skew = measure_skew(&t->reply);
	bk_debug(BK_DEBUG_S3, "%s; the server's clock is %ld s ahead of "
	    "ours, signing with its time", reason, (long)s3->skew);
	if (!s3->warned_skew)
		warn(s3, "%s: this host's clock is off by %ld s; signing with "
		    "the server's time", s3->address.origin,
		    (long)-s3->skew);
	s3->warned_skew = 1;
	retry(t, reason);
}

/* Once per task: keys just renewed would be refused again. */
static void
renew_keys(struct bk_s3_task *t, const char *reason)
{
	struct bk_s3_keys keys;

	if (t->renewed++) {
		fail(t, reason, "");
		return;
	}
	bk_debug(BK_DEBUG_S3, "%s; getting new keys", reason);
	if (bk_s3_cred_get(t->s3->cred, 1, &keys, &t->err) == -1)
		finish(t, -1);
}

static void
redirect(struct bk_s3_task *t, const char *reason)
{
	struct bk_s3 *s3 = t->s3;
	const char *to = t->reply.region;
	char more[80] = "";

	/* another task may have changed the region already */
	if (*to != '\0' && t->redirects++ < MAX_REDIRECTS) {
		bk_debug(BK_DEBUG_S3, "%s; the bucket is in %s, asking there "
		    "instead of %s", reason, to, s3->region);
		if (strcmp(to, s3->region) == 0 ||
		    set_region(s3, to, &t->err) == 0)
			return;
		finish(t, -1);
		return;
	}
	if (*to != '\0')
		(void)snprintf(more, sizeof(more), "; it is in %s", to);
	fail(t, reason, more);
}

static void
attempt_done(struct bk_s3_task *t, CURLcode result)
{
	struct bk_s3 *s3 = t->s3;
	struct bk_s3_reply *r = &t->reply;
	const char *reason;
	enum bk_s3_outcome v;

	curl_multi_remove_handle(s3->multi, t->try.easy);
	t->in_flight = 0;
	share_rate(s3);
	v = bk_s3_attempt_finish(&t->try, result, &reason);
	s3->met |= v == BK_S3_GOOD || r->code[0] != '\0' ||
	    bk_s3_reply_header(r, "x-amz-request-id") != NULL;
	/* what comes between may go again, a wrong endpoint stays wrong */
	if (t->try.foreign && !s3->met)
		v = BK_S3_BAD;
	if (!t->try.foreign)
		note_time(s3, r);
	/* a refused HEAD has no error code */
	if (v == BK_S3_BAD && r->status == 403 && r->code[0] == '\0' &&
	    labs((long)(measure_skew(r) - s3->skew)) > SKEW_SEEN)
		v = BK_S3_SKEWED;
	if (v == BK_S3_AGAIN && r->status == 307 && r->region[0] != '\0' &&
	    strcmp(r->region, s3->region) != 0)
		v = BK_S3_ELSEWHERE;
	switch (v) {
	case BK_S3_GOOD:
		s3->failing_since = 0;
		s3->warned_failing = 0;
		finish(t, 0);
		break;
	case BK_S3_BAD:
		fail(t, reason, "");
		break;
	case BK_S3_AGAIN:
		retry(t, reason);
		break;
	case BK_S3_SKEWED:
		adjust_clock(t, reason);
		break;
	case BK_S3_EXPIRED:
		renew_keys(t, reason);
		break;
	case BK_S3_ELSEWHERE:
		redirect(t, reason);
		break;
	}
}

/* Start due tasks; lower *timeout_ms to when the next one is due. */
static int
launch(struct bk_s3 *s3, int *timeout_ms)
{
	double now = bk_monotonic();
	struct bk_s3_task *t;
	int over = 0, wait;

	for (t = s3->tasks; t != NULL; t = t->next) {
		if (t->over || t->in_flight)
			continue;
		if (t->due <= now) {
			start(t);
			over |= t->over;
			continue;
		}
		wait = (int)((t->due - now) * 1000) + 1;
		if (wait < *timeout_ms)
			*timeout_ms = wait;
	}
	return over;
}

/* Finish completed attempts; 1 if there were any. */
static int
receive(struct bk_s3 *s3)
{
	struct bk_s3_task *t;
	CURLMsg *m;
	CURLcode result;
	int left, finished = 0;

	while ((m = curl_multi_info_read(s3->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		result = m->data.result;	/* *m goes with the handle */
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE,
		    (char **)&t);
		attempt_done(t, result);
		finished = 1;
	}
	return finished;
}

/* Is the time to stop?  If it is near, lower *timeout_ms. */
static int
must_stop(const struct bk_s3 *s3, int *timeout_ms)
{
	double left = s3->stopped + s3->grace - bk_monotonic();

	if (s3->stopped == 0)
		return 0;
	if (left * 1000 < *timeout_ms)
		*timeout_ms = left > 0 ? (int)(left * 1000) + 1 : 0;
	return left <= 0;
}

int
bk_s3_step(struct bk_s3 *s3, int timeout_ms, struct bk_err *e)
{
	struct curl_waitfd stop = {
		.fd = s3->o.stop_fd, .events = CURL_WAIT_POLLIN,
	};
	CURLMcode bad;
	int running;

	if (must_stop(s3, &timeout_ms))
		return bk_fail(e, BK_FAIL, "%s: interrupted", s3->place);
	if (launch(s3, &timeout_ms))
		return 0;
	bad = curl_multi_perform(s3->multi, &running);
	if (bad == CURLM_OK && receive(s3))
		return 0;
	if (bad == CURLM_OK)
		bad = curl_multi_poll(s3->multi, &stop,
		    s3->o.stop_fd != -1 && s3->stopped == 0, timeout_ms, NULL);
	if (bad != CURLM_OK)
		return bk_fail(e, BK_FAIL, "libcurl: %s",
		    curl_multi_strerror(bad));
	if (stop.revents != 0)
		s3->stopped = bk_monotonic();
	return 0;
}

void
bk_s3_wake(struct bk_s3 *s3)
{
	(void)curl_multi_wakeup(s3->multi);
}

int
bk_s3_do(struct bk_s3 *s3, const struct bk_s3_request *rq,
    struct bk_s3_reply *reply, struct bk_err *e)
{
	struct bk_s3_task *t = bk_s3_start(s3, rq, e);
	int rc = -1;

	bk_s3_reply_free(reply);
	if (t == NULL)
		return -1;
	while (!t->over)
		if (bk_s3_step(s3, 1000, e) == -1) {
			reply->unsure = t->try.unsure || t->in_flight;
			goto done;
		}
	rc = t->rc;
	if (rc == -1 && e->code == BK_OK)
		*e = t->err;
	*reply = t->reply;		/* the caller's now */
	t->reply = (struct bk_s3_reply){0};
 done:
	bk_s3_task_free(t);
	return rc;
}
