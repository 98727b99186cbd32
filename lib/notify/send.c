/* A transfer, retried until it succeeds or must fail. */
#define _GNU_SOURCE		/* getentropy */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "http/transport.h"
#include "notify/send.h"

#define CONNECT_TIMEOUT 10	/* seconds */
#define TRY_TIMEOUT 30		/* seconds per try */
#define ANSWER_MAX 256		/* bytes of an answer that are kept */
#define SECRET_MIN 4		/* length of the URL's parts to redact */

enum outcome { GOOD, BAD, AGAIN };

struct try {
	struct bk_notify_transfer *t;
	struct bk_http_answer got;	/* of a mail server as well */
	struct bk_err err;	/* memory, in a callback */
};

/* A line of a mail server's answer: the last refusal is kept. */
static size_t
on_line(char *p, size_t size, size_t n, void *ctx)
{
	struct try *try = ctx;
	struct bk_buf *answer = &try->got.body;
	size_t room;

	(void)size;
	if (n == 0 || (*p != '4' && *p != '5'))
		return n;
	if (answer->len < 4 || answer->data[3] != '-')
		answer->len = 0;
	room = ANSWER_MAX - answer->len;
	return bk_buf_add(answer, p, n < room ? n : room, &try->err) == -1 ?
	    0 : n;
}

static int
prepare_mail(struct try *try, const struct bk_notify_options *opt,
    struct bk_err *e)
{
	CURL *c = try->t->mail;
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	bad |= curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT,
	    (long)CONNECT_TIMEOUT);
	bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, try->got.reason);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_line);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERDATA, try);
	if (opt->ca_bundle != NULL)
		bad |= curl_easy_setopt(c, CURLOPT_CAINFO, opt->ca_bundle);
	return bad == CURLE_OK ? 0 : bk_fail(e, BK_FAIL, "libcurl rejects an "
	    "option; it is too old");
}

/* -1: memory, or an option. */
static int
mail_once(struct try *try, long ms, struct bk_err *e)
{
	CURL *c = try->t->mail;
	struct bk_http_answer *got = &try->got;

	got->body.len = 0;
	got->reason[0] = '\0';
	got->status = 0;
	if (curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms) != CURLE_OK)
		return bk_fail(e, BK_FAIL, "libcurl rejects an option");
	got->code = (int)curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &got->status);
	if (try->err.code == BK_OK)
		return 0;
	*e = try->err;
	return -1;
}

static int
http_once(struct try *try, const struct bk_notify_options *opt, long ms,
    struct bk_err *e)
{
	struct bk_http_ask ask = *try->t->ask;

	ask.ca_bundle = opt->ca_bundle;
	ask.connect_seconds = CONNECT_TIMEOUT;
	ask.total_ms = ms;
	ask.proxy = 1;
	ask.answer_max = ANSWER_MAX;
	ask.cut = 1;
	return bk_http_fetch(&ask, &try->got, e);
}

/* Overwrite all occurrences in text of the n bytes at part. */
static void
redact(char *text, const char *part, size_t n)
{
	for (; *text != '\0'; text++)
		if (strncmp(text, part, n) == 0)
			memset(text, '*', n);
}

/* Redact the components of a URL's part. */
static void
redact_parts(char *text, const char *p, const char *end)
{
	size_t n;

	for (; p < end; p += n + 1) {
		n = strcspn(p, "/?&=:#@\n");
		if (n >= SECRET_MIN)
			redact(text, p, n);
	}
}

/* Servers may quote the request.  The host's name is not a secret. */
static void
redact_secret(const struct bk_notify_transfer *t, char *text)
{
	const char *all = t->secret, *host = strstr(all, "://"), *path, *p;

	if (*all != '\0')
		redact(text, all, strlen(all));
	if (host == NULL)
		return;
	host += 3;
	path = host + strcspn(host, "/?#");
	for (p = host; p < path; p++)
		if (*p == '@') {	/* after user and password */
			redact_parts(text, host, p);
			host = p + 1;
		}
	redact_parts(text, path, all + strlen(all));
}

