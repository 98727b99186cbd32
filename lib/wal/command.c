#include "wal/command.h"

#include <sys/ioctl.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/num.h"
#include "base/thread.h"
#include "stream/reader.h"
#include "stream/writer.h"
#include "walfile/segment.h"

#define NAME_VAR "BK_WAL_NAME="
#define STATUS_VAR "BK_STATUS_FD="
#define BLOCK (64 * 1024)
#define MESSAGE 4096		/* kept of what COMMAND says */
#define REPORTS (16 * 1024)	/* read of what its tools report */

void
bk_wal_command_init(struct bk_wal_command *c, char *const words[],
    char *const env[])
{
	static char shell[] = "/bin/sh", option[] = "-c";

	*c = (struct bk_wal_command){ .words = words, .env = env };
	if (words[0] == NULL || words[1] != NULL)
		return;
	c->words = NULL;
	c->argv[0] = shell;
	c->argv[1] = option;
	c->argv[2] = words[0];
}

static char *const *
argv_of(const struct bk_wal_command *c)
{
	return c->words != NULL ? c->words : c->argv;
}

struct environment {
	char name[sizeof(NAME_VAR) + BK_WAL_NAME];
	char status[sizeof(STATUS_VAR) + 12];
	char **env;		/* all of it, these two first */
};

static int
make_env(struct environment *r, const struct bk_wal_command *c,
    const char *name, int status_fd, struct bk_err *e)
{
	size_t n = 0, i, to = 0;

	while (c->env[n] != NULL)
		n++;
	if ((r->env = calloc(n + 3, sizeof(*r->env))) == NULL)
		return bk_fail_memory(e);
	(void)snprintf(r->name, sizeof(r->name), NAME_VAR "%s", name);
	(void)snprintf(r->status, sizeof(r->status), STATUS_VAR "%d",
	    status_fd);
	r->env[to++] = r->name;
	if (status_fd != -1)
		r->env[to++] = r->status;
	for (i = 0; i < n; i++)
		if (strncmp(c->env[i], NAME_VAR, strlen(NAME_VAR)) != 0 &&
		    strncmp(c->env[i], STATUS_VAR, strlen(STATUS_VAR)) != 0)
			r->env[to++] = c->env[i];
	return 0;
}

typedef int spawn_fn(atomic_int *pid, char *const argv[], char *const env[],
    const int fds[3], int pass, struct bk_err *e);

static int
start(spawn_fn *spawn, const struct bk_wal_command *c, const char *name,
    const int fds[3], int status_fd, atomic_int *pid, struct bk_err *e)
{
	struct environment r = { .env = NULL };
	struct bk_err why = {0};
	int rc = make_env(&r, c, name, status_fd, &why), none = 0, status;
	atomic_int child = 0;

	if (rc == 0)
		rc = spawn(&child, argv_of(c), r.env, fds, status_fd, &why);
	free(r.env);
	if (rc == -1)
		return bk_fail(e, BK_FAIL, "%s: %s", name, why.msg);
	if (atomic_compare_exchange_strong(pid, &none, child))
		return 0;
	/* stopped before there was anything to send a signal to */
	bk_child_kill(&child);
	(void)bk_child_reap(&child, &status);
	return bk_fail(e, BK_FAIL, "%s: stopped", name);
}

/* Fail with how it ended; said is what it wrote on standard error, or "". */
static int
ended(const char *name, int status, const char *said, struct bk_err *e)
{
	if (*said != '\0')
		return bk_fail(e, BK_FAIL, "%s: %s", name, said);
	if (WIFSIGNALED(status))
		return bk_fail(e, BK_FAIL, "%s: the command was killed by "
		    "signal %d", name, WTERMSIG(status));
	return bk_fail(e, BK_FAIL, "%s: the command ended with exit status %d",
	    name, WEXITSTATUS(status));
}

/* --- to a command */

/*
 * The feeder writes the end, with the closing mark, if the command has not
 * ended by then; else it never does.
 */
enum { FEEDING, FINISHING, STOPPED };

struct feeder {
	const char *name;
	int from, to;
	uint64_t size, at;
	const struct bk_label *label;
	atomic_int state;
	int rc;
	struct bk_err e;
};

/* 1 if the state was FEEDING and is next now. */
static int
enter(struct feeder *f, int next)
{
	int was = FEEDING;

	return atomic_compare_exchange_strong(&f->state, &was, next);
}

