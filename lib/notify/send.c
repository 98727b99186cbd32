/* A transfer, retried until it succeeds or must fail. */
#define _GNU_SOURCE		/* getentropy */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/version.h"
#include "http/transport.h"
#include "notify/send.h"

#define CONNECT_TIMEOUT 10	/* seconds */
#define TRY_TIMEOUT 30		/* seconds per try */
#define ANSWER_MAX 256		/* bytes of an answer that are kept */
#define SECRET_MIN 4		/* length of the URL's parts to redact */

enum outcome { GOOD, BAD, AGAIN };

struct try {
	struct bk_notify_transfer *t;
	struct bk_buf answer;	/* the server's */
	struct bk_err err;	/* memory, in a callback */
	char text[CURL_ERROR_SIZE];	/* libcurl's */
};

/* The body of an HTTP answer. */
static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct try *try = ctx;
	size_t room = ANSWER_MAX - try->answer.len;

	(void)size;
	return bk_buf_add(&try->answer, p, n < room ? n : room, &try->err) ==
	    -1 ? 0 : n;
}

/* A line of an answer; with SMTP, the last refusal is kept. */
static size_t
on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct try *try = ctx;
	size_t room;

	(void)size;
	if (!try->t->mail || n == 0 || (*p != '4' && *p != '5'))
		return n;
	if (try->answer.len < 4 || try->answer.data[3] != '-')
		try->answer.len = 0;
	room = ANSWER_MAX - try->answer.len;
	return bk_buf_add(&try->answer, p, n < room ? n : room, &try->err) ==
	    -1 ? 0 : n;
}

static int
prepare(struct try *try, const struct bk_notify_options *opt, struct bk_err *e)
{
	CURL *c = try->t->curl;
	CURLcode bad = CURLE_OK;

	bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, try->t->mail ?
	    "smtp,smtps" : "http,https");
	bad |= curl_easy_setopt(c, CURLOPT_USERAGENT, "bk/" BK_VERSION);
	bad |= curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT,
	    (long)CONNECT_TIMEOUT);
	bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, try->text);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEDATA, try);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERDATA, try);
	if (opt->ca_bundle != NULL)
		bad |= curl_easy_setopt(c, CURLOPT_CAINFO, opt->ca_bundle);
	return bad == CURLE_OK ? 0 : bk_fail(e, BK_FAIL, "libcurl rejects an "
	    "option; it is too old");
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
describe(const struct try *try, CURLcode result, long status,
    struct bk_buf *out, struct bk_err *e)
{
	int answered = try->answer.len > 0 && (!try->t->mail || status >= 400);
	const char *text = answered ? try->answer.data : result == CURLE_OK ?
	    "" : *try->text != '\0' ? try->text : curl_easy_strerror(result);

	out->len = 0;
	text += strspn(text, " \t\r\n");
	/* an SMTP answer includes its code */
	if (!try->t->mail && result == CURLE_OK && bk_buf_printf(out, e,
	    "HTTP %ld%s", status, *text != '\0' ? ": " : "") == -1)
		return -1;
	if (bk_notify_message_clean(out, text, strlen(text), e) == -1)
		return -1;
	if (out->len > 0)
		redact_secret(try->t, out->data);
	return result != CURLE_USE_SSL_FAILED ? 0 : bk_buf_puts(out,
	    "; without TLS no login is sent, try smtps://", e);
}

static enum outcome
classify_failure(CURLcode result)
{
	return bk_transport_may_recover((int)result) ? AGAIN : BAD;
}

static enum outcome
classify(const struct try *try, CURLcode result, long status)
{
	const struct bk_notify_transfer *t = try->t;

	if (t->mail && result != CURLE_OK)
		return status >= 500 || result == CURLE_USE_SSL_FAILED ? BAD :
		    status >= 400 ? AGAIN : classify_failure(result);
	if (result != CURLE_OK)
		return classify_failure(result);
	if (t->mail)
		return GOOD;
	if (status >= 200 && status < 300)
		/* healthchecks.io: "OK (not found)", "OK (rate limited)" */
		return t->ping && try->answer.len > 0 && strncmp(
		    try->answer.data, "OK (", 4) == 0 ? BAD : GOOD;
	return status == 408 || status == 429 || status >= 500 ? AGAIN : BAD;
}

/* Seconds until the next try: Retry-After, or a random pause. */
static double
pause_after(CURL *c, unsigned tries)
{
	curl_off_t retry_after = 0;
	uint32_t random;

	if (getentropy(&random, sizeof(random)) == -1)
		random = UINT32_MAX;	/* the longest pause */
	(void)curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &retry_after);
	return retry_after > 0 ? (double)retry_after :
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
try_once(struct try *try, double left, struct bk_buf *reason, struct bk_err *e)
{
	long ms = left < TRY_TIMEOUT ? (long)(left * 1000) + 1 :
	    TRY_TIMEOUT * 1000L;
	long *status = &try->t->status;
	CURLcode result;

	try->answer.len = 0;
	try->text[0] = '\0';
	*status = 0;
	if (curl_easy_setopt(try->t->curl, CURLOPT_TIMEOUT_MS, ms) != CURLE_OK)
		return BAD;
	result = curl_easy_perform(try->t->curl);
	(void)curl_easy_getinfo(try->t->curl, CURLINFO_RESPONSE_CODE, status);
	if (try->err.code != BK_OK)
		*e = try->err;
	/* cut short by retry_for: the previous reason is better */
	if (e->code == BK_OK && result == CURLE_OPERATION_TIMEDOUT &&
	    left < TRY_TIMEOUT && reason->len > 0)
		return AGAIN;
	if (e->code != BK_OK ||
	    describe(try, result, *status, reason, e) == -1)
		return BAD;
	return classify(try, result, *status);
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
	int rc = prepare(&try, opt, e);

	while (rc == 0 && v == AGAIN) {
		v = try_once(&try, end - bk_monotonic(), &reason, e);
		if (v == AGAIN) {
			pause = pause_after(t->curl, ++tries);
			now = bk_monotonic();
			if (now + pause >= end)
				break;
			wait_for(pause);
		}
	}
	if (rc == 0 && v != GOOD) {
		bk_duration_format(opt->retry_for, text);
		rc = bk_fail(e, BK_FAIL, "%s: %s%s%s", t->name,
		    reason.len > 0 ? reason.data : "libcurl rejects an option",
		    v == AGAIN ? "; gave up after " : "",
		    v == AGAIN ? text : "");
	}
	bk_buf_free(&reason);
	bk_buf_free(&try.answer);
	return rc;
}