/* Set *out to the result: the server's answer, or libcurl's message. */
static int
describe(const struct try *try, struct bk_buf *out, struct bk_err *e)
{
	const struct bk_http_answer *got = &try->got;
	int mail = try->t->mail != NULL;
	int answered = got->body.len > 0 && (!mail || got->status >= 400);
	const char *text = answered ? got->body.data :
	    got->code == CURLE_OK ? "" : *got->reason != '\0' ? got->reason :
	    curl_easy_strerror((CURLcode)got->code);

	out->len = 0;
	text += strspn(text, " \t\r\n");
	/* an SMTP answer includes its code */
	if (!mail && got->code == CURLE_OK && bk_buf_printf(out, e,
	    "HTTP %ld%s", got->status, *text != '\0' ? ": " : "") == -1)
		return -1;
	if (bk_notify_message_clean(out, text, strlen(text), e) == -1)
		return -1;
	if (out->len > 0)
		redact_secret(try->t, out->data);
	return got->code != CURLE_USE_SSL_FAILED ? 0 : bk_buf_puts(out,
	    "; without TLS no login is sent, try smtps://", e);
}

static enum outcome
classify_failure(const struct bk_http_answer *got)
{
	return bk_transport_may_recover(got->code) ? AGAIN : BAD;
}

static enum outcome
classify_mail(const struct bk_http_answer *got)
{
	if (got->code == CURLE_OK)
		return GOOD;
	return got->status >= 500 || got->code == CURLE_USE_SSL_FAILED ? BAD :
	    got->status >= 400 ? AGAIN : classify_failure(got);
}

static enum outcome
classify_http(const struct bk_http_answer *got, int ping)
{
	if (got->code != CURLE_OK)
		return classify_failure(got);
	if (got->status >= 200 && got->status < 300)
		/* healthchecks.io: "OK (not found)", "OK (rate limited)" */
		return ping && got->body.len > 0 && strncmp(got->body.data,
		    "OK (", 4) == 0 ? BAD : GOOD;
	return got->status == 408 || got->status == 429 ||
	    got->status >= 500 ? AGAIN : BAD;
}

/* Seconds until the next try: Retry-After, or a random pause. */
static double
pause_after(const struct bk_http_answer *got, unsigned tries)
{
	uint32_t random;

	if (getentropy(&random, sizeof(random)) == -1)
		random = UINT32_MAX;	/* the longest pause */
	return got->retry_after > 0 ? (double)got->retry_after :
	    bk_transport_pause(tries, random) / 1000.0;
}

static void
wait_for(double seconds)
{
	struct timespec t = { .tv_sec = (time_t)seconds };

	t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		continue;
}

/* One try of at most left seconds: its outcome and, in *reason, the result. */
static enum outcome
try_once(struct try *try, const struct bk_notify_options *opt, double left,
    struct bk_buf *reason, struct bk_err *e)
{
	struct bk_notify_transfer *t = try->t;
	long ms = left < TRY_TIMEOUT ? (long)(left * 1000) + 1 :
	    TRY_TIMEOUT * 1000L;

	if ((t->mail != NULL ? mail_once(try, ms, e) :
	    http_once(try, opt, ms, e)) == -1)
		return BAD;
	t->status = try->got.status;
	/* cut short by retry_for: the previous reason is better */
	if (try->got.code == CURLE_OPERATION_TIMEDOUT && left < TRY_TIMEOUT &&
	    reason->len > 0)
		return AGAIN;
	if (describe(try, reason, e) == -1)
		return BAD;
	return t->mail != NULL ? classify_mail(&try->got) :
	    classify_http(&try->got, t->ping);
}

int
bk_notify_send(struct bk_notify_transfer *t,
    const struct bk_notify_options *opt, struct bk_err *e)
{
	double end = bk_monotonic() + opt->retry_for, now, pause;
	struct try try = { .t = t };
	struct bk_buf reason = {0};
	char text[BK_NUM_TEXT];
	enum outcome v = AGAIN;
	unsigned tries = 0;
	int rc = t->mail != NULL ? prepare_mail(&try, opt, e) : 0;

	while (rc == 0 && v == AGAIN) {
		v = try_once(&try, opt, end - bk_monotonic(), &reason, e);
		if (v == AGAIN) {
			pause = pause_after(&try.got, ++tries);
			now = bk_monotonic();
			if (now + pause >= end)
				break;
			wait_for(pause);
		}
	}
	if (rc == 0 && v != GOOD) {
		bk_duration_format(opt->retry_for, text);
		rc = e->code != BK_OK ? -1 : bk_fail(e, BK_FAIL,
		    "%s: %s%s%s", t->name,
		    reason.len > 0 ? reason.data : "refused",
		    v == AGAIN ? "; gave up after " : "",
		    v == AGAIN ? text : "");
	}
	bk_buf_free(&reason);
	bk_buf_free(&try.got.body);
	return rc;
}
