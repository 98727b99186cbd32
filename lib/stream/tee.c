#include "stream/tee.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/debug.h"
#include "base/io.h"
#include "base/thread.h"
#include "base/utctime.h"
#include "stream/seal.h"
#include "stream/writer.h"

#define BLOCK (64 * 1024)	/* one read or write */
#define TERM_WAIT 30		/* seconds between SIGTERM and SIGKILL */
#define TICK 5			/* milliseconds between two looks */
#define ALIVE_FD 10		/* or higher: the lower ones are scripts' own */

struct sink {
	struct bk_tee *tee;
	const char *command;
	pthread_t thread;
	atomic_int pid;			/* of its group and session; 0: ended */
	int fd;				/* its standard input; -1: closed */
	int alive;			/* ends when all its processes have */
	uint64_t pos;			/* bytes written so far */
	int gone;			/* takes no more input */
	int cut, status;		/* see bk_tee_result */
};

/*
 * How the stream ended.  DESERTED: no sink reads on.  ABANDONED: it is
 * unfinished; to a sink that knows no marks the end of it looks like success.
 */
enum ending { GOES_ON, COMPLETE, DESERTED, ABANDONED };

struct bk_tee {
	pthread_mutex_t lock;
	pthread_cond_t moved;	/* head, ended, a sink's pos or gone */
	uint64_t head;		/* bytes read so far */
	enum ending ended;
	unsigned n;
	struct sink sinks[BK_TEE_MAX];
	uint8_t ring[BK_TEE_RING];	/* byte i of the stream at i % RING */
};

struct bk_tee *
bk_tee_new(struct bk_err *e)
{
	struct bk_tee *tee = calloc(1, sizeof(*tee));

	if (tee == NULL || pthread_mutex_init(&tee->lock, NULL) != 0 ||
	    pthread_cond_init(&tee->moved, NULL) != 0) {
		free(tee);
		bk_fail_memory(e);
		return NULL;
	}
	return tee;
}

/*
 * In the child.  A session, as a mere group of its own that asks something at
 * the terminal would be stopped, and hang.  Its processes inherit alive.
 */
_Noreturn static void
run(const char *command, int fd, int alive)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	struct bk_err ignored = {0};
	sigset_t none;

	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (setsid() != -1 &&
	    bk_io_write(alive, "", 1, command, &ignored) == 0 &&
	    fcntl(alive, F_DUPFD, ALIVE_FD) != -1 &&
	    dup2(fd, STDIN_FILENO) != -1)
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(126);
}

/* Start s, whose group exists on return, with these pipes' ends. */
static int
start(struct sink *s, int in, int alive, struct bk_err *e)
{
	struct bk_err ignored = {0};
	pid_t pid;
	char byte;

	if ((pid = fork()) == 0)
		run(s->command, in, alive);
	close(in);
	close(alive);
	if (pid == -1)
		return bk_fail_errno(e, "%s: fork", s->command);
	s->pid = pid;
	(void)bk_io_read(s->alive, &byte, 1, s->command, &ignored);
	bk_debug_started(pid, (char *[]){ "sh", "-c",
	    (char *)(uintptr_t)s->command, NULL });
	return 0;
}

int
bk_tee_start(struct bk_tee *tee, const char *command, struct bk_err *e)
{
	struct sink *s = &tee->sinks[tee->n];
	int p[2], alive[2];

	if (tee->n == BK_TEE_MAX)
		return bk_fail(e, BK_FAIL, "more than %d sinks", BK_TEE_MAX);
	if (bk_io_pipe(p, e) == -1)
		return -1;
	if (bk_io_pipe(alive, e) == -1) {
		close(p[0]);
		close(p[1]);
		return -1;
	}
	bk_io_pipe_grow(p[1]);
	*s = (struct sink){ .tee = tee, .command = command,
	    .fd = p[1], .alive = alive[0] };
	if (start(s, p[0], alive[1], e) == -1) {
		close(s->fd);
		close(s->alive);
		return -1;
	}
	tee->n++;
	return 0;
}

