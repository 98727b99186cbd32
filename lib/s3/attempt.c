#include "s3/attempt.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/debug.h"
#include "base/hex.h"
#include "base/version.h"
#include "http/transport.h"
#include "s3/origin_check.h"

#define MAX_OWN 40		/* headers of a request */
#define PATIENCE 30		/* seconds without a byte, or hardly any */
#define HARDLY 512L		/* bytes a second that do not count */
#define MAX_NAME 128		/* bytes of a header's name */
#define CONNECT_TIMEOUT 10	/* seconds */
#define SEND_BUFFER (128L * 1024) /* bytes: small enough for the cache */
#define RECEIVE_BUFFER (256L * 1024)

struct headers {		/* of a request */
	struct bk_s3_pair pairs[MAX_OWN + 4];
	char names[MAX_OWN + 4][MAX_NAME];	/* those translated */
	size_t n;
	char date[BK_S3_AMZ_DATE], hash[2 * BK_S3_SHA256 + 1];
};

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct bk_s3_attempt *a = ctx;

	(void)size;
	a->headed = n <= 2;		/* the empty line */
	return bk_s3_reply_take(a->reply, line, n, &a->err) == -1 ? 0 : n;
}

/* Does the response contain the range that was requested? */
static int
is_placed(const struct bk_s3_attempt *a, long status)
{
	const char *range = bk_s3_reply_header(a->reply, "content-range");
	uintmax_t from = a->rq->offset + a->got_before;
	char want[64];

	if (status == 200)
		return from == 0;
	(void)snprintf(want, sizeof(want), "bytes %ju-", from);
	return range != NULL && strncmp(range, want, strlen(want)) == 0;
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct bk_s3_attempt *a = ctx;
	long status = 0;

	(void)size;
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	if (a->rq->into == NULL || status < 200 || status > 299) {
		if (n > BK_S3_REPLY_MAX - a->reply->body.len) {
			bk_fail(&a->err, BK_FAIL, "an answer of more than "
			    "%d bytes", BK_S3_REPLY_MAX);
			return 0;
		}
		return bk_buf_add(&a->reply->body, p, n, &a->err) == -1 ?
		    0 : n;
	}
	a->reply->status = (int)status;
	if (!bk_s3_is_genuine(a->rq, a->reply, &a->err)) {
		a->foreign = 1;
		return 0;
	}
	if (!is_placed(a, status) || n > a->rq->into_len - a->got) {
		a->misplaced = 1;
		return 0;
	}
	memcpy(a->rq->into + a->got, p, n);
	a->got += n;
	return n;
}

static size_t
on_send(char *p, size_t size, size_t n, void *ctx)
{
	struct bk_s3_attempt *a = ctx;
	size_t left = a->rq->body_len - a->sent;

	n *= size;
	if (n > left)
		n = left;
	memcpy(p, (const char *)a->rq->body + a->sent, n);
	a->sent += n;
	return n;
}

/* libcurl sends the body again, on a new connection. */
static int
on_seek(void *ctx, curl_off_t off, int origin)
{
	struct bk_s3_attempt *a = ctx;

	if (origin != SEEK_SET || off < 0 ||
	    (uintmax_t)off > a->rq->body_len)
		return CURL_SEEKFUNC_FAIL;
	a->sent = (size_t)off;
	return CURL_SEEKFUNC_OK;
}

static int
add_line(struct bk_s3_attempt *a, const char *name, const char *value,
    struct bk_err *e)
{
	struct bk_buf line = {0};
	struct curl_slist *more = NULL;

	/* "NAME;" makes libcurl send an empty header */
	if (bk_buf_printf(&line, e, *value != '\0' ? "%s: %s" : "%s;", name,
	    value) == -1)
		return -1;
	if ((more = curl_slist_append(a->lines, line.data)) != NULL)
		a->lines = more;
	bk_buf_free(&line);
	return more != NULL ? 0 : bk_fail_memory(e);
}

/*
 * In Google's dialect headers are x-goog-, and a condition on absence is one on
 * the generation, for a PUT of a whole object only; checksums are not known.
 * 1 with *h as it is to be sent, 0 to leave it out.
 */
static int
translate(const struct bk_s3_request *rq, struct bk_s3_pair *h,
    char name[MAX_NAME])
{
	if (strcmp(h->name, "if-none-match") == 0) {
		*h = (struct bk_s3_pair){ "x-goog-if-generation-match", "0" };
		return strcmp(rq->method, "PUT") == 0 && rq->query == NULL;
	}
	if (strncmp(h->name, "x-amz-", 6) != 0)
		return 1;
	(void)snprintf(name, MAX_NAME, "x-goog-%s", h->name + 6);
	h->name = name;
	return strncmp(name, "x-goog-checksum-", 16) != 0;
}

