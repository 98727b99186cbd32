#include "pg/timeout.h"

#include <poll.h>

#include "base/utctime.h"

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

int
bk_patience_wait(PGconn *conn)
{
	struct pollfd p[2] = {
		{ .events = POLLIN },
		{ .fd = limit.seconds > 0 ? limit.stop : -1, .events = POLLIN },
	};
	double since = bk_monotonic();

	limit.state = BK_PATIENCE_LEFT;
	/* what libpq had no memory for it takes when asked again */
	while (limit.state == BK_PATIENCE_LEFT && PQisBusy(conn)) {
		p[0].fd = PQsocket(conn);
		if (poll(p, 2, 1000) <= 0) {
			if (limit.seconds > 0 &&
			    bk_monotonic() - since >= limit.seconds)
				limit.state = BK_PATIENCE_OVER;
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
