/*
 * LD_PRELOAD: a program whose clock runs TIMES (in its environment) as fast,
 * so that half a minute's patience is tried in a second; with 0 it stands
 * still, so that nothing happens because time has passed.  The time of day, by
 * which requests are signed, stays.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long
times(void)
{
	const char *s = getenv("TIMES");

	return s != NULL ? atol(s) : 1;
}

int
clock_gettime(clockid_t id, struct timespec *now)
{
	int rc = (int)syscall(SYS_clock_gettime, id, now);
	__int128 ns;

	if (rc == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW)) {
		ns = (now->tv_sec * (__int128)1000000000 + now->tv_nsec) *
		    times();
		now->tv_sec = (time_t)(ns / 1000000000);
		now->tv_nsec = (long)(ns % 1000000000);
	}
	return rc;
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec t, *limit = NULL;
	long long ns;

	if (timeout >= 0) {
		ns = timeout * 1000000LL / (times() > 0 ? times() : 1);
		t = (struct timespec){ ns / 1000000000, ns % 1000000000 };
		limit = &t;
	}
	return ppoll(fds, n, limit, NULL);
}
