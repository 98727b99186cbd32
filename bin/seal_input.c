#include "seal_input.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/io.h"
#include "base/thread.h"
#include "stream/heads.h"
#include "stream/reader.h"

#define NAME "standard input"
#define SILENCE 1000		/* milliseconds */

/*
 * Nothing has come yet; something, but the label is not known; it is, and the
 * command is being fed; all is over.
 */
enum { SILENT, ARRIVING, FEEDING, OVER };

static struct {
	enum { INHERITED, EMPTY, FED } kind;
	int pipe[2];		/* to the command, if FED; -1: closed */
	pthread_t feeder;
	atomic_int state;
	struct bk_reader *in;	/* once FEEDING; NULL: it was refused */
	uint64_t fed;		/* bytes */
	int rc;			/* of the feeder, and its failure */
	struct bk_err e;
} input = { .pipe = { -1, -1 } };

/* Set *marked: does the file on standard input, from here on, have marks? */
static int
is_marked(int *marked, struct bk_err *e)
{
	char head[BK_SEAL_HEAD];
	struct bk_seal seal;
	off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	ssize_t n;
	ptrdiff_t len;

	if (at == -1)
		return bk_fail_errno(e, NAME ": seek");
	if ((n = bk_io_pread(STDIN_FILENO, head, sizeof(head), at, NAME,
	    e)) == -1)
		return -1;
	*marked = bk_heads_mark(&seal, head, (size_t)n, &len) != -1;
	return 0;
}

/* Has the pipe on standard input ended without a byte? */
static int
ends_empty(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = 0;

	if (poll(&p, 1, SILENCE) != 1)
		return 0;
	if (ioctl(STDIN_FILENO, FIONREAD, &n) == -1 || n > 0)
		atomic_store(&input.state, ARRIVING);
	return atomic_load(&input.state) == SILENT;
}

int
seal_input_open(int *fd, struct bk_err *e)
{
	struct stat st;
	int marked = 0;

	*fd = -1;
	if (fstat(STDIN_FILENO, &st) == -1)
		return bk_fail_errno(e, NAME);
	if (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode))
		input.kind = ends_empty() ? EMPTY : FED;
	else if (S_ISREG(st.st_mode) && is_marked(&marked, e) == -1)
		return -1;
	else if (marked)
		input.kind = FED;
	if (input.kind == EMPTY) {
		/* any descriptor that cannot be read */
		*fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		return *fd == -1 ? bk_fail_errno(e, "/dev/null") : 0;
	}
	if (input.kind == FED) {
		if (bk_io_pipe(input.pipe, e) == -1)
			return -1;
		*fd = input.pipe[0];
	}
	return 0;
}

static int
feed(struct bk_err *e)
{
	static char buf[BK_IO_BUFSZ];
	ssize_t n;

	while ((n = bk_reader_read(input.in, buf, sizeof(buf), e)) > 0) {
		if (bk_io_write(input.pipe[1], buf, (size_t)n, NAME, e) == -1)
			return -1;
		input.fed += (uint64_t)n;
	}
	return (int)n;
}

/* The thread that feeds the command. */
static void *
run(void *arg)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	(void)arg;
	while (poll(&p, 1, -1) == -1)
		continue;
	atomic_store(&input.state, ARRIVING);
	input.in = bk_reader_open(STDIN_FILENO, NAME, BK_READER_NONEMPTY,
	    &input.e);
	atomic_store(&input.state, FEEDING);
	input.rc = input.in == NULL ? -1 : feed(&input.e);
	atomic_store(&input.state, OVER);
	close(input.pipe[1]);	/* the command may go on, and exit */
	return NULL;
}

int
seal_input_feed(struct bk_err *e)
{
	if (input.kind != FED || bk_thread_start(&input.feeder, run, NULL,
	    e) == 0)
		return 0;
	close(input.pipe[1]);	/* nobody else ends the command's input */
	return -1;
}

const struct bk_label *
seal_input_label(void)
{
	return input.kind == FED && atomic_load(&input.state) >= FEEDING &&
	    input.in != NULL && bk_reader_sealed(input.in) ?
	    bk_reader_label(input.in) : NULL;
}

/*
 * The command has exited: end the feeder.  What has marks is read to its end,
 * for the verdict; the rest of a pipe without is left to its next reader.
 * Returns the bytes that the command did not read.
 */
static uint64_t
let_go(int sealed)
{
	static char rest[64 * 1024];
	struct bk_err ignored = {0};
	uint64_t unread = 0;
	ssize_t n;

	if (!sealed && input.in != NULL)
		bk_reader_stop(input.in);
	while ((n = bk_io_read(input.pipe[0], rest, sizeof(rest), NAME,
	    &ignored)) > 0)
		unread += (uint64_t)n;
	(void)pthread_join(input.feeder, NULL);
	return unread;
}

static int
not_read(const char *name, struct bk_err *e)
{
	return bk_fail(e, BK_DATA, NAME ": %s did not read its input; not "
	    "sealed; if the input is not for %s, run it with < /dev/null", name,
	    name);
}

int
seal_input_end(const char *name, struct bk_err *e)
{
	int state = atomic_load(&input.state), sealed, over;
	uint64_t unread;

	if (input.kind != FED || state == SILENT)
		return 0;
	if (state == ARRIVING)
		return not_read(name, e);
	sealed = input.in != NULL && bk_reader_sealed(input.in);
	/* else the feeder will fail because we end it */
	over = sealed || state == OVER;
	unread = let_go(sealed);
	if (over && input.rc == -1 && input.e.code == BK_DATA &&
	    input.in != NULL && bk_reader_bytes(input.in) == 0)
		return bk_fail(e, BK_DATA, NAME ": empty; not sealed; see the "
		    "messages of the command before it, or, if %s reads none, "
		    "give it < /dev/null", name);
	if (over && input.rc == -1) {
		*e = input.e;
		return -1;
	}
	return unread == input.fed ? not_read(name, e) : 0;
}

int
seal_input_is_empty(void)
{
	return input.kind == EMPTY;
}