/*
 * Wait until there is input for s; returns its size, 0 at the end of the
 * stream.  The held bytes are returned alone: a write of up to PIPE_BUF bytes
 * is atomic.
 */
static size_t
next(struct sink *s)
{
	struct bk_tee *tee = s->tee;
	uint64_t end;

	for (;;) {
		end = tee->head > BK_WRITER_HELD ?
		    tee->head - BK_WRITER_HELD : 0;
		if (tee->ended == COMPLETE && s->pos >= end)
			end = tee->head;
		if (s->pos < end)
			return (size_t)(end - s->pos);
		if (tee->ended != GOES_ON)
			return 0;
		pthread_cond_wait(&tee->moved, &tee->lock);
	}
}

static int
write_ring(const struct sink *s, size_t n, struct bk_err *e)
{
	size_t at = (size_t)(s->pos % BK_TEE_RING);
	size_t first = n < BK_TEE_RING - at ? n : BK_TEE_RING - at;

	return bk_io_write2(s->fd, s->tee->ring + at, first, s->tee->ring,
	    n - first, s->command, e);
}

/* Its first process, and all that have not closed what they inherited. */
static int
has_ended(const struct sink *s)
{
	struct pollfd p = { .fd = s->alive, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && bk_child_ended(&s->pid);
}

/* Wait until s, which was sent SIGTERM, has ended; SIGKILL to what does not. */
static void
await_group(const struct sink *s)
{
	const struct timespec pause = { .tv_nsec = TICK * 1000000 };
	double until = bk_monotonic() + TERM_WAIT;

	while (!has_ended(s) && bk_monotonic() < until)
		(void)nanosleep(&pause, NULL);
	if (!has_ended(s))
		bk_child_kill_group(&s->pid, SIGKILL);
}

/* Close its input, when it may see that, and wait for its end. */
static void
end_sink(struct sink *s, enum ending ended)
{
	if (ended == ABANDONED)		/* it is being killed */
		await_group(s);
	close(s->fd);		/* a pipe reports no errors on close */
	s->fd = -1;
	if (bk_child_reap(&s->pid, &s->status) == -1)
		s->cut = 1;	/* its status is unknown */
}

/* A sink's thread: write its input, close it, reap the command. */
static void *
run_sink(void *arg)
{
	struct sink *s = arg;
	struct bk_tee *tee = s->tee;
	struct bk_err e = {0};
	enum ending ended;
	size_t n;
	int rc = 0;

	pthread_mutex_lock(&tee->lock);
	while (rc == 0 && (n = next(s)) > 0) {
		/* in blocks, so that the reader soon has room again */
		if (n > BLOCK)
			n = BLOCK;
		pthread_mutex_unlock(&tee->lock);
		rc = write_ring(s, n, &e);
		pthread_mutex_lock(&tee->lock);
		s->pos += n;
		pthread_cond_broadcast(&tee->moved);
	}
	s->gone = 1;
	s->cut = rc != 0;
	ended = tee->ended;
	pthread_cond_broadcast(&tee->moved);
	pthread_mutex_unlock(&tee->lock);
	end_sink(s, ended);
	return NULL;
}

/* Wait until n bytes fit into the ring; 0: no sink is left. */
static int
wait_room(struct bk_tee *tee, size_t n)
{
	uint64_t slowest;
	unsigned i;
	int living;

	pthread_mutex_lock(&tee->lock);
	for (;;) {
		slowest = tee->head;
		for (i = 0, living = 0; i < tee->n; i++) {
			if (tee->sinks[i].gone)
				continue;
			living = 1;
			if (tee->sinks[i].pos < slowest)
				slowest = tee->sinks[i].pos;
		}
		if (!living || tee->head - slowest + n <= BK_TEE_RING)
			break;
		pthread_cond_wait(&tee->moved, &tee->lock);
	}
	pthread_mutex_unlock(&tee->lock);
	return living;
}

static void
advance(struct bk_tee *tee, size_t n, enum ending ended)
{
	pthread_mutex_lock(&tee->lock);
	tee->head += n;
	tee->ended = ended;
	pthread_cond_broadcast(&tee->moved);
	pthread_mutex_unlock(&tee->lock);
}

/* Add a mark of n bytes; the caller has made room for it. */
static void
add_mark(struct bk_tee *tee, const char *mark, size_t n, enum ending ended)
{
	size_t i;

	for (i = 0; i < n; i++)
		tee->ring[(tee->head + i) % BK_TEE_RING] = (uint8_t)mark[i];
	advance(tee, n, ended);
}

static void
kill_sinks(const struct bk_tee *tee)
{
	unsigned i;

	for (i = 0; i < tee->n; i++)
		bk_child_kill_group(&tee->sinks[i].pid, SIGTERM);
}

/* The signal first, and then what lets their input be closed. */
static void
abandon(struct bk_tee *tee)
{
	kill_sinks(tee);
	advance(tee, 0, ABANDONED);
}

/*
 * Read the stream into the ring until its end, and set ended.  The seal is that
 * of a new envelope for what came in one; a stream's own marks are passed on.
 */
static int
fill(struct bk_tee *tee, struct bk_reader *in, const struct bk_seal *seal,
    struct bk_err *e)
{
	char opening[BK_SEAL_OPENING], closing[BK_SEAL_CLOSING + 1];
	int envelope = bk_reader_envelope(in);
	size_t at, n = bk_seal_open(seal, opening);
	ssize_t got;

	bk_seal_close(seal, 0, closing);
	if (envelope)
		add_mark(tee, opening, n, GOES_ON);
	for (;;) {
		/* a block, and a closing mark after it */
		if (!wait_room(tee, BLOCK + BK_SEAL_CLOSING)) {
			advance(tee, 0, DESERTED);
			return 0;
		}
		at = (size_t)(tee->head % BK_TEE_RING);
		n = BLOCK < BK_TEE_RING - at ? BLOCK : BK_TEE_RING - at;
		if ((got = bk_reader_read(in, tee->ring + at, n, e)) <= 0)
			break;
		advance(tee, (size_t)got, GOES_ON);
	}
	if (got == 0 && envelope)
		add_mark(tee, closing, BK_SEAL_CLOSING, COMPLETE);
	else if (got == 0)
		advance(tee, 0, COMPLETE);
	else
		abandon(tee);
	return (int)got;
}

int
bk_tee_copy(struct bk_tee *tee, struct bk_reader *in, struct bk_err *e)
{
	struct bk_seal seal;
	unsigned started = 0, i;
	int rc = bk_seal_new(&seal, bk_reader_label(in), e);

	for (; rc == 0 && started < tee->n; started += rc == 0)
		rc = bk_thread_start(&tee->sinks[started].thread, run_sink,
		    &tee->sinks[started], e);
	if (rc == 0)
		rc = fill(tee, in, &seal, e);
	else
		abandon(tee);
	for (i = started; i < tee->n; i++)
		end_sink(&tee->sinks[i], ABANDONED);
	while (started > 0)
		pthread_join(tee->sinks[--started].thread, NULL);
	return rc;
}

struct bk_tee_result
bk_tee_result(const struct bk_tee *tee, unsigned i)
{
	const struct sink *s = &tee->sinks[i];

	return (struct bk_tee_result){ s->command, s->status, s->cut };
}

void
bk_tee_stop(const struct bk_tee *tee)
{
	unsigned i;

	kill_sinks(tee);
	for (i = 0; i < tee->n; i++)
		await_group(&tee->sinks[i]);
}

void
bk_tee_free(struct bk_tee *tee)
{
	unsigned i;

	if (tee == NULL)
		return;
	for (i = 0; i < tee->n; i++) {
		if (tee->sinks[i].fd != -1) {
			bk_child_kill_group(&tee->sinks[i].pid, SIGTERM);
			end_sink(&tee->sinks[i], ABANDONED);
		}
		close(tee->sinks[i].alive);
	}
	(void)pthread_cond_destroy(&tee->moved);
	(void)pthread_mutex_destroy(&tee->lock);
	free(tee);
}
