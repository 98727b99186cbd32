#include "pg/patience.h"

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

int
bk_patience_is_set(void)
{
	return limit.seconds > 0;
}

enum bk_patience
bk_patience(void)
{
	return limit.state;
}

/* What comes first: an answer's next bytes, stop, or the end. */
static enum bk_patience
wait_for_bytes(int fd, double end)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = limit.stop, .events = POLLIN },
	};
	double left;

	for (;;) {
		left = end - bk_monotonic();
		if (left <= 0)
			return BK_PATIENCE_OVER;
		if (poll(p, 2, left < 1 ? (int)(left * 1000) + 1 : 1000) <= 0)
			continue;
		return p[0].revents != 0 ? BK_PATIENCE_LEFT :
		    BK_PATIENCE_STOPPED;
	}
}

int
bk_patience_wait(PGconn *conn)
{
	limit.state = BK_PATIENCE_LEFT;
	if (!bk_patience_is_set())
		return 0;
	while (PQisBusy(conn)) {
		limit.state = wait_for_bytes(PQsocket(conn), bk_monotonic() +
		    limit.seconds);
		if (limit.state != BK_PATIENCE_LEFT)
			return -1;
		if (PQconsumeInput(conn) == 0)
			break;
	}
	return 0;
}