/* All headers but Authorization; their number, or -1 with *e set. */
static int
list_headers(const struct bk_s3_attempt *a, const struct bk_s3_signer *by,
    struct headers *h, struct bk_err *e)
{
	const struct bk_s3_pair *own = a->rq->headers;
	struct bk_s3_pair *p = h->pairs;

	*p++ = (struct bk_s3_pair){ "host", by->address->host };
	if (!by->keys->bearer) {
		*p++ = (struct bk_s3_pair){ "x-amz-date", h->date };
		*p++ = (struct bk_s3_pair){ "x-amz-content-sha256", h->hash };
		if (by->keys->session_token != NULL)
			*p++ = (struct bk_s3_pair){ "x-amz-security-token",
			    by->keys->session_token };
	}
	for (; own != NULL && own->name != NULL; own++) {
		if (p == h->pairs + MAX_OWN + 4)
			return bk_fail(e, BK_FAIL, "more than %d headers",
			    MAX_OWN);
		*p++ = *own;
	}
	h->n = (size_t)(p - h->pairs);
	return 0;
}

static void
translate_all(const struct bk_s3_request *rq, struct headers *h)
{
	size_t i, n = 0;

	for (i = 0; i < h->n; i++) {
		h->pairs[n] = h->pairs[i];
		n += (size_t)translate(rq, &h->pairs[n], h->names[n]);
	}
	h->n = n;
}

/* Append the value of Authorization. */
static int
authorize(const struct bk_s3_attempt *a, const struct bk_s3_signer *by,
    const char *path, const char *query, const struct headers *h,
    struct bk_buf *auth, struct bk_err *e)
{
	struct bk_s3_signing s = {
		.method = a->rq->method, .path = path, .query = query,
		.headers = h->pairs, .n_headers = h->n,
		.payload_hash = h->hash, .date = h->date,
		.region = by->region,
		.service = by->google ? "storage" : "s3",
		.access_key = by->keys->access_key,
		.secret_key = by->keys->secret_key,
		.google = by->google,
	};

	if (by->keys->bearer)
		return bk_buf_printf(auth, e, "Bearer %s",
		    by->keys->session_token);
	return bk_s3_sign(&s, auth, e);
}

/* Compose and sign the headers. */
static int
compose(struct bk_s3_attempt *a, const struct bk_s3_signer *by,
    const char *path, const char *query, struct bk_err *e)
{
	struct headers h = { .n = 0 };
	struct bk_buf auth = {0};
	uint8_t raw[BK_S3_SHA256];
	size_t i;
	int rc = -1;

	bk_s3_amz_date(by->now, h.date);
	if (a->rq->body_sha256 == NULL)
		bk_s3_sha256(a->rq->body, a->rq->body_len, raw);
	bk_hex(a->rq->body_sha256 != NULL ? a->rq->body_sha256 : raw,
	    sizeof(raw), h.hash);
	if (list_headers(a, by, &h, e) == -1)
		return -1;
	if (by->google)
		translate_all(a->rq, &h);
	if (authorize(a, by, path, query, &h, &auth, e) == -1 ||
	    add_line(a, "Authorization", auth.data, e) == -1)
		goto done;
	for (i = 0; i < h.n; i++)
		if (add_line(a, h.pairs[i].name, h.pairs[i].value, e) == -1)
			goto done;
	rc = 0;
 done:
	bk_buf_free(&auth);
	return rc;
}

static CURLcode
set_method(struct bk_s3_attempt *a)
{
	const struct bk_s3_request *rq = a->rq;
	CURL *c = a->easy;
	CURLcode rc = 0;
	char range[64];

	if (strcmp(rq->method, "HEAD") == 0)
		return curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (strcmp(rq->method, "PUT") == 0 ||
	    strcmp(rq->method, "POST") == 0) {
		rc |= curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		rc |= curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)rq->body_len);
		rc |= curl_easy_setopt(c, CURLOPT_READFUNCTION, on_send);
		rc |= curl_easy_setopt(c, CURLOPT_READDATA, a);
		rc |= curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		rc |= curl_easy_setopt(c, CURLOPT_SEEKDATA, a);
	}
	if (rq->into != NULL) {
		(void)snprintf(range, sizeof(range), "%ju-%ju",
		    (uintmax_t)rq->offset + a->got,
		    (uintmax_t)rq->offset + rq->into_len - 1);
		rc |= curl_easy_setopt(c, CURLOPT_RANGE, range);
		rc |= curl_easy_setopt(c, CURLOPT_BUFFERSIZE, RECEIVE_BUFFER);
	}
	return rc | curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, rq->method);
}

