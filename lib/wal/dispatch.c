#include "wal/dispatch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/num.h"
#include "base/thread.h"
#include "base/utctime.h"
#include "wal/sending.h"

#define LONGEST_WAIT 60		/* seconds between two tries */
#define TERM_WAIT 10		/* seconds between SIGTERM and SIGKILL */

enum state { WAITING, RUNNING, STORED, DROPPED };

struct item {
	struct item *next;
	struct bk_hand_file file;
	enum state state;
	int history;
	unsigned tries;
	double not_before, started;	/* bk_monotonic() */
	atomic_int pid;
	double killed;		/* when SIGTERM was sent; 0: it was not */
};

struct bk_hand {
	const struct bk_hand_options *o;
	int wake[2];		/* a byte: something has ended */
	pthread_t *threads;
	unsigned started;
	pthread_mutex_t lock;	/* protects what follows */
	pthread_cond_t changed;
	int stopping;
	struct item *head, **tail;
	struct bk_hand_state now;
	unsigned failed_in_row;
	double not_before;	/* of any COMMAND, after failures */
	double failing_since;
	char cause[1024];	/* last said; "" */
	char grown_name[BK_WAL_NAME];	/* the .partial stored last; "" */
	char grown_sum[BK_LABEL_SUM];	/* its label's */
};

static void
free_item(struct item *i)
{
	if (i->file.fd != -1)
		close(i->file.fd);
	free(i);
}

/* The first file that may be begun now; NULL, with *until the time to wait. */
static struct item *
pick(struct bk_hand *h, double *until)
{
	double now = bk_monotonic(), at;
	struct item *i;

	*until = now + LONGEST_WAIT;
	for (i = h->head; i != NULL; i = i->next) {
		at = i->not_before > h->not_before ? i->not_before :
		    h->not_before;
		if (i->state == WAITING && at <= now)
			return i;
		if (i->state == WAITING && at < *until)
			*until = at;
		if (i->history && i->state != STORED)
			break;
	}
	return NULL;
}

static void
wait_until(struct bk_hand *h, double until)
{
	struct timespec t;

	t.tv_sec = (time_t)until;
	t.tv_nsec = (long)((until - (double)t.tv_sec) * 1e9);
	(void)pthread_cond_timedwait(&h->changed, &h->lock, &t);
}

/* What was stored last of the segment that grows: 1 if this is it. */
static int
is_grown(const struct bk_hand *h, const struct item *i)
{
	return i->file.once && strcmp(h->grown_name, i->file.label.wal) == 0;
}

/* Run COMMAND for i, in this thread; *s is what was sent. */
static int
run(struct bk_hand *h, struct item *i, struct bk_wal_sending *s,
    struct bk_err *e)
{
	int rc;

	if (i->file.fd == -1 && (s->fd = bk_spool_open_file(h->o->spool,
	    s->label.wal, e)) == -1)
		return -1;
	rc = bk_wal_send(s, &i->pid, e);
	if (i->file.fd == -1)
		close(s->fd);
	return rc;
}

__attribute__((format(printf, 2, 3))) static void
say(struct bk_hand *h, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	h->o->say(text);
}

static void
succeeded(struct bk_hand *h, struct item *i, const struct bk_wal_sending *s)
{
	char took[BK_NUM_TEXT];

	i->state = STORED;
	if (i->file.once) {
		(void)snprintf(h->grown_name, sizeof(h->grown_name), "%s",
		    s->label.wal);
		memcpy(h->grown_sum, s->label.sum, sizeof(h->grown_sum));
		/* half a record is not stored */
		if (i->file.confirms > s->label.end)
			i->file.confirms = s->label.end;
	}
	if (strcmp(s->label.wal, i->file.label.wal) != 0)
		say(h, "%s: the archive has other WAL under this name; stored "
		    "as %s", i->file.label.wal, s->label.wal);
	h->now.stored++;
	h->now.last_at = time(NULL);
	(void)snprintf(h->now.last, sizeof(h->now.last), "%s",
	    i->file.label.wal);
	if (*h->cause != '\0') {
		bk_duration_format((uint64_t)(bk_monotonic() -
		    h->failing_since), took);
		say(h, "%s: stored; COMMAND had failed for %s",
		    i->file.label.wal, took);
	}
	h->failed_in_row = 0;
	h->now.failing = 0;
	h->not_before = 0;
	*h->cause = '\0';
}

