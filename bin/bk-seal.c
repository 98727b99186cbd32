/* bk-seal: run a command and seal its output, see bk-seal(1) */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "base/child.h"
#include "base/debug.h"
#include "base/io.h"
#include "seal_input.h"
#include "stream/seal.h"
#include "stream/writer.h"
#include "tool/rehearsal.h"
#include "tool/signals.h"
#include "tool/tool.h"

#define FIRST (64 * 1024)	/* bytes of output */

static const struct tool_opt options[] = {
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-seal",
	.example =
"bk-seal pg_dumpall | bk-gz | bk-crypt | bk-s3put s3://b/all-{utc}",
	.about =
"Runs COMMAND and copies its standard output into an envelope whose closing "
"mark is written only if COMMAND exits 0 and writes something.  Every bk tool "
"refuses the stream without that mark, and strips the envelope.\n"
"COMMAND reads standard input.  If that has marks, or is a pipe, it must be "
"complete too, and its label is handed on.",
	.options = options,
	.operands = "COMMAND [ARGUMENT ...]",
	.order = "+",		/* what follows COMMAND is the COMMAND's */
	.exits = "0 sealed, 1 COMMAND failed or could not run, 2 usage error, "
"3 standard input refused",
	.rehearses = 1,
};

static atomic_int child;

/* Pass a signal on to the command. */
static void
stop_child(void)
{
	bk_child_kill(&child);
}

/* In the child: the command's input is in (-1: ours), its output fd. */
_Noreturn static void
run_command(char *argv[], int in, int fd, int report)
{
	sigset_t none;
	int err;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if ((in == -1 || dup2(in, STDIN_FILENO) != -1) &&
	    dup2(fd, STDOUT_FILENO) != -1)
		(void)execvp(argv[0], argv);
	err = errno;
	_exit(write(report, &err, sizeof(err)) == sizeof(err) ? 127 : 126);
}

/*
 * Start argv with in as its input; *fd reads its output.  A second pipe, which
 * exec closes, reports why it could not be run.
 */
static int
start(char *argv[], int in, int *fd, struct bk_err *e)
{
	int data[2], report[2], err;
	pid_t pid;
	ssize_t n;

	if (bk_io_pipe(data, e) == -1 || bk_io_pipe(report, e) == -1)
		return -1;
	bk_io_pipe_grow(data[1]);
	signals_hold();
	if ((pid = fork()) == 0)
		run_command(argv, in, data[1], report[1]);
	child = pid;
	signals_release();
	if (pid == -1)
		return bk_fail_errno(e, "fork");
	bk_debug_started(pid, argv);
	close(data[1]);
	close(report[1]);
	*fd = data[0];
	n = bk_io_read(report[0], &err, sizeof(err), argv[0], e);
	close(report[0]);
	if (n == 0)
		return 0;
	if (n == sizeof(err)) {
		errno = err;
		(void)bk_fail_errno(e, "%s: cannot run", argv[0]);
	}
	return -1;
}

/* The label of what the command reads, or else its own. */
static void
take_label(struct bk_label *label)
{
	const struct bk_label *in = seal_input_label();

	if (in != NULL) {
		*label = *in;
		tool_run_id(label->run);
	}
}

static int
copy(int fd, const char *name, struct bk_label *label, struct bk_writer *out,
    struct bk_err *e)
{
	static uint8_t buf[BK_IO_BUFSZ];
	/*
	 * This much is held back anyway; a command that reads its input before
	 * it writes has done so by then.
	 */
	ssize_t n = bk_io_read(fd, buf, FIRST, name, e);

	if (n == -1)
		return -1;
	take_label(label);
	if (bk_writer_envelope(out, label, e) == -1 ||
	    bk_writer_write(out, buf, (size_t)n, e) == -1)
		return -1;
	/* read(2) itself, to pass on a slow command's output at once */
	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return bk_fail_errno(e, "%s: read", name);
		if (bk_writer_write(out, buf, (size_t)n, e) == -1)
			return -1;
	}
	return 0;
}

/* The command's exit status. */
static int
reap(const char *name, struct bk_err *e)
{
	const char *empty = seal_input_is_empty() ? ", and its standard input "
	    "is empty" : "";
	int status;

	if (bk_child_reap(&child, &status) == -1)
		return bk_fail_errno(e, "%s: wait", name);
	if (WIFSIGNALED(status))
		return bk_fail(e, BK_FAIL, "%s: killed by signal %d; not "
		    "sealed", name, WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return bk_fail(e, BK_FAIL, "%s: exit status %d%s; not sealed",
		    name, WEXITSTATUS(status), empty);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct bk_err e = {0};
	struct bk_label label = { .at = time(NULL) };
	struct bk_writer *out = NULL;
	int in = -1, fd = -1, rc = -1;

	tool_start(&tool);
	(void)tool_getopt(argc, argv);
	if (optind == argc)
		tool_usage("no COMMAND given");
	argv += optind;
	tool_run("seal", argv[0], NULL);
	if (rehearsing()) {
		rehearsal_program(argv[0]);
		return tool_end(0, &e);
	}

	signals_catch(stop_child);
	if (bk_label_run(label.run, &e) == -1)
		goto done;
	tool_run_id(label.run);
	out = bk_writer_open(STDOUT_FILENO, "standard output", &e);
	if (out == NULL || seal_input_open(&in, &e) == -1 ||
	    start(argv, in, &fd, &e) == -1)
		goto done;
	if (seal_input_feed(&e) == 0)
		rc = copy(fd, argv[0], &label, out, &e);
	close(fd); /* if we failed, the command sees a closed pipe */
	if (reap(argv[0], &e) == -1)
		rc = -1;
	tool_audit()->size_bytes = bk_writer_bytes(out);
	if (rc == 0)
		rc = seal_input_end(argv[0], &e);
	if (rc == 0 && bk_writer_bytes(out) == 0)
		rc = bk_fail(&e, BK_FAIL, "%s: wrote nothing; not sealed",
		    argv[0]);
	signals_check();	/* a command stopped by us may still exit 0 */
	if (rc == 0)
		rc = bk_writer_finish(out, &e);
 done:
	bk_writer_free(out);
	return tool_end(rc, &e);
}
