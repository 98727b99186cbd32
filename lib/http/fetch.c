#include "http/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"

_Static_assert(sizeof(((struct bk_http_answer *)0)->reason) >=
    CURL_ERROR_SIZE, "libcurl's reason needs more room");

struct taken {
	const struct bk_http_ask *ask;
	struct bk_buf *body;
	struct bk_err *e;
};

static size_t
take(char *p, size_t one, size_t n, void *arg)
{
	struct taken *t = arg;
	size_t room = t->ask->answer_max - t->body->len;

	(void)one;			/* always 1 */
	if (n > room && !t->ask->cut)
		return 0;		/* curl fails with "write error" */
	return bk_buf_add(t->body, p, n < room ? n : room, t->e) == -1 ? 0 : n;
}

/* An option fails for lack of memory, or if this libcurl lacks it. */
#define SET(option, value) \
	do { \
		if (curl_easy_setopt(c, (option), (value)) != CURLE_OK) \
			return bk_fail(e, BK_FAIL, "libcurl: cannot set " \
			    #option); \
	} while (0)

/*
 * libcurl signs the listed headers, host and date, so the session token of the
 * signing keys is listed too.
 */
static int
sign(CURL *c, const struct bk_http_sign *s, struct bk_err *e)
{
	char scope[128];
	int n;

	n = snprintf(scope, sizeof(scope), "aws:amz:%s:%s", s->region,
	    s->service);
	if (n < 0 || (size_t)n >= sizeof(scope))
		return bk_fail(e, BK_USAGE, "region '%.64s...': too long",
		    s->region);
	SET(CURLOPT_AWS_SIGV4, scope);
	SET(CURLOPT_USERNAME, s->access_key);
	SET(CURLOPT_PASSWORD, s->secret_key);
	return 0;
}

static int
prepare(CURL *c, const struct bk_http_ask *ask, struct curl_slist *headers,
    struct taken *t, char *reason, struct bk_err *e)
{
	SET(CURLOPT_URL, ask->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_USERAGENT, "bk/" BK_VERSION);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, ask->connect_seconds);
	SET(CURLOPT_TIMEOUT_MS, ask->total_ms);
	SET(CURLOPT_ERRORBUFFER, reason);
	SET(CURLOPT_WRITEFUNCTION, take);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HTTPHEADER, headers);
	if (!ask->proxy)
		SET(CURLOPT_PROXY, "");
	if (ask->ca_bundle != NULL)
		SET(CURLOPT_CAINFO, ask->ca_bundle);
	if (ask->body != NULL) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ask->body_len);
		SET(CURLOPT_POSTFIELDS, ask->body);
	} else {
		SET(CURLOPT_CUSTOMREQUEST, ask->method);
	}
	return ask->sign == NULL ? 0 : sign(c, ask->sign, e);
}

static int
add_header(struct curl_slist **list, const char *text, struct bk_err *e)
{
	struct curl_slist *more = curl_slist_append(*list, text);

	if (more == NULL)
		return bk_fail_memory(e);
	*list = more;
	return 0;
}

static int
add_headers(struct curl_slist **list, const struct bk_http_ask *ask,
    struct bk_err *e)
{
	struct bk_buf token = {0};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sizeof(ask->headers) /
	    sizeof(ask->headers[0]) && ask->headers[i] != NULL; i++)
		rc = add_header(list, ask->headers[i], e);
	if (rc == 0 && ask->sign != NULL && ask->sign->session_token != NULL) {
		rc = bk_buf_printf(&token, e, "X-Amz-Security-Token: %s",
		    ask->sign->session_token);
		if (rc == 0)
			rc = add_header(list, token.data, e);
		bk_buf_free(&token);
	}
	return rc;
}

/* curl_slist_free_all(), wiping: headers hold tokens. */
static void
free_headers(struct curl_slist *list)
{
	struct curl_slist *h;

	for (h = list; h != NULL; h = h->next)
		bk_wipe(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

static void
perform(CURL *c, struct bk_http_answer *a)
{
	curl_off_t seconds = 0;

	a->code = (int)curl_easy_perform(c);
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &a->status);
	(void)curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &seconds);
	a->retry_after = (long)seconds;
	if (a->code != CURLE_OK && *a->reason == '\0')
		(void)snprintf(a->reason, sizeof(a->reason), "%s",
		    curl_easy_strerror((CURLcode)a->code));
}

int
bk_http_fetch(const struct bk_http_ask *ask, struct bk_http_answer *a,
    struct bk_err *e)
{
	struct bk_err bad = {0};
	struct taken t = { ask, &a->body, &bad };
	struct curl_slist *headers = NULL;
	CURL *c = curl_easy_init();
	int rc = -1;

	bk_buf_free(&a->body);
	*a = (struct bk_http_answer){0};
	if (c == NULL)
		bk_fail_memory(e);
	else if (add_headers(&headers, ask, e) == 0 &&
	    prepare(c, ask, headers, &t, a->reason, e) == 0) {
		perform(c, a);
		if (bad.code == BK_OK)
			rc = 0;
		else
			*e = bad;
	}
	if (rc == -1)
		bk_buf_free(&a->body);
	free_headers(headers);
	curl_easy_cleanup(c);
	return rc;
}