/* 1, 2, 4 ... seconds. */
static double
backoff(unsigned tries)
{
	return tries > 6 ? LONGEST_WAIT : (double)(1u << (tries - 1));
}

static void
failed(struct bk_hand *h, struct item *i, const struct bk_err *why)
{
	const char *name = i->file.label.wal, *cause = why->msg;
	size_t n = strlen(name);

	if (strncmp(cause, name, n) == 0 && strncmp(cause + n, ": ", 2) == 0)
		cause += n + 2;
	h->now.failures++;
	h->now.failing = 1;
	if (h->failed_in_row++ == 0 && *h->cause == '\0')
		h->failing_since = bk_monotonic();
	h->not_before = bk_monotonic() + backoff(h->failed_in_row);
	i->not_before = bk_monotonic() + backoff(++i->tries);
	i->state = i->file.once ? DROPPED : WAITING;
	if (h->stopping || strncmp(h->cause, cause, sizeof(h->cause) - 1) == 0)
		return;
	(void)snprintf(h->cause, sizeof(h->cause), "%s", cause);
	say(h, "%s: %s; will be tried again", name, cause);
}

/* Take off what is done at the head, in the order of WAL. */
static void
advance(struct bk_hand *h)
{
	struct item *i;

	while ((i = h->head) != NULL && (i->state == STORED ||
	    i->state == DROPPED)) {
		if (i->state == STORED && i->file.confirms > 0)
			h->now.confirmed = i->file.confirms;
		if (i->state == STORED && i->file.once)
			h->now.grown = i->file.label.end;
		h->now.growing -= i->file.once;
		h->now.waiting--;
		if ((h->head = i->next) == NULL)
			h->tail = &h->head;
		free_item(i);
	}
}

static void
wake(struct bk_hand *h)
{
	/* a full pipe is readable already */
	if (write(h->wake[1], "", 1) == -1)
		return;
}

static void
settle(struct bk_hand *h, struct item *i, int rc,
    const struct bk_wal_sending *s, const struct bk_err *why)
{
	char took[BK_NUM_TEXT];
	struct bk_err late = {0};

	if (rc == 0)
		succeeded(h, i, s);
	else if (i->file.once && why->code == BK_BUSY)
		i->state = DROPPED;	/* another receiver is ahead of us */
	else if (i->killed > 0 && !h->stopping) {
		bk_duration_format(h->o->timeout, took);
		bk_fail(&late, BK_FAIL, "COMMAND took over %s; see --timeout",
		    took);
		failed(h, i, &late);
	} else
		failed(h, i, why);
	i->killed = 0;
	advance(h);
	wake(h);
	pthread_cond_broadcast(&h->changed);
}

