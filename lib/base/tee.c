#include "base/tee.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/debug.h"
#include "base/io.h"
#include "base/seal.h"
#include "base/thread.h"
#include "base/writer.h"

#define BLOCK (64 * 1024)	/* one read; the ring holds a number of them */

struct sink {
	struct bk_tee *fan;
	const char *command;
	pthread_t thread;
	atomic_int pid;			/* 0: has ended */
	int fd;				/* its standard input; -1: closed */
	uint64_t pos;			/* of the stream, taken so far */
	int gone;			/* takes no more */
	int cut, status;		/* see bk_tee_result */
};

enum ending { GOES_ON, COMPLETE, BROKEN };

struct bk_tee {
	pthread_mutex_t lock;
	pthread_cond_t moved;	/* head, ended, a sink's pos or gone */
	uint64_t head;		/* of the stream, read so far */
	enum ending ended;
	unsigned n;
	struct sink sinks[BK_TEE_MAX];
	uint8_t ring[BK_TEE_RING];	/* byte i of the stream at i % RING */
};

struct bk_tee *
bk_tee_new(struct bk_err *e)
{
	struct bk_tee *fan = calloc(1, sizeof(*fan));

	if (fan == NULL || pthread_mutex_init(&fan->lock, NULL) != 0 ||
	    pthread_cond_init(&fan->moved, NULL) != 0) {
		free(fan);
		bk_fail_memory(e);
		return NULL;
	}
	return fan;
}

/* In the child. */
_Noreturn static void
run(const char *command, int fd)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(fd, STDIN_FILENO) != -1)
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(126);
}

int
bk_tee_start(struct bk_tee *fan, const char *command, struct bk_err *e)
{
	struct sink *s = &fan->sinks[fan->n];
	int p[2];
	pid_t pid;

	if (fan->n == BK_TEE_MAX)
		return bk_fail(e, BK_FAIL, "more than %d sinks", BK_TEE_MAX);
	if (bk_io_pipe(p, e) == -1)
		return -1;
	bk_io_pipe_grow(p[1]);
	if ((pid = fork()) == 0)
		run(command, p[0]);
	close(p[0]);
	if (pid == -1) {
		close(p[1]);
		return bk_fail_errno(e, "%s: fork", command);
	}
	bk_debug_started(pid, (char *[]){ "sh", "-c",
	    (char *)(uintptr_t)command, NULL });
	*s = (struct sink){ .fan = fan, .command = command,
	    .pid = pid, .fd = p[1] };
	fan->n++;
	return 0;
}

/*
 * Wait until there is something for s; how many bytes it may have now.  0:
 * the stream has ended.  The end leaves alone: up to PIPE_BUF bytes in one
 * write are one piece.
 */
static size_t
next(struct sink *s)
{
	struct bk_tee *fan = s->fan;
	uint64_t end;

	for (;;) {
		end = fan->head > BK_WRITER_HELD ?
		    fan->head - BK_WRITER_HELD : 0;
		if (fan->ended == COMPLETE && s->pos >= end)
			end = fan->head;
		if (s->pos < end)
			return (size_t)(end - s->pos);
		if (fan->ended != GOES_ON)
			return 0;
		pthread_cond_wait(&fan->moved, &fan->lock);
	}
}

static int
write_ring(const struct sink *s, size_t n, struct bk_err *e)
{
	size_t at = (size_t)(s->pos % BK_TEE_RING);
	size_t first = n < BK_TEE_RING - at ? n : BK_TEE_RING - at;

	return bk_io_write2(s->fd, s->fan->ring + at, first, s->fan->ring,
	    n - first, s->command, e);
}

/* A sink's thread: feed it, close its input, wait for its end. */
static void *
feed(void *arg)
{
	struct sink *s = arg;
	struct bk_tee *fan = s->fan;
	struct bk_err e = {0};
	size_t n;
	int rc = 0;

	pthread_mutex_lock(&fan->lock);
	while (rc == 0 && (n = next(s)) > 0) {
		/* in pieces, so that the reader has room again soon */
		if (n > BLOCK)
			n = BLOCK;
		pthread_mutex_unlock(&fan->lock);
		rc = write_ring(s, n, &e);
		pthread_mutex_lock(&fan->lock);
		s->pos += n;
		pthread_cond_broadcast(&fan->moved);
	}
	s->gone = 1;
	s->cut = rc != 0;
	pthread_cond_broadcast(&fan->moved);
	pthread_mutex_unlock(&fan->lock);
	close(s->fd);		/* a pipe has no late errors */
	if (bk_child_reap(&s->pid, &s->status) == -1)
		s->cut = 1;	/* no word that it has succeeded */
	return NULL;
}

