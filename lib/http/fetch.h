#ifndef BK_HTTP_FETCH_H
#define BK_HTTP_FETCH_H
/*
 * One small HTTP request that is waited for: no redirects, the response in
 * memory.  The caller decides what a status means and whether to ask again.
 */
#include "base/buf.h"
#include "base/err.h"

struct bk_http_sign {		/* SigV4 */
	const char *access_key, *secret_key;
	const char *session_token;	/* or NULL */
	const char *region, *service;
};

struct bk_http_ask {
	const char *method;	/* "GET", "PUT", "POST" */
	const char *url;
	const char *headers[4];	/* "Name: value", NULL at the end */
	const char *body;	/* POST's; else NULL */
	size_t body_len;
	const char *ca_bundle;	/* NULL: the system's */
	const struct bk_http_sign *sign;	/* NULL: not signed */
	long connect_seconds, total_ms;
	int proxy;		/* 1: from the environment; 0: none */
	size_t answer_max;	/* bytes of a response's body */
	int cut;		/* a longer body is: 1, cut; 0, a failure */
};

struct bk_http_answer {
	int code;		/* CURLcode; CURLE_OK: the rest is there */
	long status;		/* 0: none */
	long retry_after;	/* seconds; 0: none */
	struct bk_buf body;
	char reason[256];	/* libcurl's, of a failure */
};

/*
 * Send the request; *a, which may hold an earlier one, gets what came of it.
 * -1 with *e set, and without a body, if it cannot be sent: memory, or an
 * option.
 */
int bk_http_fetch(const struct bk_http_ask *ask, struct bk_http_answer *a,
    struct bk_err *e);

#endif