static void *
work(void *arg)
{
	struct bk_hand *h = arg;
	struct bk_wal_sending s;
	struct bk_err e, gone;
	struct item *i;
	double until;
	int rc;

	pthread_mutex_lock(&h->lock);
	while (!h->stopping) {
		if ((i = pick(h, &until)) == NULL) {
			wait_until(h, until);
			continue;
		}
		i->state = RUNNING;
		i->started = bk_monotonic();
		s = (struct bk_wal_sending){ h->o->command, i->file.fd,
		    i->file.bytes, i->file.label, i->file.once };
		if (is_grown(h, i))
			memcpy(s.label.prior, h->grown_sum,
			    sizeof(h->grown_sum));
		pthread_mutex_unlock(&h->lock);
		e = gone = (struct bk_err){0};
		rc = run(h, i, &s, &e);
		/* if it stays, it is stored again after a restart */
		if (rc == 0 && i->file.fd == -1 && bk_spool_remove(
		    h->o->spool, i->file.label.wal, &gone) == -1)
			h->o->say(gone.msg);
		pthread_mutex_lock(&h->lock);
		settle(h, i, rc, &s, &e);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

static int
init(struct bk_hand *h, struct bk_err *e)
{
	pthread_condattr_t attr;

	if (bk_io_pipe(h->wake, e) == -1)
		return -1;
	if (fcntl(h->wake[0], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(h->wake[1], F_SETFL, O_NONBLOCK) == -1)
		return bk_fail_errno(e, "pipe");
	if (pthread_condattr_init(&attr) != 0)
		return bk_fail_memory(e);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&h->changed, &attr);
	(void)pthread_condattr_destroy(&attr);
	return 0;
}

struct bk_hand *
bk_hand_open(const struct bk_hand_options *o, struct bk_err *e)
{
	struct bk_hand *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	h->o = o;
	h->tail = &h->head;
	h->wake[0] = h->wake[1] = -1;
	(void)pthread_mutex_init(&h->lock, NULL);
	if (init(h, e) == -1)
		goto fail;
	if ((h->threads = calloc(o->jobs, sizeof(*h->threads))) == NULL) {
		bk_fail_memory(e);
		goto fail;
	}
	for (; h->started < o->jobs; h->started++)
		if (bk_thread_start(&h->threads[h->started], work, h, e) == -1)
			goto fail;
	return h;
 fail:
	bk_hand_free(h);
	return NULL;
}

int
bk_hand_put(struct bk_hand *h, const struct bk_hand_file *f, struct bk_err *e)
{
	struct item *i = calloc(1, sizeof(*i));

	if (i == NULL) {
		if (f->fd != -1)
			close(f->fd);
		return bk_fail_memory(e);
	}
	i->file = *f;
	i->history = bk_wal_file_kind(f->label.wal) == BK_WAL_FILE_HISTORY;
	pthread_mutex_lock(&h->lock);
	*h->tail = i;
	h->tail = &i->next;
	h->now.waiting++;
	h->now.growing += f->once;
	pthread_cond_broadcast(&h->changed);
	pthread_mutex_unlock(&h->lock);
	return 0;
}

void
bk_hand_cut(struct bk_hand *h, uint64_t lsn)
{
	struct item *i;

	pthread_mutex_lock(&h->lock);
	for (i = h->head; i != NULL; i = i->next)
		if (i->file.confirms > lsn)
			i->file.confirms = lsn;
	if (h->now.confirmed > lsn)
		h->now.confirmed = lsn;
	pthread_mutex_unlock(&h->lock);
}

int
bk_hand_fd(const struct bk_hand *h)
{
	return h->wake[0];
}

/* SIGTERM to COMMANDs at work for longer than seconds, SIGKILL if need be. */
static void
end_late(struct bk_hand *h, double seconds)
{
	double now = bk_monotonic();
	struct item *i;

	for (i = h->head; i != NULL; i = i->next)
		if (i->state == RUNNING && i->killed > 0 &&
		    now - i->killed >= TERM_WAIT)
			bk_child_kill_group(&i->pid, SIGKILL);
		else if (i->state == RUNNING && i->killed == 0 &&
		    now - i->started >= seconds) {
			i->killed = now;
			bk_child_kill_group(&i->pid, SIGTERM);
		}
}

void
bk_hand_look(struct bk_hand *h, struct bk_hand_state *out)
{
	char bytes[64];

	while (read(h->wake[0], bytes, sizeof(bytes)) > 0)
		;
	pthread_mutex_lock(&h->lock);
	if (h->o->timeout > 0)
		end_late(h, (double)h->o->timeout);
	*out = h->now;
	out->oldest = h->head == NULL ? 0 : h->head->file.label.at;
	pthread_mutex_unlock(&h->lock);
}

static int
is_running(const struct bk_hand *h)
{
	const struct item *i;

	for (i = h->head; i != NULL; i = i->next)
		if (i->state == RUNNING)
			return 1;
	return 0;
}

void
bk_hand_stop(struct bk_hand *h, unsigned seconds)
{
	double end = bk_monotonic() + seconds, now;

	pthread_mutex_lock(&h->lock);
	h->stopping = 1;
	pthread_cond_broadcast(&h->changed);
	while (is_running(h)) {
		now = bk_monotonic();
		if (now < end) {
			wait_until(h, end);
			continue;
		}
		end_late(h, 0);
		wait_until(h, now + 1);
	}
	pthread_mutex_unlock(&h->lock);
	while (h->started > 0)
		pthread_join(h->threads[--h->started], NULL);
}

void
bk_hand_free(struct bk_hand *h)
{
	struct item *i, *next;

	if (h == NULL)
		return;
	bk_hand_stop(h, 0);
	for (i = h->head; i != NULL; i = next) {
		next = i->next;
		free_item(i);
	}
	(void)pthread_cond_destroy(&h->changed);
	(void)pthread_mutex_destroy(&h->lock);
	if (h->wake[0] != -1)
		close(h->wake[0]);
	if (h->wake[1] != -1)
		close(h->wake[1]);
	free(h->threads);
	free(h);
}