static CURLcode
set_transport(struct bk_s3_attempt *a, const char *ca_bundle)
{
	CURL *c = a->easy;
	CURLcode rc = 0;
	long patience = a->rq->patience > 0 ? (long)a->rq->patience : PATIENCE;

	rc |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_USERAGENT, "bk/" BK_VERSION);
	rc |= curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	rc |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT,
	    (long)CONNECT_TIMEOUT);
	rc |= curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, HARDLY);
	rc |= curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, patience);
	rc |= curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, SEND_BUFFER);
	rc |= curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, (long)a->rq->once);
	rc |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, a->text);
	if (ca_bundle != NULL)
		rc |= curl_easy_setopt(c, CURLOPT_CAINFO, ca_bundle);
	rc |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	rc |= curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	rc |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	return rc | curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
}

int
bk_s3_attempt_prepare(struct bk_s3_attempt *a,
    const struct bk_s3_signer *by, struct bk_err *e)
{
	struct bk_buf url = {0}, query = {0};
	CURLcode bad;
	size_t origin = strlen(by->address->origin);
	int rc = -1;

	if (a->easy == NULL && (a->easy = curl_easy_init()) == NULL)
		return bk_fail_memory(e);
	curl_easy_reset(a->easy);
	curl_slist_free_all(a->lines);
	a->lines = NULL;
	a->n++;
	a->sent = 0;
	a->got_before = a->got;
	a->text[0] = '\0';
	a->foreign = a->headed = 0;
	a->err = (struct bk_err){0};
	bk_s3_reply_reset(a->reply);
	if (bk_buf_puts(&url, by->address->origin, e) == -1 ||
	    bk_s3_address_path(by->address, a->rq->key, &url, e) == -1 ||
	    bk_s3_address_query(a->rq->query, &query, e) == -1 ||
	    compose(a, by, url.data + origin, query.data, e) == -1 ||
	    add_line(a, "Expect", "", e) == -1)
		goto done;
	if (query.len > 0 && bk_buf_printf(&url, e, "?%s", query.data) == -1)
		goto done;
	bk_debug(BK_DEBUG_S3, "%s %s to %s in %s, attempt %u, %zu bytes",
	    a->rq->method, url.data + origin, by->address->origin, by->region,
	    a->n, a->rq->body_len);
	bad = set_method(a) | set_transport(a, by->ca_bundle) |
	    curl_easy_setopt(a->easy, CURLOPT_URL, url.data) |
	    curl_easy_setopt(a->easy, CURLOPT_HTTPHEADER, a->lines);
	rc = bad == 0 ? 0 : bk_fail(e, BK_FAIL, "libcurl rejects an option; it "
	    "is too old");
 done:
	bk_buf_free(&url);
	bk_buf_free(&query);
	return rc;
}

/* Is the body's outermost element <Error>? */
static int
holds_error(const struct bk_buf *body)
{
	const char *p = body->len > 0 ? body->data : "";

	while ((p = strchr(p, '<')) != NULL && p[1] == '?')
		p++;
	return p != NULL && strncmp(p, "<Error", 6) == 0 &&
	    strchr("> \t\r\n/", p[6]) != NULL;
}

