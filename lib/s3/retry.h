#ifndef BK_S3_RETRY_H
#define BK_S3_RETRY_H
/* How to react to a response: the rules alone, without a connection. */

enum bk_s3_outcome {
	BK_S3_GOOD,		/* 2xx */
	BK_S3_BAD,		/* a retry would not help */
	BK_S3_AGAIN,		/* a retry may help */
	BK_S3_SKEWED,		/* our clock is off: sign with the server's */
	BK_S3_EXPIRED,		/* get new keys first */
	BK_S3_ELSEWHERE,	/* the bucket is in another region */
};

/*
 * Judge an HTTP status and S3's error code ("": none known, as in every
 * response to HEAD).
 */
enum bk_s3_outcome bk_s3_judge(int status, const char *code);

/* "; what to do about it" for an S3 error code; "" if unknown. */
const char *bk_s3_remedy(const char *code);

#endif
