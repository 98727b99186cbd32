#include "pg/client_feed.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "base/thread.h"

struct bk_client_feed {
	struct bk_child child;
	int fd;			/* its standard input; -1: closed */
	pthread_t drainer;
	int draining;
	struct bk_err e;	/* the drainer's */
};

/* Discard the program's output, so that it never blocks on us. */
static void *
drain_output(void *arg)
{
	struct bk_client_feed *f = arg;
	char buf[4096];
	ssize_t n;

	while ((n = bk_child_read(&f->child, buf, sizeof(buf), &f->e)) > 0)
		continue;
	if (n == -1) {		/* or it would, and we on it */
		close(f->child.out);
		f->child.out = -1;
	}
	return NULL;
}

struct bk_client_feed *
bk_client_feed_open(char *const argv[], char *const env[],
    atomic_int *watch, struct bk_err *e)
{
	struct bk_client_feed *f = calloc(1, sizeof(*f));
	int p[2], rc;

	if (f == NULL) {
		bk_fail_memory(e);
		return NULL;
	}
	*f = (struct bk_client_feed){ .child = BK_CHILD_NONE, .fd = -1 };
	f->child.watch = watch;
	if (bk_io_pipe(p, e) == -1) {
		free(f);
		return NULL;
	}
	bk_io_pipe_grow(p[1]);
	f->fd = p[1];
	f->child.in = p[0];
	rc = bk_child_start(&f->child, argv, env, e);
	close(p[0]);
	if (rc == 0 && bk_thread_start(&f->drainer, drain_output, f, e) == 0) {
		f->draining = 1;
		return f;
	}
	bk_client_feed_free(f);
	return NULL;
}

int
bk_client_feed_write(struct bk_client_feed *f, const void *p, size_t n,
    struct bk_err *e)
{
	const char *at = p;
	ssize_t w;

	while (n > 0 && f->fd != -1) {
		if ((w = write(f->fd, at, n)) >= 0) {
			at += w;
			n -= (size_t)w;
		} else if (errno == EPIPE) {
			return bk_client_feed_finish(f, e);	/* its error */
		} else if (errno != EINTR) {
			return bk_fail_errno(e, "%s: write", f->child.name);
		}
	}
	return 0;
}

static void
close_input(struct bk_client_feed *f)
{
	if (f->fd != -1)
		close(f->fd);
	f->fd = -1;
	if (f->draining)
		pthread_join(f->drainer, NULL);
	f->draining = 0;
}

int
bk_client_feed_finish(struct bk_client_feed *f, struct bk_err *e)
{
	close_input(f);
	if (f->e.code != BK_OK) {
		*e = f->e;
		return -1;
	}
	return f->child.pid > 0 ? bk_child_wait(&f->child, e) : 0;
}

void
bk_client_feed_free(struct bk_client_feed *f)
{
	if (f == NULL)
		return;
	/* before closing its input, which it might take for the end */
	if (f->child.pid > 0)
		(void)kill(f->child.pid, SIGTERM);
	close_input(f);
	bk_child_free(&f->child);
	free(f);
}
