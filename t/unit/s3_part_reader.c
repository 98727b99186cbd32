/* The input of an upload: order of parts, end, stop during a read. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/thread.h"
#include "s3/part_reader.h"
#include "tap.h"

enum { PART = BK_S3_PART_MIN, BUFFERS = 3 };

static sem_t woken;

static void
wake(void *ctx)
{
	(void)ctx;
	(void)sem_post(&woken);
}

/* The stream's byte at offset at. */
static uint8_t
byte_at(size_t at)
{
	return (uint8_t)(at * 7 + at / 1000);
}

struct input {
	int fd;
	size_t bytes;
};

static void *
write_input(void *arg)
{
	struct input *in = arg;
	static uint8_t buf[PART];
	size_t at = 0, n, i;
	ssize_t w;

	while (at < in->bytes) {
		n = in->bytes - at < PART ? in->bytes - at : PART;
		for (i = 0; i < n; i++)
			buf[i] = byte_at(at + i);
		if ((w = write(in->fd, buf, n)) <= 0)
			break;
		at += (size_t)w;
	}
	close(in->fd);
	return NULL;
}

/* Take all parts of a stream of this size; their number, or -1. */
static int
take_all(size_t bytes, unsigned max, struct bk_err *e)
{
	struct bk_s3_parts plan;
	struct bk_s3_part_reader *f;
	struct bk_s3_part *p;
	struct bk_reader *in;
	struct input input = { .bytes = bytes };
	pthread_t writer;
	size_t at = 0, i;
	int fds[2], rc, wrong = 0, parts = 0;

	bk_s3_parts_plan(&plan, &(struct bk_s3_parts_wish){ .size = PART,
	    .max = max }, e);
	if (pipe(fds) == -1)
		abort();
	input.fd = fds[1];
	(void)bk_thread_start(&writer, write_input, &input, e);
	in = bk_reader_open(fds[0], "input", 0, e);
	f = bk_s3_part_reader_start(in, &plan, BUFFERS, BUFFERS * PART, wake,
	    NULL, e);
	while ((rc = bk_s3_part_reader_over(f, e)) == 0) {
		while ((p = bk_s3_part_reader_take(f)) != NULL) {
			wrong += p->number != (unsigned)++parts;
			for (i = 0; i < p->len; i++)
				wrong += p->data[i] != byte_at(at + i);
			at += p->len;
			wrong += p->last && at != bytes;
			bk_s3_part_reader_give_back(f, p);
		}
		if (bk_s3_part_reader_over(f, e) == 0)
			(void)sem_wait(&woken);
	}
	bk_s3_part_reader_free(f);
	bk_reader_free(in);
	close(fds[0]);
	(void)pthread_join(writer, NULL);
	return rc == -1 || wrong > 0 || at != bytes ? -1 : parts;
}

static void
test_parts(void)
{
	struct bk_err e = {0};

	is_int(take_all(100, 100, &e), 1, "a short stream is one part");
	is_int(take_all(4 * PART + 1, 100, &e), 5, "a long one several");
	is_int(take_all(5 * PART, 100, &e), 5, "the last one may be whole");
	is_int(take_all(0, 100, &e), -1, "an empty pipe is unfinished");
	is_int(e.code, BK_DATA, "which is known as such");
	e = (struct bk_err){0};
	is_int(take_all(3 * PART, 1, &e), -1, "more than the parts hold");
	is_int(e.code, BK_FAIL, "is a failure");
	ok(strstr(e.msg, "--expected-size") != NULL, "with its remedy");
}

/* Keep what is filled for as long as more comes; the most bytes kept. */
static size_t
keep_all(struct bk_s3_part_reader *f, struct bk_err *e)
{
	struct bk_s3_part *kept[BUFFERS], *p;
	struct timespec end;
	size_t n = 0, sum = 0, most = 0;
	int rc;

	while ((rc = bk_s3_part_reader_over(f, e)) == 0 || n > 0) {
		while (rc != -1 && (p = bk_s3_part_reader_take(f)) != NULL) {
			kept[n++] = p;
			sum += p->cap;
			if (n > 1 && sum > most)
				most = sum;
		}
		(void)clock_gettime(CLOCK_REALTIME, &end);
		end.tv_nsec += 200 * 1000 * 1000;
		end.tv_sec += end.tv_nsec / 1000000000;
		end.tv_nsec %= 1000000000;
		if (n < BUFFERS && rc == 0 && sem_timedwait(&woken, &end) == 0)
			continue;
		while (n > 0) {
			sum -= kept[--n]->cap;
			bk_s3_part_reader_give_back(f, kept[n]);
		}
	}
	return rc == -1 ? SIZE_MAX : most;
}

/* Parts that grow are fewer at a time. */
static void
test_memory(void)
{
	const struct bk_s3_parts plan = { .size = PART, .step = 2, .max = 10 };
	struct bk_s3_part_reader *f;
	struct bk_reader *in;
	struct bk_err e = {0};
	struct input input = { .bytes = 20 * PART };
	pthread_t writer;
	size_t most;
	int fds[2];

	if (pipe(fds) == -1)
		abort();
	input.fd = fds[1];
	(void)bk_thread_start(&writer, write_input, &input, &e);
	in = bk_reader_open(fds[0], "input", 0, &e);
	f = bk_s3_part_reader_start(in, &plan, BUFFERS, 3 * PART, wake, NULL,
	    &e);
	most = keep_all(f, &e);
	ok(most <= 3 * PART, "%zu bytes are no more than %zu", most,
	    (size_t)3 * PART);
	bk_s3_part_reader_free(f);
	bk_reader_free(in);
	close(fds[0]);
	(void)pthread_join(writer, NULL);
}

static void
test_stop(void)
{
	static const uint8_t text[5000];
	struct bk_s3_parts plan;
	struct bk_s3_part_reader *f;
	struct bk_reader *in;
	struct bk_err e = {0};
	int fds[2], i, k, bad = 0;

	bk_s3_parts_plan(&plan, &(struct bk_s3_parts_wish){ .size = PART,
	    .max = 100 }, &e);
	for (i = 0; i < 100; i++) {
		if (pipe(fds) == -1 || write(fds[1], text, sizeof(text)) == -1)
			abort();
		in = bk_reader_open(fds[0], "input", 0, &e);
		f = bk_s3_part_reader_start(in, &plan, 1, PART, wake, NULL,
		    &e);
		for (k = 0; k < i; k++)
			sched_yield();
		bad += bk_s3_part_reader_over(f, &e) != 0;
		bk_s3_part_reader_free(f);
		bk_reader_free(in);
		close(fds[0]);
		close(fds[1]);
	}
	is_int(bad, 0, "its thread is stopped while the input is silent");
	bk_s3_part_reader_free(NULL);
}

int
main(void)
{
	alarm(300);		/* a hang is a failure */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sem_init(&woken, 0, 0);
	test_parts();
	test_memory();
	test_stop();
	return tap_done();
}