/*
 * Wait until n bytes fit into the ring.  0: no sink is left.
 */
static int
wait_room(struct bk_tee *fan, size_t n)
{
	uint64_t slowest;
	unsigned i;
	int living;

	pthread_mutex_lock(&fan->lock);
	for (;;) {
		slowest = fan->head;
		for (i = 0, living = 0; i < fan->n; i++) {
			if (fan->sinks[i].gone)
				continue;
			living = 1;
			if (fan->sinks[i].pos < slowest)
				slowest = fan->sinks[i].pos;
		}
		if (!living || fan->head - slowest + n <= BK_TEE_RING)
			break;
		pthread_cond_wait(&fan->moved, &fan->lock);
	}
	pthread_mutex_unlock(&fan->lock);
	return living;
}

static void
advance(struct bk_tee *fan, size_t n, enum ending ended)
{
	pthread_mutex_lock(&fan->lock);
	fan->head += n;
	fan->ended = ended;
	pthread_cond_broadcast(&fan->moved);
	pthread_mutex_unlock(&fan->lock);
}

/* Add a mark, for which there is room. */
static void
add_mark(struct bk_tee *fan, const char *mark, enum ending ended)
{
	size_t i;

	for (i = 0; i < BK_SEAL_LEN; i++)
		fan->ring[(fan->head + i) % BK_TEE_RING] = (uint8_t)mark[i];
	advance(fan, BK_SEAL_LEN, ended);
}

/* Read the stream into the ring; its end is told to the sinks. */
static int
fill(struct bk_tee *fan, struct bk_reader *in, int envelope, struct bk_err *e)
{
	size_t at, n;
	ssize_t got;

	if (envelope)
		add_mark(fan, bk_seal_opening(), GOES_ON);
	for (;;) {
		/* the block, and a closing mark behind it */
		if (!wait_room(fan, BLOCK + BK_SEAL_LEN)) {
			advance(fan, 0, BROKEN);
			return 0;
		}
		at = (size_t)(fan->head % BK_TEE_RING);
		n = BLOCK < BK_TEE_RING - at ? BLOCK : BK_TEE_RING - at;
		if ((got = bk_reader_read(in, fan->ring + at, n, e)) <= 0)
			break;
		advance(fan, (size_t)got, GOES_ON);
	}
	if (got == 0 && envelope)
		add_mark(fan, bk_seal_closing(), COMPLETE);
	else
		advance(fan, 0, got == 0 ? COMPLETE : BROKEN);
	return (int)got;
}

int
bk_tee_copy(struct bk_tee *fan, struct bk_reader *in, struct bk_err *e)
{
	size_t len;
	const uint8_t *head = bk_reader_head(in, &len);
	/* a stream with its own marks brings them; they are judged behind us */
	int envelope = bk_reader_sealed(in) &&
	    bk_seal_find_opening(head, len, NULL) == -1;
	unsigned started = 0;
	int rc = 0;

	for (; rc == 0 && started < fan->n; started += rc == 0)
		rc = bk_thread_start(&fan->sinks[started].thread, feed,
		    &fan->sinks[started], e);
	if (rc == 0)
		rc = fill(fan, in, envelope, e);
	else
		advance(fan, 0, BROKEN);
	/* nothing but our word would tell such a sink that this is no end */
	if (rc == -1 && !bk_reader_sealed(in))
		bk_tee_kill(fan);
	while (started > 0)
		pthread_join(fan->sinks[--started].thread, NULL);
	return rc;
}

struct bk_tee_result
bk_tee_result(const struct bk_tee *fan, unsigned i)
{
	const struct sink *s = &fan->sinks[i];

	return (struct bk_tee_result){ s->command, s->status, s->cut };
}

void
bk_tee_kill(const struct bk_tee *fan)
{
	unsigned i;

	for (i = 0; i < fan->n; i++)
		bk_child_kill(&fan->sinks[i].pid);
}

void
bk_tee_free(struct bk_tee *fan)
{
	if (fan == NULL)
		return;
	(void)pthread_cond_destroy(&fan->moved);
	(void)pthread_mutex_destroy(&fan->lock);
	free(fan);
}
