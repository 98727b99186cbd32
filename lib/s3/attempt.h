#ifndef BK_S3_ATTEMPT_H
#define BK_S3_ATTEMPT_H
/*
 * One attempt at a request, as a libcurl transfer; internal to client.c.  An
 * attempt is prepared (headers composed, signed for the current second), run by
 * client.c, and finished (its response read and judged).
 */
#include <curl/curl.h>

#include "s3/address.h"
#include "s3/cred.h"
#include "s3/reply.h"
#include "s3/request.h"

struct bk_s3_attempt {
	const struct bk_s3_request *rq;
	struct bk_s3_reply *reply;
	CURL *easy;			/* NULL before the first try */
	struct curl_slist *lines;	/* headers as sent */
	unsigned n;			/* which try it is */
	size_t sent;			/* of the body, this try */
	size_t got;			/* of into, all tries */
	size_t got_before;		/* of it, before this try */
	int misplaced;			/* the response is another range */
	int foreign;			/* it is not S3's, see origin_check.h */
	int headed;			/* its header is there to the end */
	int unsure;			/* after a try: see reply.h */
	struct bk_err err;		/* set in a callback */
	char text[CURL_ERROR_SIZE + 256];
};

struct bk_s3_signer {		/* address, keys, region and time */
	const struct bk_s3_address *address;
	const struct bk_s3_keys *keys;
	const char *region;
	const char *ca_bundle;
	time_t now;
	int google;		/* its dialect, see sigv4.h */
};

/* Set up a->easy for the next try.  0, or -1 with *e set. */
int bk_s3_attempt_prepare(struct bk_s3_attempt *a,
    const struct bk_s3_signer *by, struct bk_err *e);

/*
 * The transfer ended with result: complete the reply and judge it.  *reason
 * (borrowed) describes any outcome but BK_S3_GOOD.
 */
enum bk_s3_outcome bk_s3_attempt_finish(struct bk_s3_attempt *a,
    CURLcode result, const char **reason);

void bk_s3_attempt_free(struct bk_s3_attempt *a);

#endif
