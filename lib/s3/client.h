#ifndef BK_S3_CLIENT_H
#define BK_S3_CLIENT_H
/*
 * Requests to one bucket: addressed, signed (sigv4.h), sent over kept-alive
 * connections, judged and repeated (retry.h) until they succeed, fail for
 * good, or nothing has succeeded for retry_for seconds.
 *
 * Several requests may be under way at once; all of it, but bk_s3_wake(),
 * belongs to one thread.  Proxies are libcurl's business (HTTPS_PROXY ...).
 * bk_s3_global_init() must have been called first in the process.
 *
 *	struct bk_s3_request rq = {
 *		.method = "GET", .key = "a/b",
 *		.query = (struct bk_s3_pair[]){ { "tagging", "" }, { 0 } },
 *	};
 *	struct bk_s3_reply reply = {0};
 *
 *	if (bk_s3_do(s3, &rq, &reply, e) == -1)
 *		...	reply.status and reply.code tell which; *e is set
 *	bk_s3_reply_free(&reply);
 */
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "s3/cred.h"
#include "s3/reply.h"
#include "s3/request.h"

struct bk_s3;			/* a client */
struct bk_s3_task;		/* one request under way */

struct bk_s3_options {
	const char *bucket;		/* copied */
	unsigned retry_for; /* seconds without any success; 0: once */
	/*
	 * Readable when the user wants to stop (a signal); -1: none.  Borrowed.
	 */
	int stop_fd;
	/* A word for the user, one line; may be NULL. */
	void (*warn)(const char *text);
};

/* Once in a process, before threads.  0, or -1 with *e set. */
int bk_s3_global_init(struct bk_err *e);

/* A client; cred is borrowed.  NULL with *e set: BK_USAGE a bad endpoint. */
struct bk_s3 *bk_s3_open(struct bk_s3_cred *cred,
    const struct bk_s3_options *o, struct bk_err *e);

/* Cancels what is under way.  NULL is fine. */
void bk_s3_close(struct bk_s3 *s3);

/* Borrowed. */
const char *bk_s3_bucket(const struct bk_s3 *s3);

/*
 * One request, with its repetitions, to its end.  0: the answer is 2xx and no
 * error.  -1 with *e set (BK_FAIL): reply->status is the HTTP status, 0 if
 * no answer came; reply->code S3's word for it.  *reply is the caller's to
 * free in both cases, and may be used again.
 */
int bk_s3_do(struct bk_s3 *s3, const struct bk_s3_request *rq,
    struct bk_s3_reply *reply, struct bk_err *e);

/*
 * Start a request without waiting.  *rq is copied; what it points to must
 * outlive the task.  NULL with *e set.
 */
struct bk_s3_task *bk_s3_start(struct bk_s3 *s3,
    const struct bk_s3_request *rq, struct bk_err *e);

/*
 * Work on the tasks until one is over, bk_s3_wake() was called, or timeout_ms
 * have passed.  -1 with *e set: the user wants to stop, or memory.
 */
int bk_s3_step(struct bk_s3 *s3, int timeout_ms, struct bk_err *e);

/* Make bk_s3_step() return soon.  From any thread. */
void bk_s3_wake(struct bk_s3 *s3);

/* 1 if the task is over: then its result is as of bk_s3_do(). */
int bk_s3_task_over(const struct bk_s3_task *t);
int bk_s3_task_result(const struct bk_s3_task *t,
    const struct bk_s3_reply **reply, struct bk_err *e);

void bk_s3_task_free(struct bk_s3_task *t);	/* cancels; NULL is fine */

/*
 * For cleaning up after a failure or a stop: from now on stop_fd is ignored
 * and requests are repeated for at most seconds.
 */
void bk_s3_cleanup_deadline(struct bk_s3 *s3, unsigned seconds);

#endif