/* Does a proxy want to know who we are? */
static int
is_proxy_closed(const struct bk_s3_attempt *a)
{
	long tunnel = 0, status = 0;

	(void)curl_easy_getinfo(a->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	return tunnel == 407 || status == 407;
}

/* Describe an answer that is not good. */
static void
describe(struct bk_s3_attempt *a)
{
	const struct bk_s3_reply *r = a->reply;
	const char *to = bk_s3_reply_header(r, "location");
	size_t n;

	(void)snprintf(a->text, sizeof(a->text), "%s (%d)%s%s",
	    r->code[0] != '\0' ? r->code : "HTTP error", r->status,
	    r->message[0] != '\0' ? ": " : "", r->message);
	n = strlen(a->text);
	if (r->status != 307 || to == NULL || (to = strstr(to, "://")) == NULL)
		return;
	to += 3;
	(void)snprintf(a->text + n, sizeof(a->text) - n, "; it points to "
	    "%.*s, where nothing is sent", (int)strspn(to, "abcdefghijklmnop"
	    "qrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-"), to);
}

/* Not where the name is another than the certificate's. */
static void
add_authorities(struct bk_s3_attempt *a)
{
	size_t n = strlen(a->text);

	if (strncmp(a->text, "SSL certificate problem", 23) == 0)
		(void)snprintf(a->text + n, sizeof(a->text) - n,
		    "; AWS_CA_BUNDLE names the authorities to trust");
}

static enum bk_s3_outcome
judge(struct bk_s3_attempt *a, CURLcode result, const char **reason)
{
	struct bk_s3_reply *r = a->reply;
	struct bk_err why = {0};
	enum bk_s3_outcome v;
	long status = 0;

	if (result == CURLE_PEER_FAILED_VERIFICATION)
		add_authorities(a);
	*reason = a->text[0] != '\0' ? a->text : curl_easy_strerror(result);
	if (a->err.code != BK_OK)
		*reason = a->err.msg;
	if (a->misplaced)
		*reason = "the server does not honour Range";
	if (is_proxy_closed(a)) {
		*reason = "the proxy refuses us (407); its variable is to name "
		    "a user: http://USER:PASSWORD@HOST:PORT";
		return BK_S3_BAD;
	}
	if (result != CURLE_OK)
		return a->foreign || bk_transport_may_recover((int)result) ?
		    BK_S3_AGAIN : BK_S3_BAD;
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	r->status = (int)status;
	if (status < 200 || status > 299 || holds_error(&r->body))
		bk_s3_reply_read_error(r);
	v = bk_s3_judge(r->status, r->code);
	if (!a->headed || (v == BK_S3_GOOD && a->rq->into != NULL &&
	    a->got < a->rq->into_len)) {
		*reason = "the answer was cut short";
		return BK_S3_AGAIN;
	}
	if (v == BK_S3_GOOD && !bk_s3_is_genuine(a->rq, r, &why)) {
		(void)snprintf(a->text, sizeof(a->text), "%.250s", why.msg);
		a->foreign = 1;
		v = BK_S3_AGAIN;
	} else
		describe(a);
	*reason = a->text;
	return v;
}

/* The answer, or what came instead of one. */
static void
show_answer(const struct bk_s3_attempt *a, const char *reason)
{
	static const char *const names[] = { "x-amz-request-id", "x-amz-id-2" };
	const char *id[2], *url = "", *path;
	curl_off_t up = 0, down = 0;
	double seconds = 0;
	long status = 0;
	int i;

	for (i = 0; i < 2; i++)
		if ((id[i] = bk_s3_reply_header(a->reply, names[i])) == NULL)
			id[i] = "-";
	(void)curl_easy_getinfo(a->easy, CURLINFO_EFFECTIVE_URL, &url);
	(void)curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(a->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	(void)curl_easy_getinfo(a->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	(void)curl_easy_getinfo(a->easy, CURLINFO_TOTAL_TIME, &seconds);
	path = strstr(url, "://");
	path = path == NULL ? "" : path + 3 + strcspn(path + 3, "/?");
	bk_debug(BK_DEBUG_S3, "%s %s: %ld in %.3f s, %jd bytes sent, %jd "
	    "received, request id %s %s%s%s", a->rq->method, path,
	    status, seconds, (intmax_t)up, (intmax_t)down, id[0], id[1],
	    *reason == '\0' ? "" : ": ", reason);
}

/* May the server have done what this try asked, or still be at it? */
static int
is_unsure(const struct bk_s3_attempt *a, CURLcode result)
{
	long status = a->reply->status, headers = 0;

	if (result == CURLE_OK)
		return status < 300 || status >= 500 || status == 408 ||
		    status == 429;
	(void)curl_easy_getinfo(a->easy, CURLINFO_REQUEST_SIZE, &headers);
	return headers > 0 && a->sent == a->rq->body_len;
}

enum bk_s3_outcome
bk_s3_attempt_finish(struct bk_s3_attempt *a, CURLcode result,
    const char **reason)
{
	enum bk_s3_outcome v = judge(a, result, reason);

	if (v != BK_S3_GOOD && is_unsure(a, result))
		a->unsure = 1;

	if ((bk_debug_topics & BK_DEBUG_S3) != 0)
		show_answer(a, v == BK_S3_GOOD ? "" : *reason);
	return v;
}

void
bk_s3_attempt_free(struct bk_s3_attempt *a)
{
	curl_slist_free_all(a->lines);
	curl_easy_cleanup(a->easy);
	a->lines = NULL;
	a->easy = NULL;
}
