#ifndef BK_S3_CRED_HTTP_H
#define BK_S3_CRED_HTTP_H
/*
 * One small HTTP request to where credentials come from: two tries, no
 * redirects, an answer of at most 64 KiB.
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
	int connect_seconds, total_seconds;	/* limits, of each try */
	int proxy;		/* 1: as the environment says; 0: none */
};

/*
 * Ask; *answer (empty at first) receives the body and *status the status,
 * whatever it is.  -1 with *e set (BK_FAIL) where there was no answer.
 */
int bk_cred_http(const struct bk_cred_ask *ask, struct bk_buf *answer,
    long *status, struct bk_err *e);

#endif
