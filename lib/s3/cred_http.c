#include "s3/cred_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/debug.h"

#define ANSWER_MAX (64 * 1024)
#define TRIES 2

struct answer {
	struct bk_buf *body;
	struct bk_err *e;
};

static size_t
take(char *p, size_t one, size_t n, void *arg)
{
	struct answer *a = arg;

	(void)one;			/* always 1 */
	if (a->body->len + n > ANSWER_MAX)
		return 0;		/* curl fails with "write error" */
	return bk_buf_add(a->body, p, n, a->e) == -1 ? 0 : n;
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
sign(CURL *c, const struct bk_cred_ask *ask, struct bk_err *e)
{
	char scope[128];
	int n;

	n = snprintf(scope, sizeof(scope), "aws:amz:%s:sts", ask->region);
	if (n < 0 || (size_t)n >= sizeof(scope))
		return bk_fail(e, BK_USAGE, "region '%.64s...': too long",
		    ask->region);
	SET(CURLOPT_AWS_SIGV4, scope);
	SET(CURLOPT_USERNAME, ask->sign->access_key);
	SET(CURLOPT_PASSWORD, ask->sign->secret_key);
	return 0;
}

static int
prepare(CURL *c, const struct bk_cred_ask *ask, struct curl_slist *headers,
    struct answer *a, char reason[CURL_ERROR_SIZE], struct bk_err *e)
{
	SET(CURLOPT_URL, ask->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, (long)ask->connect_seconds);
	SET(CURLOPT_TIMEOUT, (long)ask->total_seconds);
	SET(CURLOPT_ERRORBUFFER, reason);
	SET(CURLOPT_WRITEFUNCTION, take);
	SET(CURLOPT_WRITEDATA, a);
	SET(CURLOPT_HTTPHEADER, headers);
	if (!ask->proxy)
		SET(CURLOPT_PROXY, "");
	if (ask->ca_bundle != NULL)
		SET(CURLOPT_CAINFO, ask->ca_bundle);
	if (ask->body != NULL)
		SET(CURLOPT_POSTFIELDS, ask->body);
	else
		SET(CURLOPT_CUSTOMREQUEST, ask->method);
	return ask->sign == NULL ? 0 : sign(c, ask, e);
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
add_headers(struct curl_slist **list, const struct bk_cred_ask *ask,
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
show_answer(CURL *c, const struct bk_cred_ask *ask, CURLcode code)
{
	double seconds = 0;
	long status = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(c, CURLINFO_TOTAL_TIME, &seconds);
	bk_debug(BK_DEBUG_S3, "for keys: %s %s: %ld in %.3f s, %s",
	    ask->body != NULL ? "POST" : ask->method, ask->url, status,
	    seconds, curl_easy_strerror(code));
}

int
bk_cred_http(const struct bk_cred_ask *ask, struct bk_buf *answer,
    long *status, struct bk_err *e)
{
	char reason[CURL_ERROR_SIZE] = "";
	struct answer a = { answer, e };
	struct curl_slist *headers = NULL;
	CURL *c = curl_easy_init();
	CURLcode code = CURLE_OK;
	int try, rc = -1;

	if (c == NULL) {
		bk_fail_memory(e);
		goto done;
	}
	if (add_headers(&headers, ask, e) == -1 ||
	    prepare(c, ask, headers, &a, reason, e) == -1)
		goto done;
	for (try = 0; try < TRIES; try++) {
		bk_buf_free(answer);
		code = curl_easy_perform(c);
		show_answer(c, ask, code);
		if (code == CURLE_OK && curl_easy_getinfo(c,
		    CURLINFO_RESPONSE_CODE, status) == CURLE_OK &&
		    *status < 500)
			break;
	}
	if (code != CURLE_OK)
		bk_fail(e, BK_FAIL, "%s: %s", ask->url,
		    *reason != '\0' ? reason : curl_easy_strerror(code));
	else
		rc = 0;
 done:
	free_headers(headers);
	curl_easy_cleanup(c);
	return rc;
}

/* Hosts that plain HTTP reaches without leaving the machine. */
static int
is_local(const char *host)
{
	static const char *const local[] = { "localhost", "[::1]",
	    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
	size_t i;

	if (strncmp(host, "127.", 4) == 0 &&
	    host[strspn(host, "0123456789.")] == '\0')
		return 1;
	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (strcmp(host, local[i]) == 0)
			return 1;
	return 0;
}

int
bk_cred_may_have_token(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;
	int good;

	good = u != NULL &&
	    curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    (strcmp(scheme, "https") == 0 ||
	    (strcmp(scheme, "http") == 0 && is_local(host)));
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return good;
}
