#ifndef BK_S3_CLIENT_H
#define BK_S3_CLIENT_H
/*
 * Requests to one bucket: addressed, signed (sigv4.h), sent over keep-alive
 * connections, judged and retried (reply.h) until they succeed, fail
 * permanently, or nothing has succeeded for retry_for seconds.
 *
 * Several requests may be in flight at once; everything except bk_s3_wake()
 * belongs to one thread.  Proxies are left to libcurl (HTTPS_PROXY ...).  Call
 * bk_s3_global_init() first.
 *
 *	struct bk_s3_request rq = {
 *		.method = "GET", .key = "a/b",
 *		.query = (struct bk_s3_pair[]){ { "tagging", "" }, { 0 } },
 *	};
 *	struct bk_s3_reply reply = {0};
 *
 *	if (bk_s3_do(s3, &rq, &reply, e) == -1)
 *		...	see reply.status and reply.code; *e is set
 *	bk_s3_reply_free(&reply);
 */
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "s3/cred.h"
#include "s3/provider.h"
#include "s3/reply.h"
#include "s3/request.h"

struct bk_s3;			/* a client */
struct bk_s3_task;		/* one request in flight */

struct bk_s3_options {
	const char *bucket;		/* copied */
	unsigned retry_for; /* seconds without success; 0: no retry */
	const struct bk_s3_provider *provider;	/* NULL: by the host */
	uint64_t rate;	/* bytes a second of all transfers; 0: no limit */
	/* Readable when the run is to stop (a signal); -1: none.  Borrowed. */
	int stop_fd;
	/* Print a warning of one line; may be NULL. */
	void (*warn)(const char *text);
};

/* Once per process, before any thread.  0, or -1 with *e set. */
int bk_s3_global_init(struct bk_err *e);

/* A client; cred is borrowed.  NULL with *e set: BK_USAGE a bad endpoint. */
struct bk_s3 *bk_s3_open(struct bk_s3_cred *cred,
    const struct bk_s3_options *o, struct bk_err *e);

/* Cancels requests in flight.  NULL is fine. */
void bk_s3_close(struct bk_s3 *s3);

/* "s3://backups", for messages.  Borrowed. */
const char *bk_s3_place(const struct bk_s3 *s3);

/*
 * What the server is like: at first its provider's row.  A request that is
 * refused a header notes it here, and all others of the run do without it.
 */
struct bk_s3_manners *bk_s3_manners(struct bk_s3 *s3);

/* Set *now to the server's time.  1; 0: no answer's Date has told it yet. */
int bk_s3_time(const struct bk_s3 *s3, time_t *now);

/*
 * Run one request, with retries, to completion.  0: the response is 2xx and not
 * an error document.  -1 with *e set (BK_FAIL): reply->status is the HTTP
 * status, 0 without a response; reply->code is S3's error code; reply->unsure
 * see reply.h.  In both cases the caller frees *reply, which may be reused.
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
 * Drive the tasks until one is over, bk_s3_wake() is called, or timeout_ms have
 * passed.  -1 with *e set: the run is to stop, or libcurl failed (memory).
 */
int bk_s3_step(struct bk_s3 *s3, int timeout_ms, struct bk_err *e);

/* Make bk_s3_step() return soon.  From any thread. */
void bk_s3_wake(struct bk_s3 *s3);

/* 1 if the task is over: its result is then that of bk_s3_do(). */
int bk_s3_task_over(const struct bk_s3_task *t);
int bk_s3_task_result(const struct bk_s3_task *t,
    const struct bk_s3_reply **reply, struct bk_err *e);

void bk_s3_task_free(struct bk_s3_task *t);	/* cancels; NULL is fine */

/*
 * From now on, and until the next call, a run that is to stop has this many
 * seconds left, for a request whose outcome should be known; 0: it stops at
 * once.
 */
void bk_s3_stop_after(struct bk_s3 *s3, unsigned seconds);

/*
 * For clean-up after a failure or interruption: from now on stop_fd is ignored
 * and requests are retried for at most this many seconds.
 */
void bk_s3_cleanup_deadline(struct bk_s3 *s3, unsigned seconds);

#endif
