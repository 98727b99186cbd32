#ifndef BK_S3_CRED_HTTP_H
#define BK_S3_CRED_HTTP_H
/*
 * A request to a source of credentials: two attempts, a response of at most
 * 64 KiB.
 */
#include "http/fetch.h"

/*
 * Send the request (without answer_max); *body (initially empty) receives the
 * response's, *status the HTTP status, any.  -1 with *e set (BK_FAIL) without a
 * response.
 */
int bk_cred_http(const struct bk_http_ask *ask, struct bk_buf *body,
    long *status, struct bk_err *e);

/*
 * 1 if a token may be sent to url: https, or http to a host that it reaches
 * without leaving the machine (loopback, the cloud's link-local addresses).
 */
int bk_cred_may_have_token(const char *url);

#endif
