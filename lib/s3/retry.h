#ifndef BK_S3_RETRY_H
#define BK_S3_RETRY_H
/*
 * What to make of an answer, and how long to wait: the rules alone, without a
 * clock or a connection.
 */
#include <stdint.h>

enum bk_s3_verdict {
	BK_S3_GOOD,		/* 2xx */
	BK_S3_BAD,		/* asking again would not help */
	BK_S3_AGAIN,		/* asking again may help */
	BK_S3_SKEWED,		/* our clock is off: sign with the server's */
	BK_S3_EXPIRED,		/* get new keys first */
	BK_S3_ELSEWHERE,	/* the bucket is in another region */
};

/*
 * Judge an HTTP status and S3's error code ("": none known, as in every
 * answer to HEAD).
 */
enum bk_s3_verdict bk_s3_judge(int status, const char *code);

/* The same for a libcurl result that is not CURLE_OK: BAD or AGAIN. */
enum bk_s3_verdict bk_s3_judge_transport(int curlcode);

/*
 * Milliseconds to wait before try number attempt (1: the first repetition):
 * full jitter, random in [0, 0.1 s * 2^attempt), at most 20 s.
 */
unsigned bk_s3_backoff(unsigned attempt, uint32_t random);

/* "; what to do about it" for an S3 error code; "" if there is nothing. */
const char *bk_s3_remedy(const char *code);

#endif
