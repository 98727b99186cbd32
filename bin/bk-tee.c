/* bk-tee: read once, feed several commands, see bk-tee(1) */
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/io.h"
#include "job/plain.h"
#include "stream/reader.h"
#include "stream/tee.h"
#include "tool/rehearsal.h"
#include "tool/signals.h"
#include "tool/tool.h"

enum { SEALED = TOOL_OPT_TOOL };

static const struct tool_opt options[] = {
	{ 'q', "quorum", "N", NULL, "succeed if N sinks succeed (all)" },
	{ 'v', "verbose", NULL, NULL,
	    "report how each sink ended, not only failures" },
	{ SEALED, "sealed", NULL, NULL, "refuse input that is not sealed" },
	TOOL_OPTIONS
};

static const struct tool tool = {
	.name = "bk-tee",
	.example =
"bk-dump shop | bk-tee 'bk-save /b/{utc}.bk' 'bk-s3put s3://b/{utc}.bk'",
	.about =
"Runs each SINK with sh -c on a copy of standard input.  A slow sink may lag by "
"4 MiB, then the others wait; a failed one does not stop the others.  "
"If the input is unfinished, no sink gets its closing mark.",
	.options = options,
	.operands = "SINK ...",
	.exits =
"0 N sinks succeeded, 1 fewer did, 2 usage error, 3 input unfinished",
	.rehearses = 1,
};

struct options {
	char **sinks;
	unsigned n, quorum;	/* 0: all */
	unsigned in_flags;
	int verbosity;
	int good[BK_TEE_MAX];	/* they have succeeded */
};

static struct bk_tee *tee;	/* for stop_sinks() */

/* Pass a signal on to the sinks. */
static void
stop_sinks(void)
{
	if (tee != NULL)
		bk_tee_stop(tee);
}

static void
parse_options(struct options *o, int argc, char *argv[])
{
	uint64_t n = 0;
	int ch;

	while ((ch = tool_getopt(argc, argv)) != -1) {
		switch (ch) {
		case 'q':
			n = tool_number(optarg, 1, BK_TEE_MAX, "-q");
			break;
		case 'v': o->verbosity = 1; break;
		case SEALED: o->in_flags |= BK_READER_SEALED; break;
		}
	}
	o->sinks = argv + optind;
	o->n = (unsigned)(argc - optind);
	o->quorum = n == 0 ? o->n : (unsigned)n;
	if (o->n == 0)
		tool_usage("no SINK given");
	if (o->n > BK_TEE_MAX)
		tool_usage("more than %d sinks", BK_TEE_MAX);
	if (o->quorum > o->n)
		tool_usage("-q %u: there %s", o->quorum, o->n == 1 ?
		    "is 1 sink" : "are fewer sinks");
	for (; optind < argc; optind++)
		if (argv[optind][strspn(argv[optind], " \t\n")] == '\0')
			tool_usage("SINK is empty");
}

/* Print how a sink ended, if requested; 1 if it succeeded. */
static int
report(const struct bk_tee_result *r, int print_failure, int print_success)
{
	int good = r->status == 0 && !r->cut;

	if (good ? !print_success : !print_failure)
		return good;
	if (WIFSIGNALED(r->status))
		tool_say("%s: killed by signal %d", r->command,
		    WTERMSIG(r->status));
	else if (r->status != 0)
		tool_say("%s: exit status %d", r->command,
		    WEXITSTATUS(r->status));
	else if (r->cut)
		tool_say("%s: exited with 0, but did not read all its input",
		    r->command);
	else
		tool_say("%s: done", r->command);
	return good;
}

/* bk(7): of which sink the next to be started is a part. */
static int
name_sink(unsigned i, struct bk_err *e)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%ld %u", (long)getpid(), i);
	return setenv("BK_STATUS_TEE", name, 1) == 0 ? 0 : bk_fail_memory(e);
}

static int
run_sinks(struct options *o, struct bk_reader *in, struct bk_err *e)
{
	struct bk_tee_result r;
	unsigned i, good = 0;
	int rc;

	signals_hold();
	tee = bk_tee_new(e);
	rc = tee == NULL ? -1 : 0;
	for (i = 0; rc == 0 && i < o->n; i++)
		if ((rc = name_sink(i, e)) == 0)
			rc = bk_tee_start(tee, o->sinks[i], e);
	signals_release();
	if (rc == -1)
		return -1;
	rc = bk_tee_copy(tee, in, e);
	signals_check();	/* do not report sinks stopped by us */
	tool_audit()->size_bytes = bk_reader_bytes(in);
	for (i = 0; i < o->n; i++) {
		r = bk_tee_result(tee, i);
		/* a sink that refused unfinished input is not reported */
		o->good[i] = report(&r, rc == 0 || o->verbosity > 0,
		    o->verbosity > 0);
		good += (unsigned)o->good[i];
	}
	for (i = 0; rc == 0 && good >= o->quorum && i < o->n; i++)
		if (!o->good[i])
			tool_spared(i);
	if (rc == 0 && good < o->quorum) {
		e->quiet = 1;		/* each was reported */
		rc = bk_fail(e, BK_FAIL, "%u of %u sinks succeeded, %u were "
		    "wanted", good, o->n, o->quorum);
	}
	return rc;
}

