#include "pg/patience.h"

#include <sys/socket.h>

#include <poll.h>
#include <stdlib.h>

#include "base/utctime.h"

/* A description of 1600 columns, or an error with a statement in it. */
#define ANSWER_MAX ((size_t)128 * 1024)

static _Thread_local struct {
	int stop;
	unsigned seconds;
	enum bk_patience state;
} limit;

void
bk_patience_set(int stop, unsigned seconds)
{
	limit.stop = stop;
	limit.seconds = seconds;
	limit.state = BK_PATIENCE_LEFT;
}

enum bk_patience
bk_patience(void)
{
	return limit.state;
}

/*
 * Could libpq have stored an answer?  If not, it says no more than that it is
 * busy, and waits for the rest of what it has: it must be asked again.
 */
static int
has_memory(void)
{
	void *volatile p = malloc(ANSWER_MAX);

	free(p);
	return p != NULL;
}

/* Why there is nothing to read from fd yet. */
static enum bk_patience
judge_silence(int fd, double since)
{
	if (!has_memory()) {
		/* then PQgetResult() has an error, and not no more results */
		(void)shutdown(fd, SHUT_RDWR);
		return BK_PATIENCE_NO_MEMORY;
	}
	return limit.seconds > 0 && bk_monotonic() - since >= limit.seconds ?
	    BK_PATIENCE_OVER : BK_PATIENCE_LEFT;
}

int
bk_patience_wait(PGconn *conn)
{
	struct pollfd p[2] = {
		{ .events = POLLIN },
		{ .fd = limit.seconds > 0 ? limit.stop : -1, .events = POLLIN },
	};
	double since = bk_monotonic();

	limit.state = BK_PATIENCE_LEFT;
	while (limit.state == BK_PATIENCE_LEFT && PQisBusy(conn)) {
		p[0].fd = PQsocket(conn);
		if (poll(p, 2, 1000) <= 0) {
			limit.state = judge_silence(p[0].fd, since);
		} else if (p[0].revents != 0) {
			if (PQconsumeInput(conn) == 0)
				break;
			since = bk_monotonic();
		} else {
			limit.state = BK_PATIENCE_STOPPED;
		}
	}
	return limit.state == BK_PATIENCE_OVER ||
	    limit.state == BK_PATIENCE_STOPPED ? -1 : 0;
}
