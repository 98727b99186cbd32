/* A program that is fed: to its end, and one that leaves before. */
#include "pg/client_feed.h"

#include <signal.h>
#include <stdlib.h>

#include "starve.h"
#include "tap.h"

static char text[3000000];	/* more than a pipe takes */

/* arg: what sh(1) runs. */
static int
feed_job(void *arg, struct bk_err *e)
{
	char *argv[] = { "/bin/sh", "-c", arg, NULL };
	char *env[] = { NULL };
	struct bk_client_feed *f = bk_client_feed_open(argv, env, NULL, e);
	int rc = -1;

	if (f != NULL && bk_client_feed_write(f, text, sizeof(text), e) == 0)
		rc = bk_client_feed_finish(f, e);
	bk_client_feed_free(f);
	return rc;
}

int
main(void)
{
	struct bk_err e = {0};

	(void)signal(SIGPIPE, SIG_IGN);
	is_int(feed_job("cat; exit 4", &e), -1, "it fails at the end");
	is_str(e.msg, "sh: exit status 4", "which is said");
	e = (struct bk_err){0};
	is_int(feed_job("echo 'x: error: gone' >&2; exit 4", &e), -1,
	    "it leaves before the end");
	is_str(e.msg, "sh: gone", "the cause is its own, not EPIPE");
	starve_places("a program that is fed", feed_job, "cat");
	return tap_done();
}