static int
copy(struct feeder *f, struct bk_writer *out)
{
	char buf[BLOCK];
	size_t want;
	ssize_t n;

	for (; f->at < f->size; f->at += (uint64_t)n) {
		if (f->state == STOPPED)
			return -1;
		want = f->size - f->at < BLOCK ?
		    (size_t)(f->size - f->at) : BLOCK;
		n = bk_io_pread(f->from, buf, want, (off_t)f->at, f->name,
		    &f->e);
		if (n == -1)
			return -1;
		if (n == 0)
			return bk_fail(&f->e, BK_FAIL, "%s: has become shorter "
			    "meanwhile", f->name);
		if (bk_writer_write(out, buf, (size_t)n, &f->e) == -1)
			return -1;
	}
	return 0;
}

/* Write the envelope; without its end if the file cannot be read. */
static void *
feed(void *arg)
{
	struct feeder *f = arg;
	struct bk_writer *out = bk_writer_open(f->to, f->name, &f->e);

	f->rc = -1;
	if (out != NULL && bk_writer_envelope(out, f->label, &f->e) == 0 &&
	    copy(f, out) == 0 && enter(f, FINISHING))
		f->rc = bk_writer_finish(out, &f->e);
	bk_writer_free(out);
	if (f->rc == -1)
		close(f->to);
	return NULL;
}

static uint64_t
in_pipe(int fd)
{
	int n = 0;

	return ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

/*
 * The command has ended: end the feeder, close fd, the pipe's read end, and
 * return how many bytes were not read.  A process that the command has started
 * and left may still read: nothing is taken away from it, unless it is certain
 * that it never gets the closing mark, so that it stores no file with a hole.
 */
static uint64_t
end_feeder(struct feeder *f, pthread_t thread, int fd)
{
	char rest[16 * 1024];
	struct bk_err ignored = {0};
	uint64_t unread = 0;
	ssize_t n;

	if (enter(f, STOPPED)) {
		while ((n = bk_io_read(fd, rest, sizeof(rest), "",
		    &ignored)) > 0)
			unread += (uint64_t)n;
		(void)pthread_join(thread, NULL);
		unread += f->size - f->at;
		close(fd);
	} else if ((unread = in_pipe(fd)) > 0) {
		close(fd);	/* the feeder may be waiting for room */
		(void)pthread_join(thread, NULL);
	} else {
		(void)pthread_join(thread, NULL);
		unread = in_pipe(fd);
		close(fd);
	}
	return unread;
}

static int
judge_feed(const struct feeder *f, int status, uint64_t unread,
    struct bk_err *e)
{
	if (f->rc == -1 && f->e.code != BK_OK && !f->e.quiet) {
		*e = f->e;
		return -1;
	}
	if (status != 0)
		return ended(f->name, status, "", e);
	if (unread > 0 || f->rc == -1)
		return bk_fail(e, BK_FAIL, "%s: the command ended with exit "
		    "status 0, but has left %" PRIu64 " bytes of its input "
		    "unread; not counted as stored", f->name, unread);
	return 0;
}

/* A line of BK_STATUS_FD's: "=0/4008DD8 SUM", or "=". */
static void
take_held(struct bk_wal_held *held, const char *line)
{
	char lsn[BK_LSN_TEXT] = "", sum[BK_LABEL_SUM] = "";
	uint64_t end;

	if (sscanf(line, "=%17[0-9A-F/] %32[0-9a-f]", lsn, sum) != 2 ||
	    !bk_lsn_parse(lsn, &end) || strlen(sum) != sizeof(sum) - 1)
		end = 0;
	/* of two places, one may have what the other has not */
	if (held->other && strcmp(held->sum, sum) != 0)
		end = 0;
	held->other = 1;
	held->end = end;
	memcpy(held->sum, sum, sizeof(sum));
}

/* What is in the status pipe now that all have ended; closes it. */
static void
read_held(struct bk_wal_held *held, int fd)
{
	char text[REPORTS], *line, *save = NULL;
	ssize_t n;

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save))
		if (*line == '=')
			take_held(held, line);
}

/* Start COMMAND and the feeder, and wait for both. */
static int
run_feed(const struct bk_wal_command *c, struct feeder *f, int status_fd,
    atomic_int *pid, struct bk_err *e)
{
	struct bk_err lost = {0};
	pthread_t thread;
	int in[2], status = -1;
	uint64_t unread;

	if (bk_io_pipe(in, e) == -1)
		return -1;
	bk_io_pipe_grow(in[1]);
	f->to = in[1];
	if (start(bk_child_spawn_group, c, f->name, (int[3]){ in[0], -1, -1 },
	    status_fd, pid, e) == -1) {
		close(in[0]);
		close(in[1]);
		return -1;
	}
	if (bk_thread_start(&thread, feed, f, e) == -1) {
		close(in[1]);
		(void)bk_child_reap_group(pid, &status);
		close(in[0]);
		return -1;
	}
	if (bk_child_reap_group(pid, &status) == -1)
		bk_fail_errno(&lost, "%s: wait", f->name);
	unread = end_feeder(f, thread, in[0]);
	if (lost.code != BK_OK) {
		*e = lost;
		return -1;
	}
	return judge_feed(f, status, unread, e);
}

