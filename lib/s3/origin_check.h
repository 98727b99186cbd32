#ifndef BK_S3_ORIGIN_CHECK_H
#define BK_S3_ORIGIN_CHECK_H
/*
 * Whether a response of success is S3's own.  What stands between, such as a
 * proxy's page of maintenance or the login of a network, answers 200 as well,
 * and must be taken neither for an object nor for a listing or a deletion.
 */
#include "base/err.h"
#include "s3/reply.h"
#include "s3/request.h"

/*
 * 1 if it is: it has the root that rq asks for; or, of a request with none, the
 * ETag that every object and part has, the one in rq's if-match if there is
 * one; or is 204 where something was deleted.  Else 0, and *why says what it is
 * instead.  An answer about tags may be anything: the caller checks it.
 */
int bk_s3_is_genuine(const struct bk_s3_request *rq,
    const struct bk_s3_reply *r, struct bk_err *why);

#endif
