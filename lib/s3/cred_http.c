#include "s3/cred_http.h"

#include <curl/curl.h>
#include <string.h>

#include "base/debug.h"

#define ANSWER_MAX (64 * 1024)
#define TRIES 2

static void
show_answer(const struct bk_http_ask *ask, const struct bk_http_answer *a)
{
	bk_debug(BK_DEBUG_S3, "for keys: %s %s: %ld%s%s",
	    ask->method, ask->url, a->status,
	    a->code == CURLE_OK ? "" : ", ", a->reason);
}

int
bk_cred_http(const struct bk_http_ask *ask, struct bk_buf *body,
    long *status, struct bk_err *e)
{
	struct bk_http_ask one = *ask;
	struct bk_http_answer a = {0};
	int try;

	one.answer_max = ANSWER_MAX;
	for (try = 0; try < TRIES; try++) {
		if (bk_http_fetch(&one, &a, e) == -1)
			return -1;
		show_answer(&one, &a);
		if (a.code == CURLE_OK && a.status < 500)
			break;
	}
	if (a.code != CURLE_OK) {
		bk_buf_free(&a.body);
		return bk_fail(e, BK_FAIL, "%s: %s", ask->url, a.reason);
	}
	*status = a.status;
	*body = a.body;
	return 0;
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