int
bk_wal_command_feed(const struct bk_wal_command *c, const char *name, int fd,
    uint64_t size, const struct bk_label *label, struct bk_wal_held *held,
    atomic_int *pid, struct bk_err *e)
{
	struct feeder f = { .name = name, .from = fd, .size = size,
	    .label = label };
	int status[2] = { -1, -1 }, rc;

	if (held != NULL && bk_io_pipe(status, e) == -1)
		return -1;
	rc = run_feed(c, &f, status[1], pid, e);
	if (held != NULL) {
		close(status[1]);
		read_held(held, status[0]);
	}
	return rc;
}

/* --- from a command */

/* One run: what it writes, says and reports, and where that goes. */
struct fetch {
	const char *name;
	bk_wal_take *take;
	void *ctx;
	int out[2], err[2], status[2];	/* pipes; -1: closed */
	uint64_t bytes;			/* taken */
	int written;			/* one byte at least */
	int refused;			/* by take */
	char said[MESSAGE];		/* the first line on its stderr */
	int ended;			/* its status, of waitpid(2) */
};

static void
close_one(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static void
close_pipes(struct fetch *f)
{
	int i;

	for (i = 0; i < 2; i++) {
		close_one(&f->out[i]);
		close_one(&f->err[i]);
		close_one(&f->status[i]);
	}
}

/* The thread that reads its standard error to the end and keeps the start. */
static void *
listen_to(void *arg)
{
	struct fetch *f = arg;
	struct bk_err ignored = {0};
	char more[1024];
	ssize_t n;

	n = bk_io_read(f->err[0], f->said, sizeof(f->said) - 1, f->name,
	    &ignored);
	f->said[n > 0 ? n : 0] = '\0';
	f->said[strcspn(f->said, "\n")] = '\0';
	while (n > 0 && (n = bk_io_read(f->err[0], more, sizeof(more), f->name,
	    &ignored)) > 0)
		continue;
	return NULL;
}

static int
take_all(struct fetch *f, struct bk_reader *in, struct bk_err *e)
{
	char buf[BLOCK];
	ssize_t n;

	while ((n = bk_reader_read(in, buf, sizeof(buf), e)) > 0) {
		f->bytes += (uint64_t)n;
		if (f->take(f->ctx, buf, (size_t)n, e) == -1) {
			f->refused = 1;
			return -1;
		}
	}
	return (int)n;
}

/* Read its output; 0 if it is complete, or empty. */
static int
read_output(struct fetch *f, struct bk_err *e)
{
	struct bk_reader *in = bk_reader_open(f->out[0], f->name, 0, e);
	size_t head = 0;
	int rc = -1;

	f->written = 1;
	if (in == NULL)
		return -1;
	(void)bk_reader_head(in, &head);
	f->written = head > 0 || bk_reader_sealed(in);
	rc = f->written ? take_all(f, in, e) : 0;
	bk_reader_free(in);
	return rc;
}

/*
 * What bk tools in it report (bk(7), BK_STATUS_FD): 1: one has found nothing,
 * and none anything, or trouble; -1: that cannot be said; 0: there are none.
 * All have ended, so that this need not wait for the descriptor to be closed.
 */
static int
reported_none(const struct fetch *f)
{
	char text[REPORTS], *line, *save = NULL;
	int none = 0, running = 0;
	ssize_t n;

	(void)fcntl(f->status[0], F_SETFL, O_NONBLOCK);
	if ((n = read(f->status[0], text, sizeof(text) - 1)) <= 0)
		return 0;
	text[n] = '\0';
	for (line = strtok_r(text, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		/* "+ bk-s3get 4711", "4 bk-s3get 4711 0 CAUSE" */
		if (strchr("+-4", line[0]) == NULL || line[1] != ' ')
			return -1;
		running += line[0] == '+' ? 1 : -1;
		none |= line[0] == '4';
	}
	return none && running == 0 ? 1 : -1;
}

/*
 * Absent: nothing was written, and that nothing is there was the command's own
 * exit status, or was reported by a part of it; and no part denies it.
 */
static int
is_absent(const struct fetch *f)
{
	int status = WIFEXITED(f->ended) ? WEXITSTATUS(f->ended) : -1;
	int reported;

	if (f->written)
		return 0;
	reported = reported_none(f);
	return status == BK_NONE ? reported != -1 : reported == 1 &&
	    (status == BK_OK || status == BK_DATA);
}

/* 1, 0 or -1, see bk_wal_command_fetch(); read_e is of its output. */
static int
judge_fetch(const struct fetch *f, const struct bk_err *read_e,
    struct bk_err *e)
{
	if (f->refused) {
		*e = *read_e;
		return -1;
	}
	if (is_absent(f))
		return 0;
	if (f->ended != 0)
		return ended(f->name, f->ended, f->said, e);
	if (read_e->code != BK_OK) {
		*e = *read_e;
		return -1;
	}
	return f->written ? 1 : bk_fail(e, BK_FAIL, "%s: the command wrote "
	    "nothing and exited 0; it must exit 4 if the file is not in the "
	    "archive", f->name);
}

static int
open_pipes(struct fetch *f, struct bk_err *e)
{
	if (bk_io_pipe(f->out, e) == -1 || bk_io_pipe(f->err, e) == -1 ||
	    bk_io_pipe(f->status, e) == -1)
		return -1;
	return 0;
}

int
bk_wal_command_fetch(const struct bk_wal_command *c, const char *name,
    bk_wal_take *take, void *ctx, atomic_int *pid, struct bk_err *e)
{
	struct fetch f = { .name = name, .take = take, .ctx = ctx,
	    .out = { -1, -1 }, .err = { -1, -1 }, .status = { -1, -1 } };
	struct bk_err read_e = {0}, lost = {0};
	pthread_t thread;
	int rc = -1, listening;

	if (open_pipes(&f, e) == -1 || start(bk_child_spawn, c, name,
	    (int[3]){ -1, f.out[1], f.err[1] }, f.status[1], pid, e) == -1) {
		close_pipes(&f);
		return -1;
	}
	close_one(&f.out[1]);
	close_one(&f.err[1]);
	close_one(&f.status[1]);
	listening = bk_thread_start(&thread, listen_to, &f, &lost) == 0;
	if (!listening || (read_output(&f, &read_e) == -1 && f.refused))
		bk_child_kill(pid);
	close_one(&f.out[0]);	/* so that it does not wait to write more */
	if (!listening)
		close_one(&f.err[0]);
	if (bk_child_reap(pid, &f.ended) == -1)
		bk_fail_errno(&lost, "%s: wait", name);
	if (listening)
		(void)pthread_join(thread, NULL);
	if (lost.code == BK_OK)
		rc = judge_fetch(&f, &read_e, e);
	else
		*e = lost;
	close_pipes(&f);
	return rc;
}

/* --- several at once */

void
bk_wal_runs_init(struct bk_wal_runs *all)
{
	*all = (struct bk_wal_runs){ .first = NULL };
	pthread_mutex_init(&all->lock, NULL);
}

void
bk_wal_runs_destroy(struct bk_wal_runs *all)
{
	pthread_mutex_destroy(&all->lock);
}

int
bk_wal_run_begin(struct bk_wal_runs *all, struct bk_wal_run *r,
    struct bk_err *e)
{
	int stopping;

	r->pid = 0;
	pthread_mutex_lock(&all->lock);
	stopping = all->stopping;
	if (!stopping) {
		r->next = all->first;
		all->first = r;
	}
	pthread_mutex_unlock(&all->lock);
	return stopping ? bk_fail(e, BK_FAIL, "stopped") : 0;
}

void
bk_wal_run_end(struct bk_wal_runs *all, struct bk_wal_run *r)
{
	struct bk_wal_run **p;

	pthread_mutex_lock(&all->lock);
	for (p = &all->first; *p != r; p = &(*p)->next)
		continue;
	*p = r->next;
	pthread_mutex_unlock(&all->lock);
}

void
bk_wal_runs_stop(struct bk_wal_runs *all)
{
	struct bk_wal_run *r;
	int none;

	pthread_mutex_lock(&all->lock);
	all->stopping = 1;
	for (r = all->first; r != NULL; r = r->next) {
		none = 0;
		if (!atomic_compare_exchange_strong(&r->pid, &none,
		    BK_WAL_STOPPED)) {
			bk_child_kill(&r->pid);
			bk_child_kill_group(&r->pid, SIGTERM);
		}
	}
	pthread_mutex_unlock(&all->lock);
}
