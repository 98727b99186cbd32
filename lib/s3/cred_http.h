#ifndef BK_S3_CRED_HTTP_H
#define BK_S3_CRED_HTTP_H
/*
 * One small HTTP request to a source of credentials: two attempts, no
 * redirects, a response of at most 64 KiB.
 */
#include "base/buf.h"
#include "base/err.h"
#include "s3/cred_source.h"

struct bk_cred_ask {
	const char *method;	/* "GET", "PUT", "POST" */
	const char *url;
	const char *headers[4];	/* "Name: value", NULL at the end */
	const char *body;	/* POST's; else NULL */
	const char *ca_bundle;	/* NULL: the system's */
	const struct bk_cred_keys *sign;	/* SigV4 as service sts; NULL:
						 * not signed */
	const char *region;	/* for sign */
	int connect_seconds, total_seconds;	/* per attempt */
	int proxy;		/* 1: from the environment; 0: none */
};

/*
 * Send the request; *answer (initially empty) receives the body, *status the
 * HTTP status, whatever it is.  -1 with *e set (BK_FAIL) without a response.
 */
int bk_cred_http(const struct bk_cred_ask *ask, struct bk_buf *answer,
    long *status, struct bk_err *e);

/*
 * 1 if a token may be sent to url: https, or http to a host that it reaches
 * without leaving the machine (loopback, the cloud's link-local addresses).
 */
int bk_cred_may_have_token(const char *url);

#endif