/* --- a rehearsal */

extern char **environ;

/* A pipe with n bytes in it, fewer than it holds. */
static int
pipe_with(const void *data, size_t n, struct bk_err *e)
{
	int p[2];

	if (bk_io_pipe(p, e) == -1)
		return -1;
	if (bk_io_write(p[1], data, n, "a sink", e) == -1) {
		close(p[0]);
		p[0] = -1;
	}
	close(p[1]);
	return p[0];
}

static int
any_tool(void *arg, const char *name, struct bk_err *e)
{
	(void)arg, (void)name, (void)e;
	return 0;
}

/* Rehearse one sink, with what there is of the input. */
static int
rehearse_sink(char *sink, const void *data, size_t n, struct bk_err *e)
{
	char shell[] = "/bin/sh", option[] = "-c",
	    *argv[] = { shell, option, sink, NULL };
	struct bk_err why = {0};
	atomic_int pid = 0;
	int in, status = 0, rc;

	if (bk_job_plain(sink, any_tool, NULL, &why) == -1) {
		rehearsal_say(BK_READY_UNKNOWN, "sink %s: not rehearsed: it "
		    "has %s", sink, why.msg);
		return 0;
	}
	if ((in = pipe_with(data, n, e)) == -1)
		return -1;
	rc = bk_child_spawn(&pid, argv, environ, (int[3]){ in, -1, -1 },
	    rehearsal_fd(), e);
	close(in);
	if (rc == 0 && bk_child_reap(&pid, &status) == -1)
		rc = bk_fail_errno(e, "%s: wait", sink);
	return rc;
}

/* Each sink says what would keep it from its work. */
static int
rehearse(const struct options *o, struct bk_err *e)
{
	static char head[BK_SEAL_HEAD];
	ssize_t n = bk_io_read(STDIN_FILENO, head, sizeof(head),
	    "standard input", e);
	unsigned i;
	int rc = n == -1 ? -1 : 0;

	rehearsal_pass();		/* to its end */
	for (i = 0; rc == 0 && i < o->n; i++)
		rc = rehearse_sink(o->sinks[i], head, (size_t)n, e);
	return rc;
}

/* All sinks in one line, for the audit log, or those that have succeeded. */
static int
list_sinks(const struct options *o, int all, struct bk_buf *out,
    struct bk_err *e)
{
	unsigned i;
	int rc = 0;

	out->len = 0;
	for (i = 0; rc == 0 && i < o->n; i++)
		if (all || o->good[i])
			rc = bk_buf_printf(out, e, "%s%s",
			    out->len > 0 ? ", " : "", o->sinks[i]);
	return rc;
}

int
main(int argc, char *argv[])
{
	struct options o = { .in_flags = BK_READER_NONEMPTY };
	struct bk_buf sinks = {0};
	struct bk_err e = {0};
	struct bk_reader *in = NULL;
	size_t n = 0;
	char byte;
	int rc = -1;

	tool_start(&tool);
	parse_options(&o, argc, argv);
	if (list_sinks(&o, 1, &sinks, &e) == -1)
		tool_no_memory();
	tool_run("store", "standard input", sinks.data);
	if (rehearsing()) {
		rc = tool_end(rehearse(&o, &e), &e);
		bk_buf_free(&sinks);
		return rc;
	}

	signals_catch(stop_sinks);
	in = bk_reader_open(STDIN_FILENO, "standard input", o.in_flags, &e);
	if (in == NULL)
		goto done;
	tool_run_id(bk_reader_label(in)->run);
	/* no sink is run for an empty input */
	(void)bk_reader_head(in, &n);
	if (n == 0)
		rc = (int)bk_reader_read(in, &byte, 1, &e);
	else
		rc = run_sinks(&o, in, &e);
	if (rc == 0 && (rc = list_sinks(&o, 0, &sinks, &e)) == 0)
		tool_audit()->destination = sinks.data;
 done:
	bk_reader_free(in);
	signals_catch(NULL);	/* the sinks have ended */
	bk_tee_free(tee);
	rc = tool_end(rc, &e);
	bk_buf_free(&sinks);
	return rc;
}
